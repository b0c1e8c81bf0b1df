package io.octavo.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.serve.GenerationRequest;
import io.octavo.serve.Score;
import io.octavo.serve.ServedModel;
import io.octavo.spark.LocalCluster;
import io.octavo.spark.serve.ModelCache;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.adaptive.AdaptiveSparkPlanExec;
import org.apache.spark.sql.execution.adaptive.QueryStageExec;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The functions in every clause, against the engine asked one text at a time. */
class TestModelCallPlans {

  private static final int ROWS = 31;

  @TempDir static Path directory;

  private static SparkSession spark;
  private static String model;
  private static ServedModel alone;

  @BeforeAll
  static void start() throws IOException {
    Path written = RandomModel.write(directory.resolve("model"), 7);
    model = written.toString();
    alone = RandomModel.open(written);
    SparkConf conf =
        LocalCluster.threads(2)
            .set("spark.sql.shuffle.partitions", "3")
            .set("spark.sql.warehouse.dir", directory.resolve("warehouse").toUri().toString())
            .set("spark.octavo.serve.cacheMemory", "8m");
    spark = SparkSession.builder().config(conf).getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
    spark
        .range(0, ROWS, 1, 4)
        .selectExpr(
            "id", "id % 3 as k", "if(id = 5, null, concat('text ', id % 13)) as text", "id as pad")
        .createOrReplaceTempView("t");
  }

  @AfterAll
  static void stop() throws IOException {
    alone.close();
    spark.close();
    assertThat(ModelCache.PROCESS.size()).isZero();
  }

  private static Dataset<Row> sql(String text) {
    return spark.sql(text.replace("$m", "'" + model + "'"));
  }

  private static String text(long id) {
    return "text " + id % 13;
  }

  private static String continued(String prompt, int maxTokens) {
    int[] ids = alone.tokenizer().encode(prompt);
    return alone.generate(GenerationRequest.greedy(ids, maxTokens)).join().text();
  }

  private static long tokens(String text) {
    return alone.tokenizer().encode(text).length;
  }

  private static long rowsAsked(Dataset<Row> query) {
    query.collect();
    return calls(query.queryExecution().executedPlan())
        .mapToLong(calls -> (Long) calls.metrics().apply("numOutputRows").value())
        .sum();
  }

  private static Stream<ModelCallsExec> calls(SparkPlan plan) {
    if (plan instanceof AdaptiveSparkPlanExec adaptive) {
      return calls(adaptive.executedPlan());
    }
    if (plan instanceof QueryStageExec stage) {
      return calls(stage.plan());
    }
    Stream<ModelCallsExec> own =
        plan instanceof ModelCallsExec calls ? Stream.of(calls) : Stream.empty();
    return Stream.concat(
        own, Scala.list(plan.children()).stream().flatMap(TestModelCallPlans::calls));
  }

  @Test
  void continuesEveryRowAsTheEngineAlone() {
    List<Row> rows =
        sql("SELECT id, octavo_generate($m, text, maxTokens => 9) AS g FROM t").collectAsList();
    assertThat(rows).hasSize(ROWS);
    for (Row row : rows) {
      String expected = row.getLong(0) == 5 ? null : continued(text(row.getLong(0)), 9);
      assertThat(row.getString(1)).isEqualTo(expected);
    }
  }

  @Test
  void takesArgumentsByNameInAnyOrderOrByPlace() {
    Row row =
        sql("SELECT octavo_generate(prompt => 'abc', maxtokens => 5, model => $m), octavo_generate($m, 'abc', 5), octavo_generate($m, 'abc', temperature => 0.0, maxTokens => 2 + 3)")
            .head();
    assertThat(row.getString(0)).isEqualTo(continued("abc", 5));
    assertThat(row.getString(1)).isEqualTo(row.getString(0));
    assertThat(row.getString(2)).isEqualTo(row.getString(0));
  }

