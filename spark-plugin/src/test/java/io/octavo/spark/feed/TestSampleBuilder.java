package io.octavo.spark.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.spark.LocalCluster;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TestSampleBuilder {

  private static final int LENGTH = 31;
  private static final int VOCABULARY = 272;

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = SparkSession.builder().config(LocalCluster.threads(2)).getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
  }

  @AfterAll
  static void stop() throws IOException {
    spark.close();
  }

  private static List<String> documents(int count) {
    Random random = new Random(3);
    List<String> documents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      documents.add("%d ".formatted(i).repeat(1 + random.nextInt(40)));
    }
    return documents;
  }

  private static Map<Long, String> samples(Dataset<Row> data, String column) {
    return new SampleBuilder(column, TokenizerSpec.bytes(), LENGTH, VOCABULARY)
        .build(data).collect().stream()
            .collect(
                Collectors.toMap(
                    Sample::id, s -> Arrays.toString(s.tokens()), (a, b) -> a, TreeMap::new));
  }

  private static Dataset<Row> text(List<String> documents, int partitions) {
    return spark.createDataset(documents, Encoders.STRING()).toDF("body").repartition(partitions);
  }

  @Test
  void samplesDoNotDependOnHowTheInputLies() {
    List<String> documents = documents(157);
    Map<Long, String> expected = samples(text(documents, 1), "body");
    List<String> shuffled = new ArrayList<>(documents);
    Collections.shuffle(shuffled, new Random(8));

    assertThat(expected).hasSizeGreaterThan(100);
    assertThat(samples(text(shuffled, 5), "body")).isEqualTo(expected);
  }

  @Test
  void noTokenOfTextIsLostAndEachDocumentEnds() {
    List<String> documents = documents(29);
    long bytes = documents.stream().mapToLong(d -> d.getBytes(StandardCharsets.UTF_8).length).sum();
    List<Sample> samples =
        new SampleBuilder("body", TokenizerSpec.bytes(), LENGTH, VOCABULARY)
            .build(text(documents, 3))
            .collect();
    int end = TokenizerSpec.bytes().endOfText();

    long ids =
        samples.stream().flatMapToInt(s -> Arrays.stream(s.tokens())).filter(i -> i >= 0).count();
    long ends =
        samples.stream().flatMapToInt(s -> Arrays.stream(s.tokens())).filter(i -> i == end).count();
    assertThat(ends).isEqualTo(documents.size());
    assertThat(ids).isEqualTo(bytes + documents.size());
    assertThat(samples).allSatisfy(s -> assertThat(s.tokens()).hasSize(LENGTH));
  }

  private static Dataset<Row> tokens(DataType element, Object... rows) {
    StructType schema = new StructType().add("ids", DataTypes.createArrayType(element));
    return spark.createDataFrame(Arrays.stream(rows).map(RowFactory::create).toList(), schema);
  }

  @Test
  void takesIdsOfEveryWidthPadsThemAndLeavesOutWhatHoldsNoTarget() {
    Map<Long, String> ints =
        samples(tokens(DataTypes.IntegerType, List.of(1, 2, 271), List.of(5), List.of()), "ids");
    int[] expected = new int[LENGTH];
    Arrays.fill(expected, -1);
    System.arraycopy(new int[] {1, 2, 271}, 0, expected, 0, 3);

    assertThat(ints.values()).containsExactly(Arrays.toString(expected));
    assertThat(samples(tokens(DataTypes.LongType, List.of(1L, 2L, 271L)), "ids").values())
        .containsExactly(Arrays.toString(expected));
    Object shorts = List.of((short) 1, (short) 2, (short) 271);
    assertThat(samples(tokens(DataTypes.ShortType, shorts), "ids").values())
        .containsExactly(Arrays.toString(expected));
  }

  @Test
  void refusesIdsThatTheModelDoesNotHaveAndRowsThatAreTooLong() {
    for (Integer wrong : Arrays.asList(272, -2, Integer.MAX_VALUE, null)) {
      assertThatThrownBy(
              () -> samples(tokens(DataTypes.IntegerType, Arrays.asList(1, wrong)), "ids"))
          .hasStackTraceContaining(
              "Cannot train on token id %s in column ids: the model has ids 0 to 271"
                  .formatted(wrong));
    }
    assertThatThrownBy(
            () -> samples(tokens(DataTypes.LongType, Collections.nCopies(LENGTH + 1, 7L)), "ids"))
        .hasStackTraceContaining("Cannot train on a row of 32 tokens in column ids");
  }

  @Test
  void holdsOutTheShareThatIsAskedFor() {
    int heldOut = 0;
    for (int id = 0; id < 10_000; id++) {
      heldOut += SampleBuilder.isHeldOut(new Sample(id, new int[0]), 0.1) ? 1 : 0;
      assertThat(SampleBuilder.isHeldOut(new Sample(id, new int[0]), 0)).isFalse();
      assertThat(SampleBuilder.isHeldOut(new Sample(id, new int[0]), 1)).isTrue();
    }
    assertThat(heldOut).isBetween(900, 1100);
  }
}
