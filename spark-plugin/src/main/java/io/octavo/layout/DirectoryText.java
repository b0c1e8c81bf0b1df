package io.octavo.layout;

import io.octavo.format.CorruptDataException;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.tokens.TokenizerFile;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The small files of a model directory. */
final class DirectoryText {

  static final String CONFIG = "config.json";
  static final String TOKENIZER = "tokenizer.json";
  static final String GENERATION = "generation_config.json";
  private static final long MOST = 16 << 20;

  private final Path directory;
  private final Configuration hadoop;

  DirectoryText(Path directory, Configuration hadoop) {
    this.directory = directory;
    this.hadoop = hadoop;
  }

  String config() {
    return text(CONFIG);
  }

  Optional<String> generationConfig() {
    return exists(GENERATION) ? Optional.of(text(GENERATION)) : Optional.empty();
  }

  TokenizerSpec tokenizer() {
    return exists(TOKENIZER)
        ? new TokenizerSpec(
            read(TOKENIZER, TokenizerFile.MAX_BYTES), HuggingFaceConfig.endOfText(config()))
        : TokenizerSpec.bytes();
  }

  /** Names, sizes and times of the files. */
  String fingerprint() {
    try {
      StringBuilder print = new StringBuilder(directory.toString());
      for (FileStatus status : files().listStatus(directory)) {
        print
            .append('|')
            .append(status.getPath().getName())
            .append(' ')
            .append(status.getLen())
            .append('@')
            .append(status.getModificationTime());
      }
      return print.toString();
    } catch (IOException e) {
      throw failed("read", directory, e);
    }
  }

  private FileSystem files() throws IOException {
    return directory.getFileSystem(hadoop);
  }

  private boolean exists(String name) {
    try {
      return files().exists(new Path(directory, name));
    } catch (IOException e) {
      throw failed("read", directory, e);
    }
  }

  private String text(String name) {
    return new String(read(name, MOST), StandardCharsets.UTF_8);
  }

  byte[] read(String name, long limit) {
    Path file = new Path(directory, name);
    try {
      long length = files().getFileStatus(file).getLen();
      if (length > limit) {
        throw new CorruptDataException(
            "Cannot read %s: it has %d bytes (limit %d)".formatted(file, length, limit));
      }
      try (var in = files().open(file)) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw failed("read", file, e);
    }
  }

  void write(String name, byte[] content) {
    Path file = new Path(directory, name);
    try (var out = files().create(file, true)) {
      out.write(content);
    } catch (IOException e) {
      throw failed("write", file, e);
    }
  }

  private static UncheckedIOException failed(String verb, Path file, IOException cause) {
    return new UncheckedIOException(
        "Cannot %s %s: %s".formatted(verb, file, cause.getMessage()), cause);
  }
}
