package io.octavo.spark.ml;

import io.octavo.checkpoint.Checkpoint;
import io.octavo.checkpoint.CheckpointDirectory;
import io.octavo.checkpoint.CheckpointManifest;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Planning;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.LinearLayers;
import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.safetensors.TensorType;
import io.octavo.spark.AttemptPlan;
import io.octavo.spark.BarrierTrainingJob;
import io.octavo.spark.OctavoConf;
import io.octavo.spark.Preflight;
import io.octavo.spark.TrainingListener;
import io.octavo.spark.feed.EpochOrder;
import io.octavo.spark.feed.Sample;
import io.octavo.spark.feed.SampleBuilder;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerSpec;
import io.octavo.train.MemoryPlan;
import io.octavo.train.Trainer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;

/** One call of {@link CausalLM#fit}: checks, samples, attempts, the trained model. */
final class TrainingRun {

  private static final int HELD_OUT_SAMPLES = 64;

  private final ParamTable params;
  private final String uid;
  private final SparkContext context;
  private final Configuration hadoop;
  private final OctavoConf conf;
  private final String run = UUID.randomUUID().toString().substring(0, 8);

  TrainingRun(ParamTable params, String uid, SparkContext context) {
    this.params = params;
    this.uid = uid;
    this.context = context;
    this.hadoop = context.hadoopConfiguration();
    this.conf = OctavoConf.of(context.conf());
  }

  /** Directory of the trained model, and what the run did. */
  record Result(String directory, TrainingSummary summary) {}

  Result run(Dataset<Row> data, String column) {
    final long begin = System.nanoTime();
    ModelConfig model = model();
    TokenizerSpec tokenizer = tokenizer();
    CheckpointDirectory checkpoints = new CheckpointDirectory(checkpointPath(), hadoop);
    TrainingSettings draft = TrainingSettings.of(params, 1);
    preflight(model, tokenizer, checkpoints, draft);
    int length = draft.sequenceLength() + 1;
    JavaRDD<Sample> all =
        new SampleBuilder(column, tokenizer, length, model.vocabulary())
            .build(data)
            .persist(StorageLevel.MEMORY_AND_DISK_SER());
    try {
      Split split = split(all, length);
      TrainingSettings settings = TrainingSettings.of(params, steps(split.count(), draft));
      MemoryPlan memory = memoryPlan(model, settings);
      ProgressPrinter progress =
          new ProgressPrinter(System.out, settings, memory, params.integer("logInterval"));
      if (!params.text("precisionExceptions").isEmpty()) {
        progress.explain(LinearLayers.of(model, settings.toTrainConfig().recipes()));
      }
      String export = new Path(checkpoints.root(), "model").toString();
      List<TrainingOutcome> outcomes =
          new BarrierTrainingJob<Sample, TrainingOutcome>(context, conf, workers(), progress)
              .run(
                  planner(split, settings, checkpoints, progress),
                  body(model, tokenizer, settings, checkpoints, split, export));
      double waited = outcomes.stream().mapToDouble(TrainingOutcome::waitSeconds).max().orElse(0);
      TrainingSummary summary =
          new TrainingSummary(
              progress.steps(),
              outcomes.get(0).heldOut(),
              memory,
              (System.nanoTime() - begin) / 1e9,
              waited,
              outcomes.get(0).device(),
              progress.attempts());
      return new Result(export, summary);
    } finally {
      all.unpersist();
    }
  }

  private int workers() {
    return params.integer("numWorkers");
  }

  private Optional<ModelDirectory> startDirectory() {
    String name = params.text("model");
    return ModelPresets.contains(name)
        ? Optional.empty()
        : Optional.of(new ModelDirectory(name, hadoop)).filter(ModelDirectory::exists);
  }

  private ModelConfig model() {
    return startDirectory()
        .map(ModelDirectory::config)
        .orElseGet(() -> ModelPresets.of(params.text("model")));
  }

  private TokenizerSpec tokenizer() {
    return Tokenizers.resolve(params.text("tokenizer"), startDirectory(), hadoop);
  }

  private String checkpointPath() {
    String path = params.text("checkpointPath");
    if (!path.isEmpty()) {
      return path;
    }
    String name = ".octavo/" + uid;
    return context.isLocal()
        ? Path.getPathWithoutSchemeAndAuthority(new Path(name)).toString()
        : name;
  }

  private void preflight(
      ModelConfig model,
      TokenizerSpec tokenizer,
      CheckpointDirectory checkpoints,
      TrainingSettings settings) {
    new Preflight()
        .add(() -> sequenceFits(model, settings))
        .add(() -> model.untrainable(settings.sequenceLength()))
        .add(() -> vocabularyFits(model, tokenizer))
        .add(() -> batchDivides(settings))
        .add(() -> memoryFits(model, settings))
        .add(checkpoints::problem)
        .run();
    new BarrierTrainingJob<Sample, TrainingOutcome>(
            context, conf, workers(), new TrainingListener() {})
        .preflight()
        .run();
  }

  private static Optional<String> sequenceFits(ModelConfig model, TrainingSettings settings) {
    return settings.sequenceLength() <= model.contextLength()
        ? Optional.empty()
        : Optional.of(
            "sequenceLength %d is longer than the model's max_position_embeddings, so set sequenceLength=%d"
                .formatted(settings.sequenceLength(), model.contextLength()));
  }

  private static Optional<String> vocabularyFits(ModelConfig model, TokenizerSpec spec) {
    try (Tokenizer tokenizer = spec.open()) {
      return tokenizer.vocabularySize() <= model.vocabulary()
          ? Optional.empty()
          : Optional.of(
              "the tokenizer has %d ids and the model %d, so set model or tokenizer to match"
                  .formatted(tokenizer.vocabularySize(), model.vocabulary()));
    }
  }

