/**
 * The only way ranks talk: {@link io.octavo.collective.Collective}. Results do not depend on
 * timing: sums are taken in rank order. Every wait has a deadline and ends at once when a rank
 * aborts.
 *
 * <p>{@link io.octavo.collective.LocalCollective} serves one rank. {@link
 * io.octavo.collective.PeerCollective} serves several over any {@link
 * io.octavo.collective.Transport}: threads of one process here, Spark's network in {@code
 * spark.transport}. With W ranks and a vector of n elements, each rank sends and receives {@code n
 * (W - 1) / W} elements, the least possible, in messages of at most 1 MiB, at most four messages
 * ahead of its peers.
 */
@NullMarked
package io.octavo.collective;

import org.jspecify.annotations.NullMarked;
