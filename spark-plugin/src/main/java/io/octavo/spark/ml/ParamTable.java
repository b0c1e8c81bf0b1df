package io.octavo.spark.ml;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamPair;
import org.apache.spark.ml.param.Params;

/** The MLlib parameters of one stage, made from declarations. */
final class ParamTable {

  private final Params owner;
  private final Map<String, Param<?>> params = new LinkedHashMap<>();

  ParamTable(Params owner, List<List<ParamDeclaration>> declarations) {
    this.owner = owner;
    for (List<ParamDeclaration> group : declarations) {
      group.forEach(declaration -> params.put(declaration.name(), param(declaration)));
    }
  }

  private Param<?> param(ParamDeclaration declaration) {
    String name = declaration.name();
    return switch (declaration.kind()) {
      case TEXT -> new Param<String>(owner, name, declaration.doc());
      case INTEGER -> new IntParam(owner, name, declaration.doc());
      case LONG -> new LongParam(owner, name, declaration.doc());
      case NUMBER -> new DoubleParam(owner, name, declaration.doc());
    };
  }

  /** Parameters by name, as MLlib wants them. */
  Param<?>[] all() {
    return params.values().stream()
        .sorted(Comparator.comparing(Param::name))
        .toArray(Param<?>[]::new);
  }

  /** Defaults of declarations, for MLlib's default map. */
  List<ParamPair<?>> defaults(List<List<ParamDeclaration>> declarations) {
    List<ParamPair<?>> pairs = new ArrayList<>();
    declarations.forEach(group -> group.forEach(declaration -> pairs.add(pair(declaration))));
    return pairs;
  }

  @SuppressWarnings("unchecked")
  private ParamPair<?> pair(ParamDeclaration declaration) {
    return new ParamPair<>((Param<Object>) get(declaration.name()), declaration.standard());
  }

  private Param<?> get(String name) {
    Param<?> param = params.get(name);
    if (param == null) {
      throw new IllegalArgumentException("Invalid parameter: " + name);
    }
    return param;
  }

  String text(String name) {
    return String.valueOf(owner.getOrDefault(get(name)));
  }

  int integer(String name) {
    return ((Number) owner.getOrDefault(get(name))).intValue();
  }

  long wide(String name) {
    return ((Number) owner.getOrDefault(get(name))).longValue();
  }

  double number(String name) {
    return ((Number) owner.getOrDefault(get(name))).doubleValue();
  }
}
