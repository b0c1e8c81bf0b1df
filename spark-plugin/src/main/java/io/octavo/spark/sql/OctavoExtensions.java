package io.octavo.spark.sql;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.SparkSessionExtensionsProvider;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import scala.Function1;
import scala.Tuple3;
import scala.collection.immutable.Seq;
import scala.runtime.BoxedUnit;

/** Adds functions, rule and operator to sessions; named by the plugin, or found as a service. */
public final class OctavoExtensions implements SparkSessionExtensionsProvider {

  /**
   * Both ways lead to the same session, through two instances; Spark would warn of every function
   * that replaces itself.
   */
  private static final Set<SparkSessionExtensions> EXTENDED =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  @Override
  public BoxedUnit apply(SparkSessionExtensions extensions) {
    if (!EXTENDED.add(extensions)) {
      return BoxedUnit.UNIT;
    }
    for (FunctionText text : FunctionText.all()) {
      extensions.injectFunction(
          new Tuple3<FunctionIdentifier, ExpressionInfo, Function1<Seq<Expression>, Expression>>(
              new FunctionIdentifier(text.name()), text.info(), text.builder()::apply));
    }
    extensions.injectPreCBORule(session -> new LiftModelCalls());
    extensions.injectPlannerStrategy(session -> new ModelCallsStrategy());
    return BoxedUnit.UNIT;
  }

  /** Names of all functions. */
  public static List<String> functions() {
    return FunctionText.all().stream().map(FunctionText::name).toList();
  }
}
