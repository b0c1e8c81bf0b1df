/** The order of work of a training run; nothing numeric. */
@NullMarked
package io.octavo.train;

import org.jspecify.annotations.NullMarked;