  @Test
  void scoresEmbedsAndCuts() {
    Row row =
        sql("SELECT octavo_score($m, text) s, octavo_embed($m, text) e, octavo_tokens($m, text) c, octavo_score($m, '') n FROM t WHERE id = 3")
            .head();
    int[] ids = alone.tokenizer().encode(text(3));
    Score score = alone.score(ids).join();
    assertThat(row.getStruct(0).getDouble(0)).isEqualTo(score.negativeLogLikelihood());
    assertThat(row.getStruct(0).getLong(1)).isEqualTo(score.tokens());
    assertThat(row.getStruct(0).getDouble(2)).isEqualTo(score.perplexity());
    float[] embedding = alone.embed(ids).join();
    assertThat(row.<Float>getList(1))
        .isEqualTo(IntStream.range(0, embedding.length).mapToObj(i -> embedding[i]).toList());
    assertThat(row.<Integer>getList(2)).isEqualTo(IntStream.of(ids).boxed().toList());
    assertThat(row.getStruct(3).getLong(1)).isZero();
    assertThat(row.getStruct(3).isNullAt(2)).isTrue();
  }

  @Test
  void decidesWhatNeedsNoModelFirst() {
    Dataset<Row> query =
        sql("SELECT id FROM t WHERE size(octavo_tokens($m, text)) > 6 AND id < 12 AND k = 1");
    assertThat(query.collectAsList()).containsExactly(RowFactory.create(10L));
    assertThat(rowsAsked(query)).isEqualTo(4);
  }

  @Test
  void computesEqualCallsOnce() {
    Dataset<Row> query =
        sql(
            "SELECT octavo_generate($m, text, maxTokens => 3) a, upper(octavo_generate($m, text, 3)) b FROM t WHERE octavo_generate($m, text, 3) IS NOT NULL");
    assertThat(query.collectAsList()).hasSize(ROWS - 1);
    assertThat(rowsAsked(query)).isEqualTo(ROWS);
  }

  @Test
  void asksOnlyAboutRowsWithinALimit() {
    Dataset<Row> query = sql("SELECT octavo_generate($m, text, 3), id FROM t LIMIT 2");
    assertThat(query.collectAsList()).hasSize(2);
    assertThat(rowsAsked(query)).isLessThanOrEqualTo(2L * 4);
  }

  @Test
  void sortsAndLimitsBeforeItAsksWhereTheOrderNeedsNoAnswer() {
    Dataset<Row> query =
        sql(
            "SELECT octavo_generate($m, text, 3) g, size(octavo_tokens($m, octavo_generate($m, text, 3))) FROM t ORDER BY k * 100 - id DESC, text LIMIT 4");
    assertThat(query.collectAsList())
        .extracting(row -> row.getString(0))
        .containsExactly(
            continued(text(2), 3), null, continued(text(8), 3), continued(text(11), 3));
    assertThat(rowsAsked(query)).as("two calls, one on the answers of the other").isEqualTo(8);

    Dataset<Row> within =
        sql(
            "SELECT id, upper(g) FROM (SELECT id + 0 AS id, octavo_generate($m, text, 3) g FROM t ORDER BY 1 LIMIT 3) WHERE id > 0");
    assertThat(within.collectAsList())
        .containsExactly(
            RowFactory.create(1L, continued(text(1), 3).toUpperCase(Locale.ROOT)),
            RowFactory.create(2L, continued(text(2), 3).toUpperCase(Locale.ROOT)));
    assertThat(rowsAsked(within)).isEqualTo(3);
  }

  @Test
  void asksAboutAllRowsWhereAnswersDecideWhichAreLeft() {
    Dataset<Row> query =
        sql(
            "SELECT id, octavo_generate($m, text, 3) g FROM t ORDER BY octavo_score($m, text).nll DESC NULLS LAST, id LIMIT 3");
    List<Row> rows = query.collectAsList();
    assertThat(rows.get(0).getString(1)).isEqualTo(continued(text(rows.get(0).getLong(0)), 3));
    assertThat(rowsAsked(query)).isGreaterThanOrEqualTo(ROWS);
    Dataset<Row> filtered =
        sql("SELECT id FROM t WHERE size(octavo_tokens($m, text)) = 7 ORDER BY id LIMIT 1");
    assertThat(filtered.collectAsList()).containsExactly(RowFactory.create(10L));
    assertThat(rowsAsked(filtered)).isEqualTo(ROWS);
  }

