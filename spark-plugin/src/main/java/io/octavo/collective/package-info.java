/**
 * The only way ranks talk: {@link io.octavo.collective.Collective}. Results do not depend on
 * timing: sums are taken in rank order. Every wait has a deadline and ends at once when a rank
 * aborts.
 */
@NullMarked
package io.octavo.collective;

import org.jspecify.annotations.NullMarked;
