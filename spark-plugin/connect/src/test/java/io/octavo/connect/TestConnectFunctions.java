package io.octavo.connect;

import static org.apache.spark.sql.functions.call_function;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a Connect client, without a class of Octavo, gets of a server with the plugin alone. */
class TestConnectFunctions {

  private static final double ROUNDING = 1e-4;

  @TempDir static Path directory;

  private static ConnectServer server;
  private static SparkSession spark;
  private static String model;

  @BeforeAll
  static void start() throws Exception {
    AlphabetModel.write(directory);
    model = directory.toString();
    server = ConnectServer.start(directory);
    spark = SparkSession.builder().remote(server.address()).getOrCreate();
    spark
        .createDataset(Arrays.asList("abc", "mno", "az", "", null), Encoders.STRING())
        .toDF("body")
        .createOrReplaceTempView("tickets");
  }

  @AfterAll
  static void stop() throws Exception {
    try (ConnectServer ending = server) {
      spark.close();
    }
  }

  private static List<Row> sql(String query) {
    return spark.sql(query, Map.<String, Object>of("model", model)).collectAsList();
  }

  @Test
  void theClientKnowsNothingOfThePlugin() {
    assertThat(spark.getClass().getName()).isEqualTo("org.apache.spark.sql.connect.SparkSession");
    assertThatThrownBy(() -> Class.forName("io.octavo.spark.OctavoPlugin"))
        .isInstanceOf(ClassNotFoundException.class);
    assertThatThrownBy(() -> Class.forName("org.apache.spark.sql.classic.SparkSession"))
        .isInstanceOf(ClassNotFoundException.class);
  }

  @Test
  void answersAQueryWithNamedArguments() {
    assertThat(
            sql(
                "SELECT octavo_generate(:model, body, seed => 3, maxTokens => 4) FROM tickets WHERE body LIKE '_%' ORDER BY body"))
        .extracting(row -> row.getString(0))
        .containsExactly("defg", "{|}~", "pqrs");
  }

  @Test
  void answersADataFrameByPlaceAndByName() {
    Dataset<Row> tickets = spark.table("tickets").filter("body = 'abc'");

    assertThat(
            tickets
                .select(call_function("octavo_generate", lit(model), col("body"), lit(3)))
                .head()
                .getString(0))
        .isEqualTo("def");
    assertThat(
            tickets
                .select(
                    expr("octavo_generate('%s', body, stop => array('f'))".formatted(model))
                        .as("answer"))
                .head()
                .getString(0))
        .isEqualTo("de");
  }

  @Test
  void answersInAConditionAndInAggregates() {
    assertThat(
            sql(
                "SELECT body FROM tickets WHERE octavo_score(:model, body).perplexity < 2 ORDER BY body"))
        .extracting(row -> row.getString(0))
        .containsExactly("abc", "mno");
    Row sums =
        sql("SELECT sum(octavo_score(:model, body).nll), sum(size(octavo_tokens(:model, body))) FROM tickets")
            .get(0);
    assertThat(sums.getDouble(0))
        .isCloseTo(
            4 * AlphabetModel.expectedToken() + AlphabetModel.otherToken(), within(ROUNDING));
    assertThat(sums.getLong(1)).isEqualTo(8);
  }

  @Test
  void givesRowsThatCannotBeAnsweredAsValues() {
    List<Row> rows =
        sql(
            "SELECT body, r.response, r.error, r IS NULL FROM (SELECT body, octavo_generate(:model, body, maxTokens => 1, failOnError => false) r FROM tickets) WHERE body IS NULL OR body IN ('', 'abc') ORDER BY body");

    assertThat(rows.get(0).getBoolean(3)).isTrue();
    assertThat(rows.get(1).isNullAt(1)).isTrue();
    assertThat(rows.get(1).getString(2)).contains("empty prompt");
    assertThat(rows.get(2).getString(1)).isEqualTo("d");
    assertThat(rows.get(2).isNullAt(2)).isTrue();
  }

  @Test
  void bringsMessagesToTheClient() {
    assertThatThrownBy(() -> sql("SELECT octavo_generate(:model, body, tokens => 3) FROM tickets"))
        .hasMessageContaining("argument tokens, unknown");
    assertThatThrownBy(() -> sql("SELECT octavo_generate(:model, '')"))
        .hasMessageContaining("failOnError => false");
  }

  @Test
  void castsVectors() {
    Row row =
        spark
            .range(1)
            .selectExpr("octavo_quantize(array(-4f, 2f, 1f), 'int8', 3) AS q")
            .selectExpr("octavo_similarity(q, q)", "octavo_dequantize(q)", "q.format")
            .head();

    assertThat(row.getDouble(0)).isCloseTo(1, within(1e-6));
    assertThat(row.<Float>getList(1).get(0)).isCloseTo(-4f, within(1e-5f));
    assertThat(row.getString(2)).isEqualTo("int8");
  }

  @Test
  void describesFunctions() {
    assertThat(spark.sql("DESCRIBE FUNCTION EXTENDED octavo_score").collectAsList().toString())
        .contains("perplexity");
  }
}
