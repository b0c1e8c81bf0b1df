/**
 * A model that answers: one copy of the weights and one cache of keys and values for all who ask in
 * a process.
 *
 * <p>{@link io.octavo.serve.ServedModel} takes requests from any thread and gives futures. Its own
 * thread, the only user of its backend, goes step by step: a step is one row for every sequence
 * that is generating and as many prompt tokens of new ones as {@link io.octavo.serve.EngineConfig}
 * allows (continuous batching, chunked prefill). {@link io.octavo.serve.Decoder} runs a step
 * through all layers; {@link io.octavo.serve.PagePool} lends pages of the cache, shares those of
 * equal prompt heads and takes back what nobody reads; {@link io.octavo.serve.Scheduler} decides
 * who is in a step. A sequence starts when pages for all of it are there, so that none waits half
 * way.
 *
 * <p>What a request gives depends on itself and the model alone, to the bit: kernels sum rows in an
 * order of their own, and draws go by seed and position.
 */
@NullMarked
package io.octavo.serve;

import org.jspecify.annotations.NullMarked;
