package io.octavo.train;

import io.octavo.collective.Collective;
import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.kernel.Planning;
import io.octavo.kernel.Replay;
import io.octavo.model.LinearLayers;
import io.octavo.model.MicroBatch;
import io.octavo.model.ModelConfig;
import io.octavo.model.Transformer;
import io.octavo.model.WeightSink;
import io.octavo.model.WeightSource;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.Tensor;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * One rank of a training run. A step runs this rank's micro-batches, reduces their gradients, clips
 * by the global norm and updates this rank's shard.
 *
 * <p>Gradients are those of the mean negative log-likelihood over all targets of the step: each
 * micro-batch contributes the sum over its targets over {@code globalBatch * sequenceLength}, and
 * the true count is put right in the optimizer's gradient factor.
 */
public final class Trainer implements AutoCloseable {

  private final ModelConfig model;
  private final TrainConfig config;
  private final Backend backend;
  private final Collective collective;
  private final int endOfText;
  private final TrainerPlan plan;
  private final Arena arena;
  private final List<UnitState> states = new ArrayList<>();
  private final ShardedUnits units;
  private final Transformer transformer;
  private final Weights weights;
  private final StepWork work;
  private final double lowPrecisionShare;
  private Optional<Replay> replay = Optional.empty();
  private long stepsDone;
  private OptionalLong lastEnd = OptionalLong.empty();

  /** Whether a step has run, so that nothing is measured or allocated within the next. */
  private boolean warm;

  /**
   * Plans and allocates all memory of the rank.
   *
   * @param endOfText id that separates documents; -1 for none
   */
  public Trainer(
      ModelConfig model,
      TrainConfig config,
      Backend backend,
      Collective collective,
      int endOfText) {
    config.accumulation(collective.worldSize());
    this.model = model;
    this.config = config;
    this.backend = backend;
    this.collective = collective;
    this.endOfText = endOfText;
    lowPrecisionShare = LinearLayers.of(model, config.recipes()).lowPrecisionShare();
    plan =
        TrainerPlan.of(
            model, config, Planning.of(backend), collective.rank(), collective.worldSize());
    arena = Arena.allocate(plan.arena(), backend);
    for (UnitState.Plan state : plan.states()) {
      states.add(new UnitState(state, arena));
    }
    units = new ShardedUnits(plan.units(), arena, backend, collective, states);
    transformer = new Transformer(plan.transformer(), arena, backend, units);
    weights = new Weights(backend, collective, states, units);
    work =
        new StepWork(
            backend,
            transformer,
            states,
            updates(),
            config.adamW(),
            accumulatedGradients(),
            arena.tensor(plan.control()),
            arena.tensor(plan.totals()));
    states.forEach(state -> state.resetMoments(backend.optimizer()));
  }

  private List<UnitState.Update> updates() {
    List<UnitState.Update> updates = new ArrayList<>();
    for (int unit = 0; unit < states.size(); unit++) {
      updates.addAll(states.get(unit).updates(config.adamW(), transformer.updatedWeights(unit)));
    }
    return updates;
  }

  private List<Tensor> accumulatedGradients() {
    return collective.worldSize() > 1
        ? states.stream().map(UnitState::gradient).toList()
        : states.stream()
            .flatMap(state -> state.accumulatedGradients(model.tiedHead()).stream())
            .toList();
  }

  /** The memory a rank would take, without taking it. */
  public static MemoryPlan plan(
      ModelConfig model, TrainConfig config, Planning planning, int worldSize) {
    TrainerPlan plan = TrainerPlan.of(model, config, planning, 0, worldSize);
    return MemoryPlan.of(plan.arena(), plan.layout().parameterCount(), worldSize);
  }

  /** The memory this rank has taken. */
  public MemoryPlan memoryPlan() {
    return MemoryPlan.of(plan.arena(), plan.layout().parameterCount(), collective.worldSize());
  }

  /** Fresh weights from the seed; the same for every number of ranks. */
  public void initialize() {
    weights.initialize(config.seed(), model.initializerRange());
  }

  /** Weights from elsewhere; moments stay as they are. */
  public void load(WeightSource source) {
    weights.load(source);
  }

  /** Gives every weight to {@code sink} on rank 0. Every rank must call it. */
  public void exportWeights(WeightSink sink) {
    weights.export(sink);
  }

  /**
   * Gives this rank's part of the last step's gradients, before averaging and clipping: of a single
   * rank, the whole gradients of the mean loss where every position has a target.
   */
  void readGradients(WeightSink sink) {
    weights.gradients(sink);
  }

  /** Steps done since the start of the run. */
  public long stepsDone() {
    return stepsDone;
  }

  /**
   * This rank's masters, moments and histories of amax; checkpoints read and write them in place.
   */
  public List<StateShard> stateShards() {
    return Stream.concat(
            states.stream().flatMap(state -> state.shards().stream()),
            plan.transformer().amaxHistories().stream().map(this::historyShard))
        .toList();
  }

  /** A history is of what this rank has seen; ranks of another number begin their own. */
  private StateShard historyShard(ArenaPlan.Slot slot) {
    Tensor history = arena.tensor(slot);
    String name =
        "ranks.%d.%d/%s".formatted(collective.worldSize(), collective.rank(), slot.name());
    return new StateShard(name, history, 0, history.elements(), StateShard.Need.OPTIONAL);
  }

  /** The state shards have been filled from a checkpoint taken after {@code steps} steps. */
  public void restored(long steps) {
    stepsDone = steps;
    units.advance();
  }

