package io.octavo.spark.sql;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.TypeCheckResult;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Unevaluable;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/**
 * A call of a model for one text. It has no value of its own: {@link LiftModelCalls} puts an
 * attribute in its place, which {@link ModelCallsExec} fills batch by batch.
 */
public final class ModelCall extends Expression implements CatalystNode, Unevaluable, Serializable {

  private static final long serialVersionUID = 1;

  private final ModelFunction function;
  private final CallOptions options;
  private final Expression text;

  /** A call; Catalyst copies an expression by this constructor. */
  public ModelCall(ModelFunction function, CallOptions options, Expression text) {
    this.function = function;
    this.options = options;
    this.text = text;
  }

  /**
   * A call as SQL has it: model, text, options.
   *
   * @throws IllegalArgumentException where arguments are not right
   */
  static ModelCall of(ModelFunction function, Seq<Expression> arguments) {
    List<String> names = new ArrayList<>(List.of("model", textName(function)));
    names.addAll(function.options());
    CallArguments given = new CallArguments(function.sqlName(), names, Scala.list(arguments));
    CallOptions options =
        new CallOptions(
            given.text("model"),
            given.integer("maxTokens", 64),
            given.number("temperature", 0),
            given.number("topP", 1),
            given.bigInteger("seed", 0),
            given.texts("stop"),
            given.integer("window", 0),
            given.flag("failOnError", true));
    return new ModelCall(function, options, given.required(textName(function)));
  }

  private static String textName(ModelFunction function) {
    return function == ModelFunction.GENERATE ? "prompt" : "text";
  }

  ModelFunction function() {
    return function;
  }

  CallOptions options() {
    return options;
  }

  Expression text() {
    return text;
  }

  ModelCall withText(Expression other) {
    return new ModelCall(function, options, other);
  }

  @Override
  public Seq<Expression> children() {
    return Scala.seq(List.of(text));
  }

  @Override
  public DataType dataType() {
    return options.failOnError() ? function.response() : function.responseOrError();
  }

  @Override
  public boolean nullable() {
    return true;
  }

  /** An optimizer that folded it would load the model on the driver. */
  @Override
  public boolean foldable() {
    return false;
  }

  @Override
  public TypeCheckResult checkInputDataTypes() {
    DataType type = text.dataType();
    if (!(type instanceof StringType) && !type.equals(DataTypes.NullType)) {
      return new TypeCheckResult.TypeCheckFailure(
          "%s wants a string to ask the model with, not %s"
              .formatted(function.sqlName(), type.sql()));
    }
    return CallSearch.inLambda(text)
        ? new TypeCheckResult.TypeCheckFailure(
            "%s cannot be called inside a lambda function: rows are asked in batches; explode the array, call it on the rows, collect them again"
                .formatted(function.sqlName()))
        : TypeCheckResult.TypeCheckSuccess$.MODULE$;
  }

  @Override
  public String prettyName() {
    return function.sqlName();
  }

  @Override
  public Object eval(InternalRow row) {
    throw misplaced();
  }

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode code) {
    throw misplaced();
  }

  private UnsupportedOperationException misplaced() {
    return new UnsupportedOperationException(
        "Cannot run %s in this place of a query; call it in a SELECT below"
            .formatted(function.sqlName()));
  }

  @Override
  public Expression withNewChildrenInternal(IndexedSeq<Expression> children) {
    return new ModelCall(function, options, children.apply(0));
  }

  @Override
  public List<Object> parts() {
    return List.of(function, options, text);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return isEqual(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }

  @Override
  public String toString() {
    return "%s(%s, %s)".formatted(function.sqlName(), options.model(), text);
  }

  @Override
  public String sql() {
    return "%s('%s', %s)".formatted(function.sqlName(), options.model(), text.sql());
  }
}
