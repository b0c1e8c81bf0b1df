package io.octavo.spark;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;

/** A rank as the task of a barrier stage: one partition of samples in, one result out. */
final class RankTask<S, R> extends AbstractFunction1<Iterator<S>, Iterator<R>>
    implements Serializable {

  private static final long serialVersionUID = 1L;

  private final RankAttempt attempt;
  private final RankBody<S, R> body;

  RankTask(RankAttempt attempt, RankBody<S, R> body) {
    this.attempt = attempt;
    this.body = body;
  }

  @Override
  public Iterator<R> apply(Iterator<S> samples) {
    try (RankContext context = new RankContext(BarrierTaskContext.get(), attempt)) {
      R result = run(context, CollectionConverters.asJava(samples));
      return CollectionConverters.asScala(List.of(result).iterator());
    }
  }

  private R run(RankContext context, java.util.Iterator<S> samples) {
    try {
      R result = body.run(context, samples);
      context.finish();
      return result;
    } catch (RuntimeException e) {
      context.fail(e);
      throw e;
    } catch (Exception e) {
      context.fail(e);
      throw new IllegalStateException("Cannot go on: " + e.getMessage(), e);
    }
  }
}
