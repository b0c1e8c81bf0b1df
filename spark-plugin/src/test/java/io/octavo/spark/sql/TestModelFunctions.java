package io.octavo.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.golden.GoldenFiles;
import io.octavo.kernel.Placement;
import io.octavo.serve.ServedModel;
import io.octavo.spark.OctavoConf;
import io.octavo.spark.serve.ModelCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Functions that ask a model, in every clause, from the plugin alone. */
class TestModelFunctions {

  @TempDir static Path directory;

  private static SparkSession spark;
  private static String wiki;
  private static JsonNode expected;

  @BeforeAll
  static void start() throws IOException {
    Path model = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    expected = new ObjectMapper().readTree(Files.readString(model.resolve("eval.json")));
    wiki = model.toString();
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.plugins", "io.octavo.spark.OctavoPlugin")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.warehouse.dir", directory.resolve("warehouse").toString())
            .config("spark.octavo.backend", "cpu")
            .config("spark.octavo.serve.cacheMemory", "64m")
            .getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
    spark
        .createDataset(
            List.of(
                "The city of London",
                "The river",
                "In the year",
                "The city of London",
                "A game is",
                "He was born"),
            Encoders.STRING())
        .toDF("prompt")
        .selectExpr("prompt", "monotonically_increasing_id() % 2 AS half")
        .repartition(2)
        .createOrReplaceTempView("prompts");
  }

  @AfterAll
  static void stop() {
    spark.stop();
    assertThat(ModelCache.PROCESS.size()).isZero();
  }

  private static Dataset<Row> sql(String query) {
    return spark.sql(query.replace("$m", "'" + wiki + "'"));
  }

  private static List<Row> rows(String query) {
    Dataset<Row> result = sql(query);
    List<Row> rows = result.collectAsList();
    String plan = result.queryExecution().executedPlan().toString();
    assertThat(plan).contains("ModelCalls");
    return rows;
  }

  private static String continuation(int tokens) {
    return sql("SELECT octavo_generate($m, 'The city of London', maxTokens => " + tokens + ")")
        .head()
        .getString(0);
  }

  @Test
  void continuesAsTheLibraryThatTrainedTheModel() {
    int added = expected.path("greedy_ids").size() - expected.path("prompt_ids").size();

    assertThat("The city of London" + continuation(added))
        .isEqualTo(expected.path("greedy_text").asText());
  }

  @Test
  void answersInSelectTogetherWithOtherFunctions() {
    List<Row> rows =
        rows(
            "SELECT prompt, octavo_generate($m, prompt, 5) AS g, octavo_score($m, prompt) AS s,"
                + " octavo_tokens($m, prompt) AS t, octavo_embed($m, prompt) AS e FROM prompts");

    assertThat(rows).hasSize(6);
    for (Row row : rows) {
      assertThat(row.<Integer>getList(3)).isNotEmpty();
      assertThat(row.getStruct(2).getLong(1)).isEqualTo(row.getList(3).size() - 1);
      assertThat(row.getStruct(2).getDouble(2)).isGreaterThan(1);
      assertThat(row.getList(4)).hasSize(320);
      if (row.getString(0).equals("The city of London")) {
        assertThat(row.getString(1)).isEqualTo(continuation(5));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SELECT count(*) FROM prompts WHERE octavo_score($m, prompt).nll > 0|6",
        "SELECT sum(c) FROM (SELECT octavo_generate($m, prompt, 3) g, count(*) c FROM prompts GROUP BY octavo_generate($m, prompt, 3))|6",
        "SELECT count(*) FROM prompts a JOIN prompts b ON octavo_generate($m, a.prompt, 3) = octavo_generate($m, b.prompt, 3) AND a.prompt = b.prompt|8",
        "SELECT max(size(octavo_tokens($m, prompt))) FROM prompts|6",
        "SELECT count(*) FROM (SELECT prompt FROM prompts ORDER BY octavo_score($m, prompt).perplexity LIMIT 4)|4",
        "SELECT count(*) FROM prompts WHERE prompt IN (SELECT prompt FROM prompts WHERE size(octavo_tokens($m, prompt)) = 6)|2",
        "SELECT sum(size(octavo_tokens($m, octavo_generate($m, concat(prompt, ' ,'), 4)))) > 10 FROM prompts|true",
        "SELECT sum(r) FROM (SELECT row_number() OVER (ORDER BY octavo_score($m, prompt).nll) r FROM prompts)|21",
        "SELECT count(DISTINCT octavo_embed($m, prompt)) FROM prompts|5",
        "SELECT count(*) FROM prompts HAVING max(octavo_score($m, prompt).tokens) = 5|6"
      })
  void answersInEveryClause(String query, String answer) {
    assertThat(String.valueOf(rows(query).get(0).get(0))).isEqualTo(answer);
  }

  @Test
  void fillsTables() {
    sql(
        "CREATE TABLE answers USING parquet AS SELECT prompt, octavo_generate($m, prompt, 3) g FROM prompts");
    assertThat(spark.table("answers").filter("g IS NOT NULL").count()).isEqualTo(6);
    sql("INSERT INTO answers SELECT prompt, octavo_generate($m, prompt, 4) FROM prompts");
    assertThat(spark.table("answers").count()).isEqualTo(12);
  }

  @Test
  void answersStreams() throws Exception {
    Path in = Files.createDirectories(directory.resolve("in"));
    Files.writeString(in.resolve("a.txt"), "The river\nIn the year\n");
    spark
        .readStream()
        .text(in.toString())
        .selectExpr("octavo_generate('" + wiki + "', value, 3) AS g")
        .writeStream()
        .format("memory")
        .queryName("streamed")
        .start()
        .processAllAvailable();
    assertThat(spark.table("streamed").filter("g IS NOT NULL").count()).isEqualTo(2);
    spark.streams().active()[0].stop();
  }

  @Test
  void drawsBySeedAndPromptAlone() {
    String query =
        "SELECT prompt, octavo_generate($m, prompt, maxTokens => 8, temperature => 0.9, topP => 0.95, seed => %d) FROM prompts";
    List<Row> first = sql(query.formatted(7)).orderBy("prompt").collectAsList();
    List<Row> again =
        spark
            .table("prompts")
            .repartition(1)
            .selectExpr(
                "prompt",
                "octavo_generate('"
                    + wiki
                    + "', prompt, maxTokens => 8, temperature => 0.9, topP => 0.95, seed => 7)")
            .orderBy("prompt")
            .collectAsList();
    assertThat(again).isEqualTo(first);
    assertThat(sql(query.formatted(8)).orderBy("prompt").collectAsList()).isNotEqualTo(first);
  }

  @Test
  void givesNullForNullAndErrorsAsValues() {
    spark
        .createDataset(
            java.util.Arrays.asList(null, "", "word ".repeat(200_000), "The river"),
            Encoders.STRING())
        .toDF("prompt")
        .createOrReplaceTempView("bad");
    List<Row> rows =
        rows(
            "SELECT r.response, r.error, r IS NULL, t FROM (SELECT octavo_generate($m, prompt, maxTokens => 2, failOnError => false) r, octavo_score($m, left(prompt, 9)).tokens t FROM bad)");

    assertThat(rows.get(0).isNullAt(0) && rows.get(0).isNullAt(1)).isTrue();
    assertThat(rows.get(0).getBoolean(2)).isTrue();
    assertThat(rows.get(0).isNullAt(3)).isTrue();
    assertThat(rows.get(1).getString(1)).contains("empty prompt");
    assertThat(rows.get(1).getLong(3)).isZero();
    assertThat(rows.get(2).getString(1)).contains("the model's context has 512");
    assertThat(rows.get(3).getString(0)).isNotEmpty();
    assertThat(rows.get(3).isNullAt(1)).isTrue();

    assertThatThrownBy(() -> rows("SELECT octavo_generate($m, prompt) FROM bad"))
        .rootCause()
        .hasMessageContaining("empty prompt");
    assertThatThrownBy(
            () -> rows("SELECT octavo_generate($m, CAST(unhex('4142FF') AS STRING)) FROM bad"))
        .rootCause()
        .hasMessageContaining("not valid UTF-8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "octavo_generate($m, prompt, maxTokens => 0)|Invalid maxTokens: 0",
        "octavo_generate($m, prompt, tokens => 3)|argument tokens, unknown",
        "octavo_generate(prompt, prompt)|not the same for all rows",
        "octavo_generate($m, prompt, temperature => -1)|Invalid temperature: -1.0",
        "octavo_generate($m, prompt, stop => array(''))|Invalid stop",
        "octavo_generate($m)|argument prompt is missing",
        "octavo_embed($m, 3)|wants a string",
        "octavo_score($m, prompt, 8, true, 2)|5 arguments without a name",
        "octavo_score($m, prompt, window => 1)|Invalid window: 1"
      })
  void refusesWrongCallsBeforeTheyRun(String call, String why) {
    assertThatThrownBy(() -> sql("SELECT " + call + " FROM prompts").queryExecution().analyzed())
        .hasStackTraceContaining(why);
  }

  @Test
  void saysWhatIsWrongWithADirectory() {
    assertThatThrownBy(() -> spark.sql("SELECT octavo_tokens('/nowhere', 'a')").collectAsList())
        .hasStackTraceContaining("/nowhere");
  }

  @ParameterizedTest
  @ValueSource(strings = {"octavo_generate", "octavo_score", "octavo_embed", "octavo_tokens"})
  void describesItself(String function) {
    String text = spark.sql("DESCRIBE FUNCTION EXTENDED " + function).collectAsList().toString();
    assertThat(text).contains("model - string, path of a model's directory").contains("Examples");
  }

  @Test
  void blamesNoRowForAnEngineThatHasDied() throws Exception {
    CompletableFuture<List<Row>> running =
        CompletableFuture.supplyAsync(
            () ->
                rows(
                    "SELECT octavo_generate($m, concat('The city ', id), 400, failOnError => false) FROM range(500)"));
    try (ModelCache.Lease lease =
        ModelCache.PROCESS.lend(
            Set.of(wiki),
            OctavoConf.of(spark.sparkContext().conf()),
            spark.sparkContext().hadoopConfiguration(),
            Placement.ofThreads(1))) {
      ServedModel model = lease.model(wiki);
      long before = model.computedTokens();
      while (model.computedTokens() == before && !running.isDone()) {
        Thread.onSpinWait();
      }
      model.close();
    }
    assertThatThrownBy(running::join)
        .hasStackTraceContaining("a task that is tried again loads the model anew");
    assertThat(continuation(3)).isNotEmpty();
  }

  @Test
  void loadsAModelOnce() {
    rows("SELECT octavo_tokens($m, prompt) FROM prompts");
    assertThat(ModelCache.PROCESS.size()).isEqualTo(1);
  }
}
