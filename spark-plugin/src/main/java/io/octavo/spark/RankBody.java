package io.octavo.spark;

import java.io.Serializable;
import java.util.Iterator;

/**
 * What a rank does in an attempt.
 *
 * @param <S> a sample
 * @param <R> what the rank returns to the driver; serializable
 */
@FunctionalInterface
public interface RankBody<S, R> extends Serializable {

  /** Trains from {@code context.startStep()} to the end. */
  R run(RankContext context, Iterator<S> samples) throws Exception;
}