  /**
   * One optimizer step.
   *
   * @throws TrainingDivergedException before any weight changes, where the loss or a gradient is
   *     not finite
   * @throws IllegalArgumentException where the batch is not the next one or not of the right size
   */
  public StepMetrics step(StepBatch batch) {
    final long start = System.nanoTime();
    final double pause = (start - lastEnd.orElse(start)) / 1e9;
    final long sentBefore = collective.bytesSent();
    check(batch);
    double learningRate = config.adamW().learningRate() * config.schedule().factor(batch.step());
    long targets = give(batch);
    StepSums sums =
        collective.worldSize() == 1
            ? stepAlone(batch.step(), learningRate, targets)
            : stepTogether(batch.step(), learningRate, targets);
    double norm = Math.sqrt(sums.squares()) * mean(sums.targets());
    double loss = sums.losses() / Math.max(1, sums.targets());
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      throw new Divergence(backend, transformer, states)
          .describe(batch.step(), loss, norm, collective.rank());
    }
    units.advance();
    transformer.weightsAreUpdated();
    stepsDone = batch.step();
    backend.synchronize();
    final long end = System.nanoTime();
    lastEnd = OptionalLong.of(end);
    return new StepMetrics(
        batch.step(),
        loss,
        norm,
        learningRate,
        sums.targets(),
        (end - start) / 1e9,
        pause,
        model.flopsPerToken(config.sequenceLength())
            * config.globalBatch()
            * config.sequenceLength(),
        lowPrecisionShare,
        collective.bytesSent() - sentBefore);
  }

  /** Sums over a step and all ranks. */
  private record StepSums(double losses, long targets, double squares) {}

  /** Copies the step's input to the device; returns how many targets it has. */
  private long give(StepBatch batch) {
    long targets = 0;
    for (int i = 0; i < accumulation(); i++) {
      MicroBatch input = microBatch(batch.tokens(), i * config.microBatch());
      transformer.give(i, input);
      targets += input.targetCount();
    }
    return targets;
  }

  /** A single rank needs nothing of the host within a step: from the second on it is replayed. */
  private StepSums stepAlone(long step, double learningRate, long targets) {
    work.control(step, learningRate, mean(targets));
    transformer.refreshWeights();
    if (replay.isPresent()) {
      replay.get().run();
    } else if (warm) {
      replay = Optional.of(backend.capture(this::wholeStep));
    } else {
      wholeStep();
      warm = true;
    }
    double[] totals = work.totals();
    return new StepSums(
        totals[OptimizerKernels.LOSS_SUM], targets, totals[OptimizerKernels.SQUARES]);
  }

  private void wholeStep() {
    work.gradients(accumulation(), scale());
    work.update();
  }

  private StepSums stepTogether(long step, double learningRate, long targets) {
    work.gradients(accumulation(), scale());
    double[] totals = work.totals();
    double[] sums = {totals[OptimizerKernels.LOSS_SUM], targets, totals[OptimizerKernels.SQUARES]};
    collective.allReduceSum(sums);
    work.control(step, learningRate, mean((long) sums[1]));
    work.replaceTotals(sums[0], sums[2]);
    work.update();
    return new StepSums(sums[0], (long) sums[1], sums[2]);
  }

  private int accumulation() {
    return config.accumulation(collective.worldSize());
  }

  /** What losses are multiplied by before their gradient is taken. */
  private float scale() {
    return 1f / ((float) config.globalBatch() * config.sequenceLength());
  }

  /** What makes stored gradients those of the mean loss over {@code targets}. */
  private double mean(long targets) {
    return 1 / (scale() * (double) Math.max(1, targets));
  }

  /**
   * Mean negative log-likelihood of samples that are not trained on. Every rank calls it with the
   * same samples and takes every {@code worldSize}-th micro-batch.
   */
  public double evaluate(IntBuffer tokens, int samples) {
    double[] sums = new double[2];
    int batch = config.microBatch();
    int rounds = (samples + batch * collective.worldSize() - 1) / (batch * collective.worldSize());
    for (int round = 0; round < rounds; round++) {
      int first = (round * collective.worldSize() + collective.rank()) * batch;
      MicroBatch input = microBatch(padded(tokens, first, samples), 0);
      for (float loss : transformer.score(input)) {
        sums[0] += loss;
      }
      sums[1] += input.targetCount();
    }
    collective.allReduceSum(sums);
    return sums[0] / Math.max(1, sums[1]);
  }

  /** A micro-batch from {@code first} on, filled up with padding where the samples end. */
  private IntBuffer padded(IntBuffer tokens, int first, int samples) {
    int length = config.sequenceLength() + 1;
    int present = Math.max(0, Math.min(config.microBatch(), samples - first));
    IntBuffer full = IntBuffer.allocate(config.microBatch() * length);
    for (int i = 0; i < full.capacity(); i++) {
      full.put(i, i < present * length ? tokens.get(first * length + i) : MicroBatch.PADDING);
    }
    return full;
  }

  private MicroBatch microBatch(IntBuffer tokens, int first) {
    return MicroBatch.of(tokens, first, config.microBatch(), config.sequenceLength(), endOfText);
  }

  private void check(StepBatch batch) {
    int expected = config.globalBatch() / collective.worldSize();
    if (batch.step() != stepsDone + 1 || batch.samples() != expected) {
      throw new IllegalArgumentException(
          "Cannot train on batch of step %d with %d samples: expected step %d with %d samples"
              .formatted(batch.step(), batch.samples(), stepsDone + 1, expected));
    }
  }

  @Override
  public void close() {
    replay.ifPresent(Replay::close);
    arena.close();
  }
}
