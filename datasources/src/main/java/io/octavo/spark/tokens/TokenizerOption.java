package io.octavo.spark.tokens;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.tokens.ByteTokenizer;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerFile;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What the options {@code tokenizer} and {@code endOfText} mean: the built-in byte tokenizer, a
 * tokenizer.json, or a model directory; and the id between documents.
 *
 * <p>An end of text that is not given is the one that the files beside tokenizer.json name:
 * eos_token of tokenizer_config.json, else eos_token_id of config.json.
 */
final class TokenizerOption {

  private static final int MAX_CONFIG = 16 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final FileSystem system;

  private TokenizerOption(Path file, FileSystem system) {
    this.file = file;
    this.system = system;
  }

  /**
   * The tokenizer of the options.
   *
   * @throws IllegalArgumentException where the end of text is not one of its tokens
   */
  static TokenizerSpec resolve(TokensOptions options, Configuration hadoop) {
    if (options.tokenizer().equals(ByteTokenizer.NAME)) {
      if (!options.endOfText().isEmpty()) {
        throw new IllegalArgumentException(
            "Cannot use endOfText %s with the byte tokenizer: its end of text is always %d"
                .formatted(options.endOfText(), TokenizerSpec.bytes().endOfText()));
      }
      return TokenizerSpec.bytes();
    }
    Path path = new Path(options.tokenizer());
    try {
      FileSystem system = path.getFileSystem(hadoop);
      boolean directory = system.getFileStatus(path).isDirectory();
      Path file = directory ? new Path(path, "tokenizer.json") : path;
      return new TokenizerOption(file, system).spec(options.endOfText());
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot read tokenizer %s: %s (expected byte, a tokenizer.json or a model directory)"
              .formatted(path, e.getMessage()),
          e);
    }
  }

  private TokenizerSpec spec(String endOfText) throws IOException {
    byte[] json = read(file, TokenizerFile.MAX_BYTES);
    if (!endOfText.isEmpty()) {
      return new TokenizerSpec(json, idOf(json, endOfText));
    }
    Optional<String> token =
        beside("tokenizer_config.json").flatMap(config -> text(config.path("eos_token")));
    if (token.isPresent()) {
      return new TokenizerSpec(json, idOf(json, token.get()));
    }
    JsonNode id =
        beside("config.json").map(config -> config.path("eos_token_id")).orElse(JSON.nullNode());
    return new TokenizerSpec(json, (id.isArray() ? id.path(0) : id).asInt(-1));
  }

  /** A token is written as it is, or as an object around it. */
  private static Optional<String> text(JsonNode token) {
    JsonNode content = token.isObject() ? token.path("content") : token;
    return content.isTextual() ? Optional.of(content.textValue()) : Optional.empty();
  }

  private int idOf(byte[] json, String token) {
    try (Tokenizer tokenizer = TokenizerFile.of(json, -1)) {
      int[] ids = tokenizer.encode(token);
      if (ids.length != 1) {
        throw new IllegalArgumentException(
            "Cannot use %s as the end of text: it is %d tokens of %s; set option endOfText to one"
                .formatted(token, ids.length, file));
      }
      return ids[0];
    }
  }

  private Optional<JsonNode> beside(String name) throws IOException {
    Path path = new Path(file.getParent(), name);
    if (!system.exists(path)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readTree(read(path, MAX_CONFIG)));
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read %s: not valid JSON: %s".formatted(path, e.getOriginalMessage()), e);
    }
  }

  private byte[] read(Path path, int limit) throws IOException {
    try (var in = system.open(path)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new CorruptDataException(
            "Cannot read %s: it has more than %d bytes".formatted(path, limit));
      }
      return bytes;
    }
  }
}
