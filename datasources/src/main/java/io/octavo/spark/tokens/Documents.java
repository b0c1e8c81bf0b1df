package io.octavo.spark.tokens;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;

/** The texts of a split, one after the other, whatever the format. */
abstract class Documents implements Iterator<String>, AutoCloseable {

  private Optional<String> ahead = Optional.empty();
  private boolean ended;

  /** The documents of a split. */
  static Documents open(TokensSplit split, TokensOptions options, Configuration hadoop) {
    return switch (split.format()) {
      case "parquet" -> new Parquet(split, options, hadoop);
      case "json" -> new JsonLines(split, options, hadoop);
      default ->
          split.whole() ? new WholeFile(split, options, hadoop) : new Lines(split, options, hadoop);
    };
  }

  /** The next text, empty at the end. Empty lines are no documents and may be skipped. */
  abstract Optional<String> read();

  @Override
  public abstract void close();

  @Override
  public boolean hasNext() {
    while (ahead.isEmpty() && !ended) {
      ahead = read();
      ended = ahead.isEmpty();
      ahead = ahead.filter(text -> !text.isEmpty());
    }
    return ahead.isPresent();
  }

  @Override
  public String next() {
    if (!hasNext()) {
      throw new NoSuchElementException("No documents are left");
    }
    String text = ahead.orElseThrow();
    ahead = Optional.empty();
    return text;
  }

  private static class Lines extends Documents {
    private final LineReader reader;

    Lines(TokensSplit split, TokensOptions options, Configuration hadoop) {
      reader = new LineReader(split, options.maxDocumentBytes(), hadoop);
    }

    @Override
    Optional<String> read() {
      return reader.line();
    }

    @Override
    public void close() {
      reader.close();
    }
  }

  private static final class JsonLines extends Lines {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final TokensSplit split;
    private final String field;

    JsonLines(TokensSplit split, TokensOptions options, Configuration hadoop) {
      super(split, options, hadoop);
      this.split = split;
      this.field = options.textField();
    }

    @Override
    Optional<String> read() {
      return super.read().map(line -> line.isBlank() ? "" : text(line));
    }

    private String text(String line) {
      String shown = line.length() > 80 ? line.substring(0, 80) + "..." : line;
      try {
        JsonNode value = JSON.readTree(line).path(field);
        if (!value.isTextual() && !value.isNull()) {
          throw new CorruptDataException(
              "Cannot read %s: field %s is not a string in %s; set option textField"
                  .formatted(split.path(), field, shown));
        }
        return value.isNull() ? "" : value.textValue();
      } catch (JsonProcessingException e) {
        throw new CorruptDataException(
            "Cannot read %s: not a line of JSON: %s".formatted(split.path(), shown), e);
      }
    }
  }

  private static final class WholeFile extends Documents {
    private final String text;
    private boolean taken;

    WholeFile(TokensSplit split, TokensOptions options, Configuration hadoop) {
      Path path = new Path(split.path());
      if (split.to() > options.maxDocumentBytes()) {
        throw new CorruptDataException(
            "Cannot read %s: the document has %d bytes (limit %d); raise option maxDocumentSize"
                .formatted(path, split.to(), options.maxDocumentBytes()));
      }
      try (var in = path.getFileSystem(hadoop).open(path)) {
        text = new String(in.readNBytes((int) split.to()), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
      }
    }

    @Override
    Optional<String> read() {
      Optional<String> once = taken ? Optional.empty() : Optional.of(text);
      taken = true;
      return once;
    }

    @Override
    public void close() {
      // Has been read whole.
    }
  }

  private static final class Parquet extends Documents {
    private final TokensSplit split;
    private final String column;
    private final ParquetReader<Group> reader;

    Parquet(TokensSplit split, TokensOptions options, Configuration hadoop) {
      this.split = split;
      this.column = options.textField();
      try {
        reader =
            ParquetReader.builder(new GroupReadSupport(), new Path(split.path()))
                .withConf(hadoop)
                .withFileRange(split.from(), split.to())
                .build();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + split.path() + ": " + e.getMessage(), e);
      }
    }

    @Override
    Optional<String> read() {
      try {
        Group group = reader.read();
        if (group == null) {
          return Optional.empty();
        }
        if (!group.getType().containsField(column)) {
          throw new IllegalArgumentException(
              "Cannot find column %s in %s: it has %s; set option textField"
                  .formatted(column, split.path(), group.getType().getFields()));
        }
        boolean present = group.getFieldRepetitionCount(column) > 0;
        return Optional.of(present ? group.getString(column, 0) : "");
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + split.path() + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      try {
        reader.close();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot close " + split.path(), e);
      }
    }
  }
}
