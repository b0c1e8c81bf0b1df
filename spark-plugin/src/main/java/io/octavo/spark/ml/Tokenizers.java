package io.octavo.spark.ml;

import io.octavo.tokens.ByteTokenizer;
import io.octavo.tokens.TokenizerFile;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What the parameter {@code tokenizer} means. */
final class Tokenizers {

  private Tokenizers() {}

  /**
   * The tokenizer of a parameter's value.
   *
   * @param model the model's directory, where it has one
   */
  static TokenizerSpec resolve(String value, Optional<ModelDirectory> model, Configuration hadoop) {
    if (value.equals(ByteTokenizer.NAME)) {
      return TokenizerSpec.bytes();
    }
    if (value.equals("auto")) {
      return model.map(ModelDirectory::tokenizer).orElseGet(TokenizerSpec::bytes);
    }
    return file(new Path(value), hadoop);
  }

  private static TokenizerSpec file(Path path, Configuration hadoop) {
    try {
      FileSystem files = path.getFileSystem(hadoop);
      if (files.getFileStatus(path).isDirectory()) {
        return new ModelDirectory(path.toString(), hadoop).tokenizer();
      }
      try (var in = files.open(path)) {
        return new TokenizerSpec(in.readNBytes(TokenizerFile.MAX_BYTES + 1), -1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot read tokenizer %s: %s (expected byte, auto, a tokenizer.json or a model directory)"
              .formatted(path, e.getMessage()),
          e);
    }
  }
}
