package io.octavo.spark.sql;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import scala.PartialFunction;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractPartialFunction;

/** Collections and functions as Catalyst wants them. */
final class Scala {

  private Scala() {}

  static <T> Seq<T> seq(List<? extends T> list) {
    return CollectionConverters.<T>asScala(List.<T>copyOf(list)).toList();
  }

  static <T> List<T> list(Seq<T> seq) {
    return CollectionConverters.asJava(seq);
  }

  /** A function that is defined where {@code where} holds. */
  static <T> PartialFunction<T, T> partial(Predicate<T> where, Function<T, T> function) {
    return new AbstractPartialFunction<>() {
      @Override
      public boolean isDefinedAt(T value) {
        return where.test(value);
      }

      @Override
      public T apply(T value) {
        return function.apply(value);
      }

      @Override
      @SuppressWarnings("unchecked")
      public <A extends T, B> B applyOrElse(A value, scala.Function1<A, B> otherwise) {
        return where.test(value) ? (B) function.apply(value) : otherwise.apply(value);
      }
    };
  }
}