  @Test
  void tellsHowFullTheEnginesStepsWere() {
    Dataset<Row> query =
        sql("SELECT octavo_score($m, concat('text ', id)).nll FROM range(0, 31, 1, 1)");
    query.collect();
    long tenths =
        calls(query.queryExecution().executedPlan())
            .mapToLong(calls -> (Long) calls.metrics().apply("stepRows").value())
            .sum();
    assertThat(tenths).as("one row alone has 6 or 7 tokens").isGreaterThan(100);
  }

  @Test
  void groupsByAnswersAndAsksAboutAggregates() {
    List<Row> groups =
        sql("SELECT size(octavo_tokens($m, text)) n, count(*) c, max(octavo_score($m, text).tokens) FROM t WHERE text IS NOT NULL GROUP BY size(octavo_tokens($m, text)) ORDER BY n")
            .collectAsList();
    long longTexts = IntStream.range(0, ROWS).filter(i -> i != 5 && i % 13 > 9).count();
    assertThat(groups)
        .containsExactly(
            RowFactory.create(6, ROWS - 1 - longTexts, 5L), RowFactory.create(7, longTexts, 6L));
    List<Row> asked =
        sql("SELECT k, octavo_generate($m, max(text), 4) g FROM t GROUP BY k HAVING size(octavo_tokens($m, min(text))) > 0 ORDER BY k")
            .collectAsList();
    for (Row row : asked) {
      String most =
          IntStream.range(0, ROWS)
              .filter(i -> i != 5 && i % 3 == row.getLong(0))
              .mapToObj(TestModelCallPlans::text)
              .max(String::compareTo)
              .orElseThrow();
      assertThat(row.getString(1)).isEqualTo(continued(most, 4));
    }
    assertThat(asked).hasSize(3);
  }

  @Test
  void ordersAndWindowsByAnswers() {
    List<Row> rows =
        sql("SELECT id, row_number() OVER (PARTITION BY k ORDER BY octavo_score($m, text).nll, id) r FROM t ORDER BY octavo_score($m, text).nll DESC, id LIMIT 3")
            .collectAsList();
    assertThat(rows).hasSize(3);
    double best =
        IntStream.range(0, ROWS)
            .filter(i -> i != 5)
            .mapToDouble(
                i -> alone.score(alone.tokenizer().encode(text(i))).join().negativeLogLikelihood())
            .max()
            .orElseThrow();
    double first =
        alone
            .score(alone.tokenizer().encode(text(rows.get(0).getLong(0))))
            .join()
            .negativeLogLikelihood();
    assertThat(first).isEqualTo(best);
  }

  @Test
  void joinsByAnswersOfOneSideAndOfBoth() {
    long equal =
        sql("SELECT count(*) FROM t JOIN (SELECT explode(array(6, 7)) n) ON size(octavo_tokens($m, text)) = n")
            .head()
            .getLong(0);
    assertThat(equal).isEqualTo(ROWS - 1);
    Dataset<Row> both =
        sql(
            "SELECT a.id, b.id FROM t a JOIN t b ON a.id = b.id + 10 AND size(octavo_tokens($m, concat(a.text, b.text))) = 13");
    long expected =
        IntStream.range(10, ROWS)
            .filter(i -> i != 5 && i != 15)
            .filter(i -> tokens(text(i) + text(i - 10)) == 13)
            .count();
    assertThat(both.collectAsList()).hasSize((int) expected);
    assertThatThrownBy(
            () ->
                sql("SELECT a.id FROM t a LEFT JOIN t b ON a.id = b.id AND size(octavo_tokens($m, concat(a.text, b.text))) = 12")
                    .collect())
        .hasStackTraceContaining("asks a model about columns of both sides");
  }

  @Test
  void callsCanBeNestedAndInSubqueries() {
    Row row =
        sql("SELECT octavo_generate($m, octavo_generate($m, 'ab', maxTokens => 3), maxTokens => 4), (SELECT max(octavo_generate($m, text, 2)) FROM t WHERE id = 4), 8 IN (SELECT size(octavo_tokens($m, concat(text, '!'))) FROM t)")
            .head();
    assertThat(row.getString(0)).isEqualTo(continued(continued("ab", 3), 4));
    assertThat(row.getString(1)).isEqualTo(continued(text(4), 2));
    assertThat(row.getBoolean(2)).isTrue();
    long correlated =
        sql("SELECT count(*) FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.id = a.id + 1 AND size(octavo_tokens($m, b.text)) = 7)")
            .head()
            .getLong(0);
    assertThat(correlated)
        .isEqualTo(IntStream.range(1, ROWS).filter(i -> i != 5 && i % 13 > 9).count());
  }

