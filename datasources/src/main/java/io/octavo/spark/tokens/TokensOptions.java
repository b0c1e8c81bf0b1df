package io.octavo.spark.tokens;

import io.octavo.tokens.ByteTokenizer;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.jspecify.annotations.Nullable;

/**
 * Options of the source.
 *
 * @param paths files or directories
 * @param format {@code text}, {@code json}, {@code parquet}, or {@code auto}: by the file's ending
 * @param document for text: a {@code line} or the whole {@code file}
 * @param textField field or column of the text in JSON and Parquet
 * @param tokenizer {@code byte}, a tokenizer.json or a model directory
 * @param endOfText the token between documents; empty for the one the tokenizer's files name
 * @param sequenceLength tokens a sequence is trained on; a row holds one more
 * @param splitBytes size of a split
 * @param maxDocumentBytes longest document
 */
record TokensOptions(
    List<String> paths,
    String format,
    String document,
    String textField,
    String tokenizer,
    String endOfText,
    int sequenceLength,
    long splitBytes,
    int maxDocumentBytes)
    implements Serializable {

  static TokensOptions of(CaseInsensitiveStringMap options) {
    TokensOptions read =
        new TokensOptions(
            paths(options.get("path"), options.get("paths")),
            word(options, "format", "auto", List.of("auto", "text", "json", "parquet")),
            word(options, "document", "line", List.of("line", "file")),
            options.getOrDefault("textField", "text"),
            options.getOrDefault("tokenizer", ByteTokenizer.NAME),
            options.getOrDefault("endOfText", ""),
            options.getInt("sequenceLength", 1024),
            JavaUtils.byteStringAsBytes(options.getOrDefault("splitSize", "32m")),
            (int) JavaUtils.byteStringAsBytes(options.getOrDefault("maxDocumentSize", "64m")));
    if (read.sequenceLength < 1 || read.splitBytes < 1 || read.maxDocumentBytes < 1) {
      throw new IllegalArgumentException(
          "Invalid options: sequenceLength %d, splitSize %d, maxDocumentSize %d (expected 1 or more)"
              .formatted(read.sequenceLength, read.splitBytes, read.maxDocumentBytes));
    }
    return read;
  }

  /** Spark gives one path as it is and several as a JSON array. */
  private static List<String> paths(@Nullable String path, @Nullable String several) {
    if (path != null) {
      return List.of(path);
    }
    if (several == null) {
      throw new IllegalArgumentException(
          "Cannot read octavo-tokens: no path (expected load(path) or option path)");
    }
    return Stream.of(several.replaceAll("^\\[|\\]$", "").split(","))
        .map(text -> text.strip().replaceAll("^\"|\"$", ""))
        .toList();
  }

  private static String word(
      CaseInsensitiveStringMap options, String name, String standard, List<String> allowed) {
    String value = options.getOrDefault(name, standard).toLowerCase(Locale.ROOT);
    if (!allowed.contains(value)) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected one of %s)".formatted(name, value, allowed));
    }
    return value;
  }

  /** The format of a file. */
  String formatOf(String file) {
    if (!format.equals("auto")) {
      return format;
    }
    if (file.endsWith(".parquet")) {
      return "parquet";
    }
    return file.endsWith(".jsonl") || file.endsWith(".json") || file.endsWith(".ndjson")
        ? "json"
        : "text";
  }
}
