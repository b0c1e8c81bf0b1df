package io.octavo.examples.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Rows as they are measured: a table for people, and one JSON object a line for programs. */
public final class Report implements Closeable {

  /** Name of the entry that says why there is no result. */
  static final String ERROR = "error";

  private final Table table;
  private final Writer json;
  private int failures;

  private Report(PrintStream out, Writer json) {
    this.table = new Table(out);
    this.json = json;
  }

  /** A report that prints to {@code out} and writes to {@code file} where there is one. */
  public static Report to(PrintStream out, Optional<Path> file) throws IOException {
    return new Report(
        out, file.isPresent() ? Files.newBufferedWriter(file.get()) : Writer.nullWriter());
  }

  void add(String family, String subject, String shape, Numbers numbers) {
    table.add(family, subject, shape, numbers.entries());
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("family", family);
    row.put("subject", subject);
    row.put("shape", shape);
    row.putAll(numbers.entries());
    write(Json.object(row));
  }

  void failed(String family, String subject, String shape, RuntimeException why) {
    failures++;
    add(family, subject, shape, new Numbers().with(ERROR, String.valueOf(why.getMessage())));
  }

  /** A line is whole in the file as soon as it is measured: what comes next may end the process. */
  private void write(String line) {
    try {
      json.write(line + "\n");
      json.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the report: " + e.getMessage(), e);
    }
  }

  /** Measurements that gave no result. */
  public int failures() {
    return failures;
  }

  @Override
  public void close() throws IOException {
    json.close();
  }
}
