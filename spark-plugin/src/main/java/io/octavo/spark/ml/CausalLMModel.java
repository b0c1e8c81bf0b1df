package io.octavo.spark.ml;

import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A language model that scores text: for each row the negative log-likelihood, the number of scored
 * tokens and the perplexity. Its weights stay in a Hugging Face directory, which executors load
 * once each.
 */
public final class CausalLMModel extends Model<CausalLMModel> implements MLWritable {

  private static final long serialVersionUID = 1L;

  private static final List<List<ParamDeclaration>> DECLARATIONS =
      List.of(ParamDeclaration.COMMON, ParamDeclaration.SCORING);

  private final String uid;
  private final String directory;
  private final transient ParamTable table;
  private transient @Nullable TrainingSummary summary;

  CausalLMModel(String uid, String directory) {
    this.uid = uid;
    this.directory = directory;
    this.table = new ParamTable(this, DECLARATIONS);
    defaultParamMap().put(CollectionConverters.asScala(table.defaults(DECLARATIONS)).toSeq());
  }

  /** The model of a Hugging Face directory, on any Hadoop path. */
  public static CausalLMModel fromPretrained(String directory) {
    return new CausalLMModel(Identifiable.randomUID("causallmmodel"), directory);
  }

  CausalLMModel trainedBy(Estimator<CausalLMModel> estimator, TrainingSummary done) {
    summary = done;
    for (ParamDeclaration declaration : ParamDeclaration.COMMON) {
      Param<?> own = getParam(declaration.name());
      Param<?> theirs = estimator.getParam(declaration.name());
      set(own.name(), estimator.getOrDefault(theirs));
    }
    return setParent(estimator);
  }

  /** The Hugging Face directory. */
  public String directory() {
    return directory;
  }

  /** What training did; empty for a model that was loaded. */
  public Optional<TrainingSummary> summary() {
    return Optional.ofNullable(summary);
  }

  @Override
  public String uid() {
    return uid;
  }

  @Override
  public Param<?>[] params() {
    return table.all();
  }

  private CausalLMModel with(String name, Object value) {
    set(name, value);
    return this;
  }

  public CausalLMModel setTextCol(String value) {
    return with("textCol", value);
  }

  public CausalLMModel setSequenceLength(int value) {
    return with("sequenceLength", value);
  }

  public CausalLMModel setNllCol(String value) {
    return with("nllCol", value);
  }

  public CausalLMModel setTokensCountCol(String value) {
    return with("tokensCountCol", value);
  }

  public CausalLMModel setPerplexityCol(String value) {
    return with("perplexityCol", value);
  }

  /**
   * Adds the three columns, as {@code octavo_score} gives them. Text is cut into consecutive
   * windows of {@code sequenceLength} tokens, the first token of each is context only; null text
   * gives nulls. Weights are used as the directory has them: a quantized one is scored quantized.
   */
  @Override
  public Dataset<Row> transform(Dataset<?> data) {
    transformSchema(data.schema());
    Column score =
        functions.call_function(
            "octavo_score",
            functions.lit(directory),
            functions.col("`" + table.text("textCol").replace("`", "``") + "`"),
            functions.lit(table.integer("sequenceLength")));
    return data.toDF()
        .select(
            functions.col("*"),
            score.getField("nll").as(table.text("nllCol")),
            score.getField("tokens").as(table.text("tokensCountCol")),
            score.getField("perplexity").as(table.text("perplexityCol")));
  }

  @Override
  public StructType transformSchema(StructType schema) {
    Columns.requireText(schema, table.text("textCol"), "textCol");
    return schema
        .add(table.text("nllCol"), DataTypes.DoubleType)
        .add(table.text("tokensCountCol"), DataTypes.LongType)
        .add(table.text("perplexityCol"), DataTypes.DoubleType);
  }

  /** Continues a text by up to {@code maxTokens} tokens, the most probable each. */
  public String generate(String prompt, int maxTokens) {
    return generate(prompt, maxTokens, 0, 0);
  }

  /**
   * Continues a text; an executor computes it.
   *
   * @param temperature 0 for the most probable token
   * @param seed of the draws
   */
  public String generate(String prompt, int maxTokens, double temperature, long seed) {
    Column added =
        functions.call_function(
            "octavo_generate",
            functions.lit(directory),
            functions.lit(prompt),
            functions.lit(maxTokens),
            functions.lit((float) temperature),
            functions.lit(1f),
            functions.lit(seed));
    return prompt + SparkSession.active().range(0, 1, 1, 1).select(added).head().getString(0);
  }

  @Override
  public CausalLMModel copy(ParamMap extra) {
    CausalLMModel copied = copyValues(new CausalLMModel(uid, directory), extra);
    copied.summary = summary;
    return copied.setParent(parent());
  }

  @Override
  public MLWriter write() {
    return new Writer(this);
  }

  private static final class Writer extends MLWriter {
    private final CausalLMModel model;

    Writer(CausalLMModel model) {
      this.model = model;
    }

    @Override
    public void saveImpl(String path) {
      DefaultParamsWriter.saveMetadata(model, path, sparkSession());
      new ModelDirectory(model.directory, sparkSession().sparkContext().hadoopConfiguration())
          .copyTo(new Path(path, "model"));
    }
  }

  private static final class Reader extends MLReader<CausalLMModel> {
    @Override
    public CausalLMModel load(String path) {
      DefaultParamsReader.Metadata metadata =
          DefaultParamsReader.loadMetadata(path, sparkSession(), CausalLMModel.class.getName());
      CausalLMModel model = new CausalLMModel(metadata.uid(), new Path(path, "model").toString());
      metadata.getAndSetParams(model, Option.empty());
      return model;
    }
  }

  /** Reads a model that {@code write().save(path)} has written. */
  public static MLReader<CausalLMModel> read() {
    return new Reader();
  }

  /**
   * Loads a model that {@code write().save(path)} has written; for another's Hugging Face directory
   * see {@link #fromPretrained}.
   */
  public static CausalLMModel load(String path) {
    return read().load(path);
  }
}
