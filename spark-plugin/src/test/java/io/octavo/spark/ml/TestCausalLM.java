package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.checkpoint.CheckpointDirectory;
import io.octavo.golden.GoldenFiles;
import io.octavo.spark.LocalCluster;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerSpec;
import io.octavo.train.StepMetrics;
import io.octavo.train.TrainingDivergedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The estimator and the model on threads of this process. */
class TestCausalLM {

  private static SparkSession spark;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    spark = SparkSession.builder().config(LocalCluster.threads(2)).getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
  }

  @AfterAll
  static void stop() throws IOException {
    spark.close();
  }

  /** Sentences with structure to learn. */
  private static Dataset<Row> text(int rows) {
    String[] subjects = {"the cat", "a dog", "one bird", "the fox"};
    String[] verbs = {" sees ", " likes ", " follows "};
    Random random = new Random(5);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      lines.add(
          subjects[random.nextInt(4)]
              + verbs[random.nextInt(3)]
              + subjects[random.nextInt(4)]
              + ".");
    }
    return spark.createDataset(lines, Encoders.STRING()).toDF("text");
  }

  private CausalLM estimator(String name) {
    return new CausalLM()
        .setModel("byte-nano")
        .setPrecision("fp8")
        .setOptimizerStates("fp8")
        .setSequenceLength(64)
        .setBatchSize(8)
        .setMaxSteps(20)
        .setLearningRate(5e-3)
        .setLogInterval(0)
        .setCheckpointInterval(5)
        .setKeepCheckpoints(4)
        .setCheckpointPath(directory.resolve(name).toUri().toString());
  }

  private static List<Double> losses(CausalLMModel model) {
    return model.summary().orElseThrow().steps().stream().map(StepMetrics::loss).toList();
  }

  @Test
  void learnsInAPipelineSavesLoadsAndScores() throws IOException {
    Dataset<Row> text = text(600);
    CausalLM estimator = estimator("learn").setValidationFraction(0.1).setEvaluationInterval(10);
    PipelineModel fitted = new Pipeline().setStages(new PipelineStage[] {estimator}).fit(text);
    CausalLMModel model = (CausalLMModel) fitted.stages()[0];

    List<Double> losses = losses(model);
    assertThat(losses).hasSize(20);
    assertThat(losses.get(19)).isLessThan(losses.get(0) * 0.7);
    var heldOut = model.summary().orElseThrow().heldOut();
    assertThat(heldOut.keySet()).containsExactly(0L, 10L, 20L);
    assertThat(heldOut.get(20L)).isLessThan(heldOut.get(0L) * 0.7);
    assertThat(model.summary().orElseThrow().memory().momentBytesPerParameter())
        .isLessThanOrEqualTo(2.3);

    String saved = directory.resolve("saved").toString();
    fitted.write().overwrite().save(saved);
    CausalLMModel loaded = (CausalLMModel) PipelineModel.load(saved).stages()[0];
    Row first = model.transform(text).orderBy("text").head();
    assertThat(loaded.transform(text).orderBy("text").head()).isEqualTo(first);
    long tokens = first.getLong(first.fieldIndex("tokens"));
    assertThat(tokens).isEqualTo(first.getString(0).length() - 1);
    double nll = first.getDouble(first.fieldIndex("nll"));
    assertThat(first.getDouble(first.fieldIndex("perplexity")))
        .isCloseTo(Math.exp(nll / tokens), within(1e-9));
    assertThat(loaded.generate("the cat", 10)).startsWith("the cat").hasSizeGreaterThan(10);
    assertThat(Files.exists(Path.of(loaded.directory().replaceFirst("^file:", ""), "config.json")))
        .isTrue();
  }

  @Test
  void resumesFromACheckpointWithTheSameLosses() {
    Dataset<Row> text = text(300);
    List<Double> whole = losses(estimator("whole").fit(text));
    CausalLM twice = estimator("twice");
    // The schedule depends on the number of steps: stop the first run by taking its checkpoints
    // away.
    twice.fit(text);
    keepOnly(directory.resolve("twice"), 10);
    List<Double> resumed = losses(twice.fit(text));

    assertThat(resumed).isEqualTo(whole.subList(10, 20));
  }

  private static void keepOnly(Path checkpoints, long step) {
    for (int other = 15; other <= 20; other += 5) {
      deleteRecursively(checkpoints.resolve("step-" + other));
    }
    assertThat(checkpoints.resolve("step-" + step)).isDirectory();
  }

  private static void deleteRecursively(Path path) {
    try (var files = Files.walk(path)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void trainsOnTokenIdsAndLeavesNullTextOut() {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      List<Integer> ids = new ArrayList<>();
      for (int j = 0; j < 65; j++) {
        ids.add((i + j) % 50);
      }
      rows.add(RowFactory.create(ids));
    }
    StructType schema =
        new StructType().add("ids", DataTypes.createArrayType(DataTypes.IntegerType));
    CausalLMModel model =
        estimator("tokens").setTokensCol("ids").fit(spark.createDataFrame(rows, schema));
    assertThat(losses(model).get(19)).isLessThan(losses(model).get(0));

    Dataset<Row> scored =
        model.transform(
            spark
                .createDataset(Arrays.asList("abc", null, "", "x"), Encoders.STRING())
                .toDF("text"));
    List<Row> all = scored.collectAsList();
    assertThat(all.get(0).getLong(2)).isEqualTo(2);
    assertThat(all.get(1).isNullAt(1)).isTrue();
    assertThat(all.get(1).isNullAt(2)).isTrue();
    assertThat(all.get(2).getLong(2)).isZero();
    assertThat(all.get(2).isNullAt(3)).isTrue();
    assertThat(all.get(3).getLong(2)).isZero();
  }

  @Test
  void refusesWhatCannotWorkInOneSentence() {
    Dataset<Row> text = text(10);
    assertThatThrownBy(() -> estimator("a").setTextCol("body").fit(text))
        .hasMessageContaining("Cannot find column body: the data has [text], so set textCol");
    assertThatThrownBy(() -> estimator("b").setSequenceLength(1000).fit(text))
        .hasMessageContaining("set sequenceLength=512");
    assertThatThrownBy(() -> estimator("c").setNumWorkers(3).setBatchSize(9).fit(text))
        .hasMessageContaining("3 task slots and the cluster has 2")
        .hasMessageContaining("set numWorkers=2");
    assertThatThrownBy(() -> estimator("d").setBatchSize(7).setNumWorkers(2).fit(text))
        .hasMessageContaining("set batchSize=8");
    assertThatThrownBy(() -> estimator("e").setMemoryLimit(0.001).fit(text))
        .hasMessageContaining("memoryLimit is 0.00 GiB, so raise memoryLimit")
        .hasMessageContaining("activations");
    assertThatThrownBy(() -> estimator("f").fit(text.where("text is null")))
        .hasMessageContaining("the data holds no sample");
    assertThatThrownBy(() -> estimator("g").setCheckpointPath("/proc/none/x").fit(text))
        .hasMessageContaining("choose another checkpointPath");
    assertThatThrownBy(() -> estimator("h").setModel("nonsense").fit(text))
        .hasMessageContaining("expected a Hugging Face directory or one of");
    assertThatThrownBy(() -> estimator("i").setPrecision("fp7").fit(text))
        .hasMessageContaining("Invalid precision: fp7");
    assertThatThrownBy(() -> estimator("j").setTokensCol("text").fit(text))
        .hasMessageContaining("expected array<int>");
    Dataset<Row> foreign = text.selectExpr("array(1L, 5000L) ids");
    assertThatThrownBy(() -> estimator("k").setTokensCol("ids").fit(foreign))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "Cannot train on token id 5000 in column ids: the model has ids 0 to 271");
    assertThatThrownBy(
            () ->
                estimator("l")
                    .setTokensCol("ids")
                    .fit(text.selectExpr("cast(array() as array<int>) ids")))
        .hasMessageContaining("the data holds no sample");
  }

  @Test
  void aLossThatIsNotFiniteStopsWithStepAndTensorAndKeepsTheLastCheckpoint() {
    CausalLM estimator =
        estimator("diverges")
            .setPrecision("fp32")
            .setOptimizerStates("fp32")
            .setSchedule("constant")
            .setLearningRate(1e25)
            .setCheckpointInterval(1);
    assertThatThrownBy(() -> estimator.fit(text(200)))
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageMatching(
            "(?s).*Cannot go on after step \\d+: loss .*first tensor that is not finite: (input of layer|gradient of|weight) .*"
                + "Weights are unchanged since step \\d+; lower the learning rate.*");
    List<Long> steps =
        new CheckpointDirectory(
                directory.resolve("diverges").toUri().toString(), new Configuration())
            .steps();
    assertThat(steps).isNotEmpty();
    assertThatThrownBy(() -> estimator.fit(text(200)))
        .as("the run goes on at the last checkpoint, and fails in the same step")
        .hasMessageContaining("Cannot go on after step " + (steps.get(0) + 1));
  }

  @Test
  void parametersAreReachableByName() {
    CausalLM estimator = estimator("named");
    estimator.set(estimator.getParam("learningRate"), 0.25);
    assertThat(estimator.get(estimator.getParam("learningRate")).get()).isEqualTo(0.25);
    assertThat(estimator.isDefined(estimator.getParam("beta1"))).isTrue();
    assertThat(estimator.explainParam(estimator.getParam("learningRate")))
        .isEqualTo("learningRate: Peak learning rate. (default: 0.001, current: 0.25)");
    assertThatThrownBy(() -> estimator.getParam("learningrate"))
        .isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void keepsItsParametersAcrossSavingAndCopying() throws IOException {
    CausalLM estimator = estimator("params").setSeed(99).setSchedule("wsd").setBeta2(0.99);
    String path = directory.resolve("estimator").toString();
    estimator.write().overwrite().save(path);

    for (CausalLM other : List.of(CausalLM.load(path), estimator.copy(ParamMap.empty()))) {
      assertThat(other.extractParamMap().toSeq().size())
          .isEqualTo(estimator.extractParamMap().toSeq().size());
      assertThat(other.getOrDefault(other.getParam("seed"))).isEqualTo(99L);
      assertThat(other.getOrDefault(other.getParam("schedule"))).isEqualTo("wsd");
      assertThat(other.getOrDefault(other.getParam("beta2"))).isEqualTo(0.99);
    }
    assertThat(estimator.explainParams()).contains("optimizerStates", "checkpointPath");
  }

  @Test
  void scoresWikiTextAsTransformersDoes() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    JsonNode expected = new ObjectMapper().readTree(Files.readString(wiki.resolve("eval.json")));
    String text = Files.readString(GoldenFiles.file("text/wikitext2-test.txt"));
    CausalLMModel model =
        CausalLMModel.fromPretrained(wiki.toString())
            .setSequenceLength(expected.get("window").asInt());

    // transformers left out the last window, which is not whole; two rows are two tasks.
    List<String> halves = wholeWindows(wiki, text, expected.get("window").asInt());
    List<Row> rows =
        model
            .transform(spark.createDataset(halves, Encoders.STRING()).toDF("text").repartition(2))
            .select("nll", "tokens")
            .collectAsList();
    long tokens = rows.stream().mapToLong(row -> row.getLong(1)).sum();
    double perplexity = Math.exp(rows.stream().mapToDouble(row -> row.getDouble(0)).sum() / tokens);

    assertThat(tokens).isEqualTo(expected.get("tokens_scored").asLong());
    assertThat(perplexity).isCloseTo(expected.get("fp32_compute_ppl").asDouble(), within(0.01));
  }

  /** The text up to the end of its last whole window, cut in two between windows. */
  private static List<String> wholeWindows(Path model, String text, int window) throws IOException {
    byte[] json = Files.readAllBytes(model.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = new TokenizerSpec(json, -1).open()) {
      int[] ids = tokenizer.encode(text);
      int windows = ids.length / window;
      int cut = windows / 2 * window;
      int[][] parts = {Arrays.copyOf(ids, cut), Arrays.copyOfRange(ids, cut, windows * window)};
      List<String> halves = new ArrayList<>();
      for (int[] part : parts) {
        halves.add(tokenizer.decode(part));
        assertThat(tokenizer.encode(tokenizer.decode(part))).isEqualTo(part);
      }
      return halves;
    }
  }

  @Test
  void continuesAsTransformersDoes() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    JsonNode expected = new ObjectMapper().readTree(Files.readString(wiki.resolve("eval.json")));
    int tokens = expected.get("greedy_ids").size() - expected.get("prompt_ids").size();

    String continued =
        CausalLMModel.fromPretrained(wiki.toString())
            .generate(expected.get("prompt").asText(), tokens);

    assertThat(continued).isEqualTo(expected.get("greedy_text").asText());
  }
}
