/** AdamW over sharded flat parameters: settings, schedules, and how moments are stored. */
@NullMarked
package io.octavo.optim;

import org.jspecify.annotations.NullMarked;