  private Optional<String> batchDivides(TrainingSettings settings) {
    if (workers() < 1) {
      return Optional.of("numWorkers is %d, so set it to 1 or more".formatted(workers()));
    }
    int unit = settings.microBatch() * workers();
    return settings.globalBatch() % unit == 0
        ? Optional.empty()
        : Optional.of(
            "batchSize %d is not a multiple of microBatchSize %d times numWorkers %d, so set batchSize=%d"
                .formatted(
                    settings.globalBatch(),
                    settings.microBatch(),
                    workers(),
                    (settings.globalBatch() / unit + 1) * unit));
  }

  private Optional<String> memoryFits(ModelConfig model, TrainingSettings settings) {
    if (workers() < 1 || model.untrainable(settings.sequenceLength()).isPresent()) {
      return Optional.empty();
    }
    return MemoryLimit.of(params.number("memoryLimit"), context.conf(), expectedBackend())
        .flatMap(
            limit ->
                limit.problem(
                    memoryPlan(model, settings), settings.microBatch(), settings.sequenceLength()));
  }

  private MemoryPlan memoryPlan(ModelConfig model, TrainingSettings settings) {
    Planning planning = Backends.installed().planning(expectedBackend());
    return Trainer.plan(model, settings.toTrainConfig(), planning, workers());
  }

  /** What executors will compute on, as far as the driver can tell. */
  private String expectedBackend() {
    boolean gpus = context.conf().contains("spark.executor.resource.gpu.amount");
    return !conf.backend().equals("auto") ? conf.backend() : gpus ? "cuda" : "cpu";
  }

  /** Samples to train on, how many, and samples to measure. */
  private record Split(JavaRDD<Sample> training, long count, int[] heldOut) {}

  private Split split(JavaRDD<Sample> all, int length) {
    double fraction = params.number("validationFraction");
    JavaRDD<Sample> training = all.filter(sample -> !SampleBuilder.isHeldOut(sample, fraction));
    long count = samples(training);
    List<Sample> heldOut =
        fraction <= 0
            ? List.of()
            : all.filter(sample -> SampleBuilder.isHeldOut(sample, fraction))
                .takeOrdered(HELD_OUT_SAMPLES, Sample.BY_ID);
    if (count == 0) {
      throw new IllegalArgumentException(
          "Cannot train: the data holds no sample, every row of the column is null or empty, or validationFraction takes all; give more data");
    }
    return new Split(training, count, SampleBuilder.flatten(heldOut, length));
  }

  /** Counts, which tokenizes all; what a task says of the data is told without Spark's words. */
  private static long samples(JavaRDD<Sample> training) {
    try {
      return training.count();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw e.getCause() instanceof IllegalArgumentException told
          ? new IllegalArgumentException(told.getMessage(), e)
          : new IllegalStateException("Cannot prepare samples: " + e.getMessage(), e);
    }
  }

  private long steps(long samples, TrainingSettings settings) {
    int most = params.integer("maxSteps");
    double epochs = params.number("epochs");
    return most > 0
        ? most
        : Math.max(1, (long) Math.floor(epochs * samples / settings.globalBatch()));
  }

  private AttemptPlan.Planner<Sample> planner(
      Split split,
      TrainingSettings settings,
      CheckpointDirectory checkpoints,
      ProgressPrinter progress) {
    EpochOrder order = new EpochOrder(settings.seed(), settings.globalBatch());
    return attempt -> {
      checkpoints.removeLeftovers();
      boolean resumes = attempt > 0 || params.text("resume").equals("auto");
      if (!resumes) {
        checkpoints.removeAll();
      }
      Optional<CheckpointManifest> latest =
          resumes ? checkpoints.latest().map(Checkpoint::manifest) : Optional.empty();
      long start = latest.map(CheckpointManifest::step).orElse(0L);
      if (attempt == 0) {
        latest
            .map(
                manifest ->
                    ResumeNotes.of(manifest, settings.order(split.count()), settings.steps()))
            .ifPresent(notes -> notes.forEach(progress::note));
      }
      long from = Math.min(start, settings.steps());
      JavaRDD<Sample> feed =
          from == settings.steps()
              ? split.training().filter(sample -> false).coalesce(1).repartition(workers())
              : order.feed(split.training(), split.count(), from, settings.steps(), workers());
      return new AttemptPlan<>(start, feed);
    };
  }

  private TrainingBody body(
      ModelConfig model,
      TokenizerSpec tokenizer,
      TrainingSettings settings,
      CheckpointDirectory checkpoints,
      Split split,
      String export) {
    return new TrainingBody(
        run,
        HuggingFaceConfig.write(model, "float32", tokenizer.endOfText()),
        startDirectory().map(directory -> directory.path().toString()).orElse(""),
        settings,
        tokenizer,
        new CheckpointSettings(
            checkpoints.root().toString(),
            params.integer("checkpointInterval"),
            params.integer("keepCheckpoints")),
        split.heldOut(),
        settings.order(split.count()),
        params.integer("evaluationInterval"),
        export,
        exportType(),
        new SerializableConfiguration(hadoop));
  }

  private TensorType exportType() {
    return switch (params.text("exportType")) {
      case "float32" -> TensorType.F32;
      case "bfloat16" -> TensorType.BF16;
      default ->
          throw new IllegalArgumentException(
              "Invalid exportType: %s (expected float32 or bfloat16)"
                  .formatted(params.text("exportType")));
    };
  }
}
