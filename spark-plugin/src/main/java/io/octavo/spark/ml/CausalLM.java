package io.octavo.spark.ml;

import java.util.List;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Trains a Llama-class language model on a text column, or on a column of token ids, inside Spark.
 * Parameters and their defaults: {@code explainParams()}, or the module's README.
 */
public final class CausalLM extends Estimator<CausalLMModel> implements DefaultParamsWritable {

  private static final long serialVersionUID = 1L;

  private static final List<List<ParamDeclaration>> DECLARATIONS =
      List.of(ParamDeclaration.COMMON, ParamDeclaration.TRAINING);

  private final String uid;
  private final transient ParamTable table;

  public CausalLM() {
    this(Identifiable.randomUID("causallm"));
  }

  public CausalLM(String uid) {
    this.uid = uid;
    this.table = new ParamTable(this, DECLARATIONS);
    defaultParamMap().put(CollectionConverters.asScala(table.defaults(DECLARATIONS)).toSeq());
  }

  @Override
  public String uid() {
    return uid;
  }

  @Override
  public Param<?>[] params() {
    return table.all();
  }

  private CausalLM with(String name, Object value) {
    set(name, value);
    return this;
  }

  public CausalLM setModel(String value) {
    return with("model", value);
  }

  public CausalLM setTokenizer(String value) {
    return with("tokenizer", value);
  }

  public CausalLM setPrecision(String value) {
    return with("precision", value);
  }

  public CausalLM setPrecisionExceptions(String value) {
    return with("precisionExceptions", value);
  }

  public CausalLM setOptimizerStates(String value) {
    return with("optimizerStates", value);
  }

  public CausalLM setTextCol(String value) {
    return with("textCol", value);
  }

  public CausalLM setTokensCol(String value) {
    return with("tokensCol", value);
  }

  public CausalLM setNumWorkers(int value) {
    return with("numWorkers", value);
  }

  public CausalLM setSequenceLength(int value) {
    return with("sequenceLength", value);
  }

  public CausalLM setBatchSize(int value) {
    return with("batchSize", value);
  }

  public CausalLM setMicroBatchSize(int value) {
    return with("microBatchSize", value);
  }

  public CausalLM setMaxSteps(int value) {
    return with("maxSteps", value);
  }

  public CausalLM setEpochs(double value) {
    return with("epochs", value);
  }

  public CausalLM setLearningRate(double value) {
    return with("learningRate", value);
  }

  public CausalLM setSchedule(String value) {
    return with("schedule", value);
  }

  public CausalLM setWarmupSteps(int value) {
    return with("warmupSteps", value);
  }

  public CausalLM setDecayFraction(double value) {
    return with("decayFraction", value);
  }

  public CausalLM setMinLearningRateFactor(double value) {
    return with("minLearningRateFactor", value);
  }

  public CausalLM setWeightDecay(double value) {
    return with("weightDecay", value);
  }

  public CausalLM setBeta1(double value) {
    return with("beta1", value);
  }

  public CausalLM setBeta2(double value) {
    return with("beta2", value);
  }

  public CausalLM setEpsilon(double value) {
    return with("epsilon", value);
  }

  public CausalLM setGradientClip(double value) {
    return with("gradientClip", value);
  }

  public CausalLM setSeed(long value) {
    return with("seed", value);
  }

  public CausalLM setCheckpointPath(String value) {
    return with("checkpointPath", value);
  }

  public CausalLM setCheckpointInterval(int value) {
    return with("checkpointInterval", value);
  }

  public CausalLM setKeepCheckpoints(int value) {
    return with("keepCheckpoints", value);
  }

  public CausalLM setResume(String value) {
    return with("resume", value);
  }

  public CausalLM setLogInterval(int value) {
    return with("logInterval", value);
  }

  public CausalLM setValidationFraction(double value) {
    return with("validationFraction", value);
  }

  public CausalLM setEvaluationInterval(int value) {
    return with("evaluationInterval", value);
  }

  public CausalLM setMemoryLimit(double value) {
    return with("memoryLimit", value);
  }

  public CausalLM setExportType(String value) {
    return with("exportType", value);
  }

  /**
   * Trains to the end and returns the trained model.
   *
   * @throws IllegalArgumentException before training, in seconds, where a parameter, the data or
   *     the cluster does not allow it
   * @throws io.octavo.train.TrainingDivergedException where the loss is not finite; the last
   *     checkpoint stays
   */
  @Override
  public CausalLMModel fit(Dataset<?> data) {
    transformSchema(data.schema());
    String tokens = table.text("tokensCol");
    String column = tokens.isEmpty() ? table.text("textCol") : tokens;
    Dataset<Row> rows = data.toDF();
    TrainingRun.Result result =
        new TrainingRun(table, uid, rows.sparkSession().sparkContext()).run(rows, column);
    return new CausalLMModel(Identifiable.randomUID("causallmmodel"), result.directory())
        .trainedBy(this, result.summary());
  }

  @Override
  public StructType transformSchema(StructType schema) {
    String tokens = table.text("tokensCol");
    if (tokens.isEmpty()) {
      Columns.requireText(schema, table.text("textCol"), "textCol");
    } else {
      Columns.requireTokens(schema, tokens, "tokensCol");
    }
    return schema;
  }

  @Override
  public CausalLM copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** Reads an estimator that {@code write().save(path)} has written. */
  public static MLReader<CausalLM> read() {
    return new DefaultParamsReader<>();
  }

  /** Loads an estimator that {@code write().save(path)} has written. */
  public static CausalLM load(String path) {
    return read().load(path);
  }
}
