package io.octavo.tokens;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face {@code tokenizer.json}, run by the tokenizers library. The file is checked as JSON
 * before the library sees it.
 */
public final class TokenizerFile implements Tokenizer {

  /** The largest file that is read. */
  public static final int MAX_BYTES = 256 << 20;

  private static final int LARGEST_ID = (1 << 24) - 1;

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxStringLength(64 << 20)
                          .build())
                  .build())
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final HuggingFaceTokenizer tokenizer;
  private final int vocabularySize;
  private final int endOfText;

  private TokenizerFile(HuggingFaceTokenizer tokenizer, int vocabularySize, int endOfText) {
    this.tokenizer = tokenizer;
    this.vocabularySize = vocabularySize;
    this.endOfText = endOfText;
  }

  /**
   * A tokenizer from the bytes of its file.
   *
   * @param endOfText the id that ends a document; -1 for none
   * @throws CorruptDataException where the bytes are no tokenizer
   */
  public static TokenizerFile of(byte[] json, int endOfText) {
    int vocabulary = vocabularySize(json);
    if (endOfText >= vocabulary) {
      throw new CorruptDataException(
          "Cannot use tokenizer.json: its vocabulary has %d entries, the end of text is id %d"
              .formatted(vocabulary, endOfText));
    }
    try {
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(json),
              Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
      return new TokenizerFile(tokenizer, vocabulary, endOfText);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read tokenizer.json", e);
    } catch (RuntimeException e) {
      throw corrupt(String.valueOf(e.getMessage()), e);
    }
  }

  private static int vocabularySize(byte[] json) {
    if (json.length > MAX_BYTES) {
      throw corrupt("it has " + json.length + " bytes (limit " + MAX_BYTES + ")", null);
    }
    JsonNode root = parse(json);
    JsonNode vocabulary = root.path("model").path("vocab");
    if (!vocabulary.isObject() && !vocabulary.isArray() || vocabulary.isEmpty()) {
      throw corrupt("it has no model.vocab", null);
    }
    int largest = vocabulary.size() - 1;
    if (vocabulary.isObject()) {
      for (Map.Entry<String, JsonNode> word : vocabulary.properties()) {
        largest = Math.max(largest, id(word.getKey(), word.getValue()));
      }
    }
    for (JsonNode added : root.path("added_tokens")) {
      largest = Math.max(largest, id(added.path("content").asText(), added.path("id")));
    }
    return largest + 1;
  }

  private static JsonNode parse(byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw corrupt("it is not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw corrupt("it cannot be read", e);
    }
  }

  /** Models have a row of weights for every id: one far out would ask for all those before it. */
  private static int id(String word, JsonNode id) {
    if (!id.isInt() || id.intValue() < 0 || id.intValue() > LARGEST_ID) {
      throw corrupt(
          "id of %s is %s (expected a whole number from 0 to %d)"
              .formatted(word, id.isMissingNode() ? "missing" : id, LARGEST_ID),
          null);
    }
    return id.intValue();
  }

  private static CorruptDataException corrupt(String why, @Nullable Exception cause) {
    String message = "Cannot use tokenizer.json: " + why;
    return cause == null
        ? new CorruptDataException(message)
        : new CorruptDataException(message, cause);
  }

  /**
   * Ids of a text.
   *
   * @throws CorruptDataException where the file's model has no id for a part of it
   */
  @Override
  public int[] encode(String text) {
    long[] ids = checked(() -> tokenizer.encode(text, false, false).getIds());
    int[] narrow = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      narrow[i] = (int) ids[i];
    }
    return narrow;
  }

  @Override
  public String decode(int[] ids) {
    long[] known =
        Arrays.stream(ids).filter(id -> id >= 0 && id < vocabularySize).asLongStream().toArray();
    return checked(() -> tokenizer.decode(known, false));
  }

  /** Some faults of a file, such as a missing piece for unknown text, show only in use. */
  private static <T> T checked(Supplier<T> use) {
    try {
      return use.get();
    } catch (RuntimeException e) {
      throw corrupt(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public int vocabularySize() {
    return vocabularySize;
  }

  @Override
  public int endOfText() {
    return endOfText;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
