/** Tests of checkpoints without a trainer. */
@NullMarked
package io.octavo.checkpoint;

import org.jspecify.annotations.NullMarked;
