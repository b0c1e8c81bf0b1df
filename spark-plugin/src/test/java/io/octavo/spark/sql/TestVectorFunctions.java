package io.octavo.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.Tensors;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.spark.LocalCluster;
import io.octavo.tensor.QuantizedTensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Casts of vectors against the reference quantizer, bit for bit. */
class TestVectorFunctions {

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

  private static float[] random(int length, long seed) {
    Random random = new Random(seed);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) (random.nextGaussian() * Math.exp(3 * random.nextGaussian()));
    }
    if (length > 2) {
      values[1] = Float.NaN;
      values[2] = Float.NEGATIVE_INFINITY;
    }
    return values;
  }

  private static void view(String name, float[]... vectors) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < vectors.length; i++) {
      rows.add(RowFactory.create(i, vectors[i]));
    }
    StructType schema =
        new StructType()
            .add("id", DataTypes.IntegerType)
            .add("v", DataTypes.createArrayType(DataTypes.FloatType, true));
    spark.createDataFrame(rows, schema).createOrReplaceTempView(name);
  }

  private static ElementFormat element(String format) {
    return switch (format) {
      case "e4m3" -> ElementFormat.E4M3;
      case "e5m2" -> ElementFormat.E5M2;
      case "e2m1" -> ElementFormat.E2M1;
      case "int8" -> new IntegerFormat(8);
      default -> new IntegerFormat(4);
    };
  }

  @ParameterizedTest
  @CsvSource({
    "e4m3, 32, 127",
    "e5m2, 13, 31",
    "e2m1, 16, 33",
    "int8, 1000, 129",
    "int4, 7, 64",
    "e4m3, 1, 3",
    "e2m1, 64, 1"
  })
  void castsWithTheBitsOfTheReference(String format, int group, int length) throws Exception {
    float[] values = random(length, 31L * length + group);
    view("vectors", values);
    Row cast =
        spark
            .sql("SELECT octavo_quantize(v, '%s', %d) q FROM vectors".formatted(format, group))
            .select("q.*")
            .head();
    try (ReferenceBackend backend = new ReferenceBackend();
        Tensors tensors = new Tensors(backend)) {
      QuantSpec spec =
          new QuantSpec(
              element(format),
              ScaleFormat.FP32,
              new Granularity.Group(group),
              Rounding.NEAREST_EVEN);
      QuantizedTensor expected = tensors.codes(spec, 1, length);
      backend.quantize().quantize(tensors.of(values, 1, length), expected, RandomStream.NONE);
      assertThat(cast.getString(0)).isEqualTo(format);
      assertThat(cast.<Float>getList(4).toArray()).isEqualTo(boxed(tensors.scales(expected)));
      byte[] codes = cast.getAs("codes");
      byte[] expectedCodes = tensors.codes(expected.codes());
      boolean half = spec.element().bits() == 4;
      for (int i = 0; i < length; i++) {
        int code = half ? codes[i / 2] >> 4 * (i % 2) & 0xF : codes[i] & 0xFF;
        assertThat(code).isEqualTo(expectedCodes[i] & 0xFF);
      }
    }
  }

  private static Object[] boxed(float[] values) {
    List<Object> boxed = new ArrayList<>();
    for (float value : values) {
      boxed.add(value);
    }
    return boxed.toArray();
  }

  @Test
  void numbersComeBackAsCodesTimesScales() {
    List<Float> values =
        spark
            .sql(
                "SELECT octavo_dequantize(octavo_quantize(array(1.0, -0.5, 0.25, 3.0, 0.0), format => 'e2m1', group => 2))")
            .head()
            .getList(0);
    assertThat(values).containsExactly(1f, -0.5f, 0.25f, 3f, 0f);
  }

  @Test
  void similarityIsTheCosineOfTheNumbers() {
    float[] left = new float[101];
    float[] right = new float[101];
    Random random = new Random(5);
    for (int i = 0; i < left.length; i++) {
      left[i] = (float) random.nextGaussian();
      right[i] = left[i] + (float) random.nextGaussian();
    }
    view("pairs", left, right);
    Row row =
        spark
            .sql(
                "SELECT octavo_similarity(a.q, b.q), octavo_dequantize(a.q), octavo_dequantize(b.q), octavo_similarity(a.q, a.q) FROM (SELECT octavo_quantize(v, 'int8', 17) q FROM pairs WHERE id = 0) a, (SELECT octavo_quantize(v, 'e2m1', 32) q FROM pairs WHERE id = 1) b")
            .head();
    List<Float> x = row.getList(1);
    List<Float> y = row.getList(2);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < left.length; i++) {
      xy += (double) x.get(i) * y.get(i);
      xx += (double) x.get(i) * x.get(i);
      yy += (double) y.get(i) * y.get(i);
    }
    assertThat(row.getDouble(0)).isCloseTo(xy / Math.sqrt(xx * yy), within(1e-6));
    assertThat(row.getDouble(3)).isCloseTo(1, within(1e-12));
  }

  @Test
  void nullsAndEmptyVectorsGiveNoNumbers() {
    Row row =
        spark
            .sql(
                "SELECT octavo_quantize(null, 'int8', 4), octavo_quantize(array(1f, null), 'int8', 4), octavo_quantize(array(), 'int8', 4).length, octavo_dequantize(octavo_quantize(null, 'int8', 4)), octavo_similarity(octavo_quantize(array(0f, 0f), 'int8', 4), octavo_quantize(array(0f, 1f), 'int8', 4))")
            .head();
    assertThat(row.isNullAt(0)).isTrue();
    assertThat(row.isNullAt(1)).isTrue();
    assertThat(row.getInt(2)).isZero();
    assertThat(row.isNullAt(3)).isTrue();
    assertThat(row.isNullAt(4)).isTrue();
  }

  @Test
  void interpretsAsItCompiles() {
    view("vectors", random(45, 1), random(3, 2), null);
    String query =
        "SELECT id, octavo_similarity(octavo_quantize(v, 'e4m3', 16), octavo_quantize(v, 'int4', 8)), octavo_dequantize(octavo_quantize(v, 'e5m2', 9)), hash(octavo_quantize(v, 'int4', 2).codes) FROM vectors";
    List<Row> compiled = spark.sql(query).collectAsList();
    spark.conf().set("spark.sql.codegen.wholeStage", "false");
    spark.conf().set("spark.sql.codegen.factoryMode", "NO_CODEGEN");
    try {
      assertThat(spark.sql(query).collectAsList()).hasToString(compiled.toString());
    } finally {
      spark.conf().unset("spark.sql.codegen.wholeStage");
      spark.conf().unset("spark.sql.codegen.factoryMode");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "octavo_quantize(v, 'e3m4', 4) | Invalid format: e3m4 (expected e4m3, e5m2, e2m1, int8, int4)",
        "octavo_quantize(v, 'int8', 0) | Invalid group: 0 (expected 1 element or more)",
        "octavo_quantize(v, 'int8', id) | which is not the same for all rows",
        "octavo_quantize(id, 'int8', 4) | UNEXPECTED_INPUT_TYPE",
        "octavo_quantize(v, 'int8') | argument group is missing",
        "octavo_dequantize(v) | wants a vector that octavo_quantize has made",
      })
  void saysWhatIsWrongBeforeAnyTask(String call, String message) {
    view("vectors", random(4, 1));
    assertThatThrownBy(() -> spark.sql("SELECT " + call + " FROM vectors"))
        .hasMessageContaining(message);
  }

  @Test
  void refusesVectorsWhosePartsDoNotFit() {
    assertThatThrownBy(
            () ->
                spark
                    .sql(
                        "SELECT octavo_dequantize(named_struct('format', 'int8', 'group', 4, 'length', id, 'codes', X'00', 'scales', array(1f))) FROM VALUES (9) t(id)")
                    .collect())
        .hasStackTraceContaining("9 elements in groups of 4 have 1 bytes of codes and 1 scales");
  }
}
