package io.octavo.examples.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Rows as aligned text, with a line of column names wherever they change. */
final class Table {

  private static final String LABELS = "  %-44s %-26s";

  private final PrintStream out;
  private List<String> columns = List.of();
  private String family = "";

  Table(PrintStream out) {
    this.out = out;
  }

  void add(String rowFamily, String subject, String shape, Map<String, Object> numbers) {
    if (numbers.containsKey(Report.ERROR)) {
      heading(rowFamily, columns);
      String reason = String.valueOf(numbers.get(Report.ERROR));
      out.printf(Locale.ROOT, LABELS + "  failed: %s%n", subject, shape, firstLine(reason));
      return;
    }
    heading(rowFamily, new ArrayList<>(numbers.keySet()));
    out.printf(Locale.ROOT, LABELS, subject, shape);
    numbers.forEach((name, value) -> out.printf(Locale.ROOT, "%" + width(name) + "s", text(value)));
    out.println();
  }

  private void heading(String rowFamily, List<String> rowColumns) {
    if (rowFamily.equals(family) && rowColumns.equals(columns)) {
      return;
    }
    family = rowFamily;
    columns = rowColumns;
    out.printf(Locale.ROOT, "%n%-46s %-26s", rowFamily, "");
    columns.forEach(name -> out.printf(Locale.ROOT, "%" + width(name) + "s", name));
    out.println();
  }

  private static int width(String name) {
    return Math.max(12, name.length() + 2);
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }

  private static String text(Object value) {
    if (value instanceof Double number) {
      double size = Math.abs(number);
      String format = size >= 1000 ? "%,.0f" : size >= 100 ? "%.1f" : size >= 1 ? "%.3f" : "%.5f";
      return String.format(Locale.ROOT, format, number);
    }
    // Two spaces before words, which may fill their column.
    return value instanceof Long whole ? String.format(Locale.ROOT, "%,d", whole) : "  " + value;
  }
}
