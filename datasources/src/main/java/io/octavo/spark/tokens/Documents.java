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
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

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
    private final ParquetReader<Group> reader;

    Parquet(TokensSplit split, TokensOptions options, Configuration hadoop) {
      this.split = split;
      Path path = new Path(split.path());
      try {
        Configuration projected = new Configuration(hadoop);
        projected.set(ReadSupport.PARQUET_READ_SCHEMA, textOnly(path, options, hadoop).toString());
        reader =
            ParquetReader.builder(new GroupReadSupport(), path)
                .withConf(projected)
                .withFileRange(split.from(), split.to())
                .build();
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
      }
    }

    /** The file's schema without all other columns, which are then not read. */
    private static MessageType textOnly(Path path, TokensOptions options, Configuration hadoop)
        throws IOException {
      MessageType schema = schema(path, hadoop);
      String column = options.textField();
      if (!schema.containsField(column)) {
        throw new IllegalArgumentException(
            "Cannot find column %s in %s: it has %s; set option textField"
                .formatted(column, path, schema.getFields()));
      }
      Type type = schema.getType(column);
      boolean text =
          type.isPrimitive()
              && !type.isRepetition(Type.Repetition.REPEATED)
              && type.asPrimitiveType().getPrimitiveTypeName()
                  == PrimitiveType.PrimitiveTypeName.BINARY;
      if (!text) {
        throw new IllegalArgumentException(
            "Cannot read text of column %s in %s: it is %s; set option textField"
                .formatted(column, path, type));
      }
      return new MessageType(schema.getName(), type);
    }

    private static MessageType schema(Path path, Configuration hadoop) throws IOException {
      try (ParquetFileReader file =
          ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop))) {
        return file.getFileMetaData().getSchema();
      } catch (RuntimeException e) {
        throw new CorruptDataException("Cannot read %s: %s".formatted(path, e.getMessage()), e);
      }
    }

    @Override
    Optional<String> read() {
      try {
        Group group = reader.read();
        if (group == null) {
          return Optional.empty();
        }
        boolean present = group.getFieldRepetitionCount(0) > 0;
        return Optional.of(present ? group.getString(0, 0) : "");
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
