package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Cast;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedArgumentExpression;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.jspecify.annotations.Nullable;

/** Arguments of a call by name: those without a name come first and in order. */
final class CallArguments {

  private final String function;
  private final Map<String, Expression> byName = new HashMap<>();

  /**
   * Sorts arguments.
   *
   * @throws IllegalArgumentException where there are too many, one is given twice or not known
   */
  CallArguments(String function, List<String> names, List<Expression> arguments) {
    this.function = function;
    List<String> left = new ArrayList<>(names);
    for (int i = 0; i < arguments.size(); i++) {
      Expression argument = arguments.get(i);
      if (argument instanceof NamedArgumentExpression named) {
        put(left, named.key(), named.value(), names);
      } else if (i < names.size() && byName.size() == i) {
        put(left, names.get(i), argument, names);
      } else {
        throw invalid("%d arguments without a name".formatted(arguments.size()), names);
      }
    }
  }

  private void put(List<String> left, String given, Expression value, List<String> names) {
    String name =
        left.stream()
            .filter(candidate -> candidate.equalsIgnoreCase(given))
            .findFirst()
            .orElseThrow(() -> invalid("argument " + given + ", unknown or given twice", names));
    left.remove(name);
    byName.put(name, value);
  }

  private IllegalArgumentException invalid(String what, List<String> names) {
    return new IllegalArgumentException(
        "Cannot call %s: %s (expected %s)".formatted(function, what, String.join(", ", names)));
  }

  /**
   * An argument that there must be.
   *
   * @throws IllegalArgumentException where it is missing
   */
  Expression required(String name) {
    return Optional.ofNullable(byName.get(name))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Cannot call %s: argument %s is missing".formatted(function, name)));
  }

  /** A text that is the same for all rows. */
  String text(String name) {
    return String.valueOf(constant(name, required(name), DataTypes.StringType));
  }

  /** A text that is the same for all rows, or another where it is not given. */
  String text(String name, String otherwise) {
    return byName.containsKey(name) ? text(name) : otherwise;
  }

  int integer(String name, int otherwise) {
    return byName.containsKey(name)
        ? (Integer) constant(name, required(name), DataTypes.IntegerType)
        : otherwise;
  }

  long bigInteger(String name, long otherwise) {
    return byName.containsKey(name)
        ? (Long) constant(name, required(name), DataTypes.LongType)
        : otherwise;
  }

  float number(String name, float otherwise) {
    return byName.containsKey(name)
        ? (Float) constant(name, required(name), DataTypes.FloatType)
        : otherwise;
  }

  boolean flag(String name, boolean otherwise) {
    return byName.containsKey(name)
        ? (Boolean) constant(name, required(name), DataTypes.BooleanType)
        : otherwise;
  }

  /** Texts that are the same for all rows; none where they are not given. */
  List<String> texts(String name) {
    if (!byName.containsKey(name)) {
      return List.of();
    }
    DataType type = DataTypes.createArrayType(DataTypes.StringType);
    ArrayData array = (ArrayData) constant(name, required(name), type);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.numElements(); i++) {
      if (array.isNullAt(i)) {
        throw new IllegalArgumentException(
            "Cannot call %s: element %d of %s is null".formatted(function, i, name));
      }
      texts.add(array.getUTF8String(i).toString());
    }
    return texts;
  }

  private Object constant(String name, Expression given, DataType type) {
    if (!given.foldable() || !given.resolved()) {
      throw new IllegalArgumentException(
          "Cannot call %s: %s is %s, which is not the same for all rows; give a literal"
              .formatted(function, name, given.sql()));
    }
    if (!Cast.canCast(given.dataType(), type)) {
      throw new IllegalArgumentException(
          "Cannot call %s: %s is of type %s (expected %s)"
              .formatted(function, name, given.dataType().sql(), type.sql()));
    }
    @Nullable Object value =
        new Cast(given, type, scala.Option.apply("UTC"), Cast.apply$default$4()).eval(null);
    if (value == null) {
      throw new IllegalArgumentException(
          "Cannot call %s: %s is null or no %s".formatted(function, name, type.sql()));
    }
    return value;
  }
}
