package io.octavo.layout;

import io.octavo.format.CorruptDataException;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.tokens.TokenizerFile;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileChecksum;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The small files of a model directory. */
final class DirectoryText {

  static final String CONFIG = "config.json";
  static final String TOKENIZER = "tokenizer.json";
  static final String GENERATION = "generation_config.json";
  private static final long MOST = 16 << 20;
  private static final int PIECE = 1 << 20;

  /** Files that a model is read from. */
  private static final Pattern READ = Pattern.compile("[^._].*\\.(json|safetensors)");

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

  /** Names, sizes and times of the files that a model is read from. */
  String fingerprint() {
    return print(
        status ->
            "%s %d@%d"
                .formatted(
                    status.getPath().getName(), status.getLen(), status.getModificationTime()));
  }

  /** Names and checksums of the same files; reads those that the file system has none of. */
  String checksum() {
    return print(status -> status.getPath().getName() + " " + checksum(status));
  }

  private String print(Function<FileStatus, String> line) {
    try {
      return Arrays.stream(files().listStatus(directory))
          .filter(status -> READ.matcher(status.getPath().getName()).matches())
          .map(line)
          .sorted()
          .collect(Collectors.joining("\n"));
    } catch (IOException e) {
      throw failed("read", directory, e);
    }
  }

  private String checksum(FileStatus status) {
    try {
      FileChecksum known = files().getFileChecksum(status.getPath());
      return known == null
          ? status.getLen() + " CRC32C " + crc(status.getPath())
          : known.getAlgorithmName() + " " + HexFormat.of().formatHex(known.getBytes());
    } catch (IOException e) {
      throw failed("read", status.getPath(), e);
    }
  }

  private String crc(Path file) throws IOException {
    CRC32C sum = new CRC32C();
    byte[] piece = new byte[PIECE];
    try (var in = files().open(file)) {
      for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
        sum.update(piece, 0, count);
      }
    }
    return Long.toHexString(sum.getValue());
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
