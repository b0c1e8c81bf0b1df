package io.octavo.spark.ptq;

import io.octavo.layout.HuggingFaceFiles;
import io.octavo.layout.ModelDirectoryWriter;
import io.octavo.layout.PublishedLayout;
import io.octavo.ptq.LayerMethod;
import io.octavo.ptq.LayerReport;
import io.octavo.ptq.ModelQuantizer;
import io.octavo.ptq.QuantizationMethod;
import io.octavo.ptq.QuantizationPlan;
import io.octavo.ptq.ScaleConstraint;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Quantizes a Hugging Face directory, a task for each decoder layer:
 *
 * <pre>{@code
 * Dataset<Row> report = Quantizer.of("fp8-row").quantize(spark, "models/llama", "models/llama-fp8");
 * report.orderBy("sqnr").show();
 * }</pre>
 *
 * <p>Schemes: {@value io.octavo.ptq.SchemeNames#KNOWN}. The output head stays as it is unless a
 * rule names it.
 */
public final class Quantizer {

  private final QuantizationPlan plan;
  private final QuantizationMethod method;
  private final Optional<PublishedLayout> layout;

  private Quantizer(
      QuantizationPlan plan, QuantizationMethod method, Optional<PublishedLayout> layout) {
    this.plan = plan;
    this.method = method;
    this.layout = layout;
  }

  /** Casts all linear layers but the output head to a scheme, scales free. */
  public static Quantizer of(String scheme) {
    return of(scheme, new ScaleConstraint.Free());
  }

  /** Casts all linear layers but the output head to a scheme with constrained scales. */
  public static Quantizer of(String scheme, ScaleConstraint constraint) {
    return new Quantizer(
        QuantizationPlan.of(new LayerMethod(scheme, constraint)),
        QuantizationMethod.ROUND_TO_NEAREST,
        Optional.empty());
  }

  /**
   * Another scheme, scales free, for layers whose whole name matches a regular expression, such as
   * {@code model\.layers\.0\..*}; {@code none} leaves them as they are. Later calls go first.
   */
  public Quantizer with(String pattern, String scheme) {
    return with(pattern, scheme, new ScaleConstraint.Free());
  }

  /** Another scheme and constraint for some layers. */
  public Quantizer with(String pattern, String scheme, ScaleConstraint constraint) {
    return new Quantizer(plan.with(pattern, new LayerMethod(scheme, constraint)), method, layout);
  }

  /** Another way to choose codes than rounding to nearest. */
  public Quantizer by(QuantizationMethod other) {
    return new Quantizer(plan, other, layout);
  }

  /**
   * The layout to write. Where it is not set: {@link PublishedLayout#FP8} for FP8 in blocks, else
   * {@link PublishedLayout#COMPRESSED_TENSORS}.
   */
  public Quantizer layout(PublishedLayout other) {
    return new Quantizer(plan, method, Optional.of(other));
  }

  /**
   * Reads one directory and writes another, which must not exist or be empty.
   *
   * @return a row for each linear layer: {@code layer}, {@code rows}, {@code columns}, {@code
   *     scheme}, {@code relative_error}, {@code sqnr} (decibel, null where nothing was lost),
   *     {@code clipped}, {@code underflowed}, {@code clamped_scales}, {@code bytes_before}, {@code
   *     bytes_after}
   */
  public Dataset<Row> quantize(SparkSession spark, String from, String to) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    requireEmpty(new Path(to), hadoop);
    PublishedLayout published = layout.orElseGet(this::usualLayout);
    try (HuggingFaceFiles source = HuggingFaceFiles.open(new Path(from), hadoop)) {
      ModelQuantizer quantizer = new ModelQuantizer(source, plan, method, published);
      List<LayerReport> reports = run(spark, quantizer.shards(), from, to, published);
      quantizer.finish(new Path(from), new ModelDirectoryWriter(new Path(to), hadoop, published));
      return ReportRows.of(spark, reports);
    }
  }

  private List<LayerReport> run(
      SparkSession spark, int shards, String from, String to, PublishedLayout published) {
    QuantizeShard task =
        new QuantizeShard(
            from,
            to,
            plan,
            method,
            published,
            new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(IntStream.range(0, shards).boxed().toList(), shards)
        .flatMap(task)
        .collect();
  }

  private PublishedLayout usualLayout() {
    boolean blocks =
        plan.method()
            .scheme()
            .weight()
            .map(QuantSpec::granularity)
            .filter(Granularity.Block.class::isInstance)
            .isPresent();
    return blocks ? PublishedLayout.FP8 : PublishedLayout.COMPRESSED_TENSORS;
  }

  private static void requireEmpty(Path directory, Configuration hadoop) {
    try {
      var files = directory.getFileSystem(hadoop);
      if (files.exists(directory) && files.listStatus(directory).length > 0) {
        throw new IllegalArgumentException(
            "Cannot quantize into %s: it is not empty; remove it or name another directory"
                .formatted(directory));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + directory + ": " + e.getMessage(), e);
    }
  }
}
