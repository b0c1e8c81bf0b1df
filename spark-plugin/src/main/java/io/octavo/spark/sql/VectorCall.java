package io.octavo.spark.sql;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.TypeCheckResult;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ImplicitCastInputTypes;
import org.apache.spark.sql.catalyst.expressions.codegen.Block;
import org.apache.spark.sql.catalyst.expressions.codegen.CodeBlock;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.catalyst.expressions.codegen.JavaCode;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.AbstractDataType;
import org.apache.spark.sql.types.DataType;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/** A function of vectors, computed row by row in generated code. */
public final class VectorCall extends Expression
    implements CatalystNode, ImplicitCastInputTypes, Serializable {

  private static final long serialVersionUID = 1;

  private static final int FORMAT = 1;
  private static final int GROUP = 2;

  private final VectorFunction function;
  private final Seq<Expression> arguments;

  /** A call; Catalyst copies an expression by this constructor. */
  public VectorCall(VectorFunction function, Seq<Expression> arguments) {
    this.function = function;
    this.arguments = arguments;
  }

  /**
   * A call as SQL has it, arguments by place or name.
   *
   * @throws IllegalArgumentException where arguments are not right
   */
  static VectorCall of(VectorFunction function, Seq<Expression> given) {
    CallArguments named =
        new CallArguments(function.sqlName(), function.arguments(), Scala.list(given));
    return new VectorCall(
        function, Scala.seq(function.arguments().stream().map(named::required).toList()));
  }

  @Override
  public Seq<Expression> children() {
    return arguments;
  }

  @Override
  public Seq<AbstractDataType> inputTypes() {
    return Scala.seq(function.inputs());
  }

  @Override
  public DataType dataType() {
    return function.result();
  }

  @Override
  public boolean nullable() {
    return true;
  }

  @Override
  public boolean foldable() {
    return Scala.list(arguments).stream().allMatch(Expression::foldable);
  }

  @Override
  public TypeCheckResult checkInputDataTypes() {
    TypeCheckResult types = ImplicitCastInputTypes.super.checkInputDataTypes();
    if (types.isFailure()) {
      return types;
    }
    try {
      if (function == VectorFunction.QUANTIZE) {
        operation();
      } else {
        Scala.list(arguments).forEach(this::requireQuantized);
      }
      return TypeCheckResult.TypeCheckSuccess$.MODULE$;
    } catch (IllegalArgumentException e) {
      return new TypeCheckResult.TypeCheckFailure(e.getMessage());
    }
  }

  private void requireQuantized(Expression argument) {
    if (!DataType.equalsIgnoreNullability(argument.dataType(), QuantizedVector.TYPE)) {
      throw new IllegalArgumentException(
          "%s wants a vector that octavo_quantize has made, %s, not %s"
              .formatted(
                  function.sqlName(), QuantizedVector.TYPE.sql(), argument.dataType().sql()));
    }
  }

  /** What rows of a quantization have in common; of no use to the other functions. */
  private VectorOperation operation() {
    if (function != VectorFunction.QUANTIZE) {
      return new VectorOperation(VectorFormat.E4M3, 1);
    }
    int group = (Integer) constant(GROUP);
    if (group < 1) {
      throw new IllegalArgumentException(
          "Invalid group: %d (expected 1 element or more)".formatted(group));
    }
    return new VectorOperation(VectorFormat.of(constant(FORMAT).toString()), group);
  }

  private Object constant(int place) {
    Expression given = arguments.apply(place);
    Object value = given.foldable() ? given.eval(InternalRow.empty()) : null;
    if (value == null) {
      throw new IllegalArgumentException(
          "Cannot call %s: %s is %s, which is not the same for all rows; give a literal"
              .formatted(function.sqlName(), function.arguments().get(place), given.sql()));
    }
    return value;
  }

  @Override
  public @Nullable Object eval(InternalRow row) {
    Object first = arguments.apply(0).eval(row);
    if (first == null) {
      return null;
    }
    return switch (function) {
      case QUANTIZE -> operation().quantize((ArrayData) first);
      case DEQUANTIZE -> VectorOperation.dequantize((InternalRow) first);
      case SIMILARITY -> {
        Object second = arguments.apply(1).eval(row);
        yield second == null
            ? null
            : VectorOperation.similarity((InternalRow) first, (InternalRow) second);
      }
    };
  }

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode result) {
    String operation =
        context.addReferenceObj("vectors", operation(), VectorOperation.class.getName());
    ExprCode first = arguments.apply(0).genCode(context);
    return switch (function) {
      case QUANTIZE -> code(result, "InternalRow", operation + ".quantize(", List.of(first));
      case DEQUANTIZE -> code(result, "ArrayData", operation + ".dequantize(", List.of(first));
      case SIMILARITY ->
          code(
              result,
              "Double",
              operation + ".similarity(",
              List.of(first, arguments.apply(1).genCode(context)));
    };
  }

  /** Evaluates the arguments, then calls where none is null. */
  private ExprCode code(ExprCode result, String boxed, String call, List<ExprCode> inputs) {
    boolean number = boxed.equals("Double");
    List<Object> parts = new ArrayList<>(List.of("\nboolean ", result.isNull(), " = "));
    for (int i = 0; i < inputs.size(); i++) {
      parts.add(i == 0 ? "" : " || ");
      parts.add(inputs.get(i).isNull());
    }
    String type = number ? "double" : boxed;
    String start = number ? " = 0.0;\nif (!" : " = null;\nif (!";
    parts.addAll(List.of(";\n" + type + " ", result.value(), start, result.isNull()));
    parts.add(") {\n  " + boxed + " answer = " + call);
    for (int i = 0; i < inputs.size(); i++) {
      if (i > 0) {
        parts.add(", ");
      }
      parts.add(inputs.get(i).value());
    }
    parts.addAll(
        List.of(
            ");\n  ",
            result.isNull(),
            " = answer == null;\n  if (answer != null) ",
            result.value(),
            number ? " = answer.doubleValue();\n}\n" : " = answer;\n}\n"));
    Block code = inputs.get(0).code();
    for (ExprCode input : inputs.subList(1, inputs.size())) {
      code = code.$plus(input.code());
    }
    return new ExprCode(code.$plus(block(parts)), result.isNull(), result.value());
  }

  /** Literals and variables in turn; two literals in a row are one. */
  private static Block block(List<Object> parts) {
    List<String> literals = new ArrayList<>(List.of(""));
    List<JavaCode> variables = new ArrayList<>();
    for (Object part : parts) {
      if (part instanceof String text) {
        int last = literals.size() - 1;
        literals.set(last, literals.get(last) + text);
      } else {
        variables.add((JavaCode) part);
        literals.add("");
      }
    }
    return new CodeBlock(Scala.seq(literals), Scala.seq(variables));
  }

  @Override
  public String prettyName() {
    return function.sqlName();
  }

  @Override
  public Expression withNewChildrenInternal(IndexedSeq<Expression> children) {
    return new VectorCall(function, children.toSeq());
  }

  @Override
  public List<Object> parts() {
    return List.of(function, arguments);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return isEqual(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }
}
