package io.octavo.spark.sql;

import java.util.List;
import org.jspecify.annotations.Nullable;
import scala.Product;

/**
 * What Catalyst wants of a node beside its work: to be a product of its constructor's arguments.
 */
interface CatalystNode extends Product {

  /** The arguments of the constructor, in order. */
  List<Object> parts();

  @Override
  default int productArity() {
    return parts().size();
  }

  @Override
  default Object productElement(int index) {
    return parts().get(index);
  }

  @Override
  default boolean canEqual(Object other) {
    return getClass() == other.getClass();
  }

  /** {@code equals}, which an interface cannot give; {@code hashCode} is Catalyst's. */
  default boolean isEqual(@Nullable Object other) {
    return this == other
        || other instanceof CatalystNode node && canEqual(node) && parts().equals(node.parts());
  }
}
