package io.octavo.tokens;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face {@code tokenizer.json}, run by the tokenizers library. The file is checked as JSON
 * before the library sees it.
 */
public final class TokenizerFile implements Tokenizer {

  /** The largest file that is read. */
  public static final int MAX_BYTES = 256 << 20;

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(64)
                      .maxStringLength(64 << 20)
                      .build())
              .build());

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
    try {
      JsonNode root = JSON.readTree(json);
      JsonNode vocabulary = root.path("model").path("vocab");
      if (!vocabulary.isObject() && !vocabulary.isArray() || vocabulary.isEmpty()) {
        throw corrupt("it has no model.vocab", null);
      }
      int largest = vocabulary.size() - 1;
      for (JsonNode id : vocabulary.isObject() ? vocabulary : JSON.createArrayNode()) {
        largest = Math.max(largest, id.asInt());
      }
      for (JsonNode added : root.path("added_tokens")) {
        largest = Math.max(largest, added.path("id").asInt());
      }
      return largest + 1;
    } catch (JsonProcessingException e) {
      throw corrupt("it is not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw corrupt("it cannot be read", e);
    }
  }

  private static CorruptDataException corrupt(String why, @Nullable Exception cause) {
    String message = "Cannot use tokenizer.json: " + why;
    return cause == null
        ? new CorruptDataException(message)
        : new CorruptDataException(message, cause);
  }

  @Override
  public int[] encode(String text) {
    long[] ids = tokenizer.encode(text, false, false).getIds();
    int[] narrow = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      narrow[i] = (int) ids[i];
    }
    return narrow;
  }

  @Override
  public String decode(int[] ids) {
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      wide[i] = ids[i];
    }
    return tokenizer.decode(wide, false);
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
