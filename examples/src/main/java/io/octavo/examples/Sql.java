package io.octavo.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/** Runs the queries of a file, each ended by a semicolon at the end of a line, and shows rows. */
public final class Sql {

  private static final int ROWS = 100;

  private Sql() {}

  /** Usage: {@code Sql FILE}. */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 1) {
      throw new IllegalArgumentException("usage: Sql FILE, such as Sql ask.sql");
    }
    List<String> queries = queries(Files.readString(Path.of(arguments[0])));
    try (SparkSession spark = Session.open("octavo-sql")) {
      queries.forEach(query -> spark.sql(query).show(ROWS, false));
    }
  }

  static List<String> queries(String text) {
    return Arrays.stream(text.split(";\\s*(?:\\R|$)"))
        .map(String::trim)
        .filter(query -> !query.isEmpty())
        .toList();
  }
}
