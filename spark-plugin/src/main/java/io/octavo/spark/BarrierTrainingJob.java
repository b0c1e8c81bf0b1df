package io.octavo.spark;

import io.octavo.train.TrainingDivergedException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;

/**
 * A training run as Spark jobs: one barrier stage an attempt, one task a rank. A barrier stage that
 * returns a result is never retried by Spark, so the first failure ends the attempt at once, and
 * this class starts the next from the last checkpoint: when a rank fails, its executor is lost, or
 * it makes no progress within its deadline. It gives up when the fault would come again (an invalid
 * argument, a diverged loss, the same failure at the same step) and after {@code maxRestarts}
 * attempts in a row without a new checkpoint.
 *
 * @param <S> a sample
 * @param <R> what a rank returns
 */
public final class BarrierTrainingJob<S, R> {

  private static final Logger LOGGER = LoggerFactory.getLogger(BarrierTrainingJob.class);
  private static final Duration POLL = Duration.ofMillis(50);

  /** Before the first attempt nothing has been lost: only executors that start are awaited. */
  private static final Duration STARTING = Duration.ofSeconds(15);

  private final SparkContext context;
  private final OctavoConf conf;
  private final int ranks;
  private final TrainingListener listener;
  private final String run = UUID.randomUUID().toString();

  public BarrierTrainingJob(
      SparkContext context, OctavoConf conf, int ranks, TrainingListener listener) {
    this.context = context;
    this.conf = conf;
    this.ranks = ranks;
    this.listener = listener;
  }

  /** What a cluster must offer for this job; callers add their own checks. */
  public Preflight preflight() {
    return new Preflight()
        .add(ClusterChecks.plugin(context))
        .add(ClusterChecks.staticAllocation(context))
        .add(ClusterChecks.slots(context, ranks, STARTING, conf.slotTimeout()));
  }

  /**
   * Trains until every rank has returned.
   *
   * @return what the ranks returned, by rank
   * @throws TrainingDivergedException where loss, gradient or parameter is not finite
   * @throws IllegalArgumentException where a rank says that an argument is wrong
   * @throws IllegalStateException after too many restarts, naming the rank at fault
   */
  public List<R> run(AttemptPlan.Planner<S> planner, RankBody<S, R> body) {
    RestartPolicy policy = new RestartPolicy(conf.maxRestarts());
    for (int attempt = 0; ; attempt++) {
      requireSlots();
      AttemptPlan<S> plan = checked(planner.plan(attempt));
      policy.begin(plan.startStep());
      listener.attemptStarted(attempt, plan.startStep());
      AttemptOutcome<R> outcome = run(attempt, plan, body);
      if (outcome instanceof AttemptOutcome.Done<R> done) {
        return done.results();
      }
      AttemptOutcome.Broken<R> broken = (AttemptOutcome.Broken<R>) outcome;
      policy.requireRestart(broken);
      LOGGER.warn("Attempt {} failed, another follows: {}", attempt, broken.reason());
      listener.attemptFailed(attempt, broken.reason());
    }
  }

  private void requireSlots() {
    new Preflight()
        .add(ClusterChecks.slots(context, ranks, conf.slotTimeout(), conf.slotTimeout()))
        .run();
  }

  private AttemptPlan<S> checked(AttemptPlan<S> plan) {
    if (plan.samples().getNumPartitions() != ranks) {
      throw new IllegalArgumentException(
          "Cannot feed %d ranks from %d partitions: there must be one a rank"
              .formatted(ranks, plan.samples().getNumPartitions()));
    }
    return plan;
  }

  private AttemptOutcome<R> run(int attempt, AttemptPlan<S> plan, RankBody<S, R> body) {
    AttemptWatch watch = new AttemptWatch(attempt, ranks, conf);
    RankMessages messages =
        RankMessages.current()
            .orElseThrow(() -> new IllegalStateException("Cannot train: the plugin is not loaded"));
    messages.subscribe(run, message -> watch.accept(message, System.nanoTime()));
    JavaFutureAction<List<R>> job = submit(attempt, plan, body);
    try {
      return await(job, watch);
    } finally {
      messages.unsubscribe(run);
      if (!job.isDone()) {
        job.cancel(true);
      }
    }
  }

  private JavaFutureAction<List<R>> submit(int attempt, AttemptPlan<S> plan, RankBody<S, R> body) {
    long transportId = UUID.fromString(run).getMostSignificantBits() + attempt;
    RankAttempt told = new RankAttempt(run, attempt, transportId, plan.startStep(), conf);
    JavaRDD<R> results =
        plan.samples()
            .rdd()
            .barrier()
            .mapPartitions(new RankTask<>(told, body), false, anyClass())
            .toJavaRDD();
    try (JobProperties properties = JobProperties.of(context)) {
      properties.set("spark.job.description", "Octavo training, attempt " + attempt);
      // A hung rank is interrupted, which frees most waits; the task reaper frees the rest.
      properties.set("spark.job.interruptOnCancel", "true");
      return results.collectAsync();
    }
  }

  /** What Spark's own Java interface passes where Scala would know the class. */
  @SuppressWarnings("unchecked")
  private static <T> ClassTag<T> anyClass() {
    return (ClassTag<T>) (ClassTag<?>) ClassTag.Any();
  }

  private AttemptOutcome<R> await(JavaFutureAction<List<R>> job, AttemptWatch watch) {
    while (true) {
      try {
        List<R> results = job.get(POLL.toMillis(), TimeUnit.MILLISECONDS);
        watch.drain(listener::stepDone);
        return new AttemptOutcome.Done<>(results);
      } catch (TimeoutException e) {
        watch.drain(listener::stepDone);
        Optional<String> late = watch.late(System.nanoTime());
        if (late.isPresent()) {
          job.cancel(true);
          return AttemptOutcome.late(late.get());
        }
      } catch (ExecutionException e) {
        watch.drain(listener::stepDone);
        return AttemptOutcome.broken(watch, Objects.requireNonNullElse(e.getCause(), e));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Cannot go on training: interrupted", e);
      }
    }
  }
}
