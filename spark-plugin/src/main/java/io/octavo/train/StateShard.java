package io.octavo.train;

import io.octavo.tensor.Tensor;

/**
 * This rank's part of one vector of the training state, as checkpoints store it.
 *
 * @param name unit and part, such as {@code layers.0/master} or {@code layers.0/first.codes}
 * @param values this rank's elements; shares memory with the trainer
 * @param offset where they begin in the whole vector
 * @param wholeElements length of the whole vector, the same for every number of ranks
 * @param need whether a run can go on without it
 */
public record StateShard(String name, Tensor values, long offset, long wholeElements, Need need) {

  /** What a checkpoint without the shard means. */
  public enum Need {
    /** It is of another model or damaged. */
    REQUIRED,
    /** It was written by another number of ranks, and the shard keeps what it has. */
    OPTIONAL
  }
}
