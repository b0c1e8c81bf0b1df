package io.octavo.spark.ml;

import io.octavo.checkpoint.Checkpoint;
import io.octavo.checkpoint.CheckpointDirectory;
import io.octavo.checkpoint.CheckpointWriter;
import io.octavo.kernel.Backend;
import io.octavo.kernel.BackendChoice;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Planning;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.ModelConfig;
import io.octavo.safetensors.ShardedModelWriter;
import io.octavo.safetensors.TensorType;
import io.octavo.spark.Phase;
import io.octavo.spark.RankBody;
import io.octavo.spark.RankContext;
import io.octavo.spark.feed.ArrowFeed;
import io.octavo.spark.feed.Sample;
import io.octavo.tokens.TokenizerSpec;
import io.octavo.train.MemoryPlan;
import io.octavo.train.StepMetrics;
import io.octavo.train.TrainConfig;
import io.octavo.train.Trainer;
import io.octavo.train.TrainingDivergedException;
import java.nio.IntBuffer;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every rank of {@link CausalLM#fit} does: restore or initialise, step through its samples,
 * checkpoint, export.
 *
 * @param run tells this run's leftovers from another's
 * @param configJson shape of the model, as config.json
 * @param startDirectory Hugging Face directory to start from; empty for fresh weights
 * @param heldOut samples to measure, one after the other
 * @param order what decides the place of samples, to compare with a run that resumes
 * @param exportPath where rank 0 writes the trained model
 */
record TrainingBody(
    String run,
    String configJson,
    String startDirectory,
    TrainingSettings settings,
    TokenizerSpec tokenizer,
    CheckpointSettings checkpoints,
    int[] heldOut,
    String order,
    int evaluationInterval,
    String exportPath,
    TensorType exportType,
    SerializableConfiguration hadoop)
    implements RankBody<Sample, TrainingOutcome> {

  /** Property of a checkpoint that holds {@link #order}. */
  static final String ORDER = "order";

  private static final Logger LOGGER = LoggerFactory.getLogger(TrainingBody.class);

  @Override
  public TrainingOutcome run(RankContext context, Iterator<Sample> samples) throws Exception {
    ModelConfig model = HuggingFaceConfig.parse(configJson);
    try (Backend backend = backend(context)) {
      Planning planning = Planning.of(backend);
      requireMemory(
          MemoryLimit.of(backend),
          Trainer.plan(model, settings.toTrainConfig(), planning, context.worldSize()));
      return run(model, backend, context, samples);
    }
  }

  /** The driver does not know the machines of executors. */
  private void requireMemory(MemoryLimit limit, MemoryPlan plan) {
    limit
        .problem(plan, settings.microBatch(), settings.sequenceLength())
        .ifPresent(
            problem -> {
              throw new IllegalArgumentException("Cannot train: " + problem);
            });
  }

  private TrainingOutcome run(
      ModelConfig model, Backend backend, RankContext context, Iterator<Sample> samples)
      throws Exception {
    try (Trainer trainer =
        new Trainer(
            model,
            settings.toTrainConfig(),
            backend,
            context.collective(backend),
            tokenizer.endOfText())) {
      return new Rank(context, backend, trainer).run(samples);
    }
  }

  private static Backend backend(RankContext context) {
    BackendChoice choice = Backends.installed().chooseOrBest(context.conf().backend());
    Backend backend = choice.open(context.placement());
    LOGGER.info(
        "rank {} computes on {}: {}", context.rank(), choice.explanation(), backend.description());
    return backend;
  }

  /** The run of one rank. */
  private final class Rank {
    private final RankContext context;
    private final Backend backend;
    private final Trainer trainer;
    private final TrainConfig config = settings.toTrainConfig();
    private final CheckpointDirectory directory =
        new CheckpointDirectory(checkpoints.path(), hadoop.value());
    private final Evaluations evaluations = new Evaluations();

    Rank(RankContext context, Backend backend, Trainer trainer) {
      this.context = context;
      this.backend = backend;
      this.trainer = trainer;
    }

    TrainingOutcome run(Iterator<Sample> samples) throws Exception {
      start();
      int perStep = config.globalBatch() / context.worldSize();
      int length = config.sequenceLength() + 1;
      double waited;
      try (ArrowFeed feed = new ArrowFeed(samples, trainer.stepsDone(), perStep, length);
          CheckpointWriter writer = writer()) {
        evaluate();
        try {
          steps(feed, writer);
        } catch (TrainingDivergedException e) {
          keepLastCheckpoint(writer, e);
          throw e;
        }
        context.enter(Phase.CHECKPOINT);
        writer.flush();
        waited = feed.waitSeconds();
      }
      export();
      return new TrainingOutcome(
          evaluations.bySteps(), trainer.memoryPlan().totalBytes(), waited, backend.description());
    }

    private void steps(ArrowFeed feed, CheckpointWriter writer) throws InterruptedException {
      while (trainer.stepsDone() < config.steps()) {
        context.begin(trainer.stepsDone() + 1);
        StepMetrics metrics = trainer.step(feed.next());
        context.done(metrics);
        if (isDue(evaluationInterval)) {
          evaluate();
        }
        if (isDue(checkpoints.interval())) {
          context.enter(Phase.CHECKPOINT);
          writer.write(trainer.stepsDone(), trainer.stateShards(), properties());
        }
      }
    }

    /**
     * Lets a checkpoint that is being written become whole. All ranks diverge in the same step, so
     * none waits in vain for another's part.
     */
    private void keepLastCheckpoint(CheckpointWriter writer, TrainingDivergedException cause) {
      context.enter(Phase.CHECKPOINT);
      try {
        writer.flush();
      } catch (IllegalStateException e) {
        cause.addSuppressed(e);
      }
    }

    private boolean isDue(int interval) {
      long step = trainer.stepsDone();
      return step == config.steps() || interval > 0 && step % interval == 0;
    }

    private CheckpointWriter writer() {
      return new CheckpointWriter(
          directory,
          backend,
          context.rank(),
          context.worldSize(),
          run + "-" + context.attempt(),
          checkpoints.keep());
    }

    private void start() {
      context.enter(Phase.PREPARE);
      if (context.startStep() > 0) {
        Checkpoint checkpoint = directory.at(context.startStep());
        checkpoint.restore(trainer.stateShards(), backend);
        evaluations.restore(checkpoint.manifest().properties());
        trainer.restored(context.startStep());
      } else if (startDirectory.isEmpty()) {
        trainer.initialize();
      } else {
        try (var weights = new ModelDirectory(startDirectory, hadoop.value()).open()) {
          trainer.load(weights);
        }
      }
    }

    private Map<String, String> properties() {
      Map<String, String> properties = evaluations.properties();
      properties.put("model", configJson);
      properties.put(ORDER, order);
      properties.put("settings", settings.toString());
      return properties;
    }

    private void evaluate() {
      if (heldOut.length == 0 || evaluations.has(trainer.stepsDone())) {
        return;
      }
      context.enter(Phase.EVALUATE);
      int count = heldOut.length / (config.sequenceLength() + 1);
      evaluations.add(trainer.stepsDone(), trainer.evaluate(IntBuffer.wrap(heldOut), count));
    }

    private void export() {
      context.enter(Phase.EXPORT);
      if (context.rank() != 0) {
        trainer.exportWeights((parameter, values) -> {});
        return;
      }
      ModelDirectory model = new ModelDirectory(exportPath, hadoop.value());
      var shape = HuggingFaceConfig.parse(configJson);
      model.writeDescription(shape, tokenizer, exportType);
      try (ShardedModelWriter writer = model.weightWriter(shape, exportType)) {
        trainer.exportWeights((parameter, values) -> writer.write(values));
      }
    }
  }
}