  @Test
  void fillsTablesAndStreams() throws Exception {
    sql("CREATE TABLE answers USING parquet AS SELECT id, octavo_generate($m, text, 3) g FROM t");
    assertThat(sql("SELECT count(g) FROM answers").head().getLong(0)).isEqualTo(ROWS - 1);
    sql("SELECT id, g, octavo_generate($m, g, 2, failOnError => false).response h FROM answers WHERE id = 7")
        .collectAsList()
        .forEach(row -> assertThat(row.getString(2)).isEqualTo(continued(row.getString(1), 2)));
    Path input = directory.resolve("input");
    sql("SELECT text FROM t WHERE id < 4").write().parquet(input.toString());
    spark
        .readStream()
        .schema(new StructType().add("text", DataTypes.StringType))
        .parquet(input.toString())
        .selectExpr("text", "octavo_generate('" + model + "', text, 3) as g")
        .writeStream()
        .format("memory")
        .queryName("streamed")
        .trigger(Trigger.AvailableNow())
        .start()
        .awaitTermination();
    List<Row> streamed = spark.table("streamed").collectAsList();
    assertThat(streamed).hasSize(4);
    for (Row row : streamed) {
      assertThat(row.getString(1)).isEqualTo(continued(row.getString(0), 3));
    }
  }

  @Test
  void drawsByContentHoweverRowsAreSpread() {
    String query =
        "SELECT text, octavo_generate($m, text, 8, temperature => 1.3, seed => %d) g FROM t";
    List<Row> rows = sql(query.formatted(5)).distinct().orderBy("text").collectAsList();
    List<Row> spread =
        sql("WITH t AS (SELECT /*+ REPARTITION(5) */ text FROM t ORDER BY id DESC) "
                + query.formatted(5))
            .distinct()
            .orderBy("text")
            .collectAsList();
    assertThat(rows).hasSize(14).isEqualTo(spread);
    assertThat(sql(query.formatted(6)).distinct().orderBy("text").collectAsList())
        .isNotEqualTo(rows);
  }

  @Test
  void badRowsAreValuesOrFailTheQuery() {
    String rows =
        "(SELECT explode(array('fine', '', repeat('x', 64), repeat('long ', 200000), cast(X'66ff' as string), null)) p)";
    List<Row> answers =
        sql("SELECT a.response, a.error, a IS NULL FROM (SELECT octavo_generate($m, p, 3, failOnError => false) a FROM "
                + rows
                + ")")
            .collectAsList();
    assertThat(answers.get(0).getString(0)).isEqualTo(continued("fine", 3));
    assertThat(answers.get(0).isNullAt(1)).isTrue();
    assertThat(answers.get(1).getString(1)).contains("an empty prompt");
    assertThat(answers.get(2).getString(1)).contains("prompt of 64 tokens");
    assertThat(answers.get(3).getString(1)).contains("prompt of 1000000 tokens");
    assertThat(answers.get(4).getString(1)).contains("not valid UTF-8");
    assertThat(answers.get(5).getBoolean(2)).isTrue();
    assertThatThrownBy(() -> sql("SELECT octavo_generate($m, p, 3) FROM " + rows).collect())
        .hasStackTraceContaining("Cannot answer octavo_generate for");
    Row longText = sql("SELECT octavo_score($m, repeat('long ', 20000)).tokens").head();
    assertThat(longText.getLong(0)).isEqualTo(100_000L - (100_000 + 63) / 64);
  }

  @Test
  void refusesToBeCalledOnElementsOfArrays() {
    assertThatThrownBy(
            () ->
                sql("SELECT transform(array(text), x -> octavo_generate($m, x)) FROM t").collect())
        .hasMessageContaining("inside a lambda function");
  }
}
