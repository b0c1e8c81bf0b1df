package io.octavo.layout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.gguf.GgufValue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer.json in llama.cpp's terms: byte-level BPE ({@code gpt2}), or BPE made from a
 * SentencePiece model ({@code llama}), whose pieces get their rank as score.
 */
final class GgufTokenizer {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  private final JsonNode root;
  private final JsonNode model;
  private final String[] tokens;
  private final int[] types;

  private GgufTokenizer(JsonNode root, int vocabulary) {
    this.root = root;
    this.model = root.path("model");
    this.tokens = new String[vocabulary];
    this.types = new int[vocabulary];
  }

  /**
   * Reads a tokenizer.
   *
   * @param vocabulary ids of the model; those that the tokenizer lacks are named as unused
   */
  static Map<String, GgufValue> of(byte[] json, int vocabulary) {
    try {
      GgufTokenizer tokenizer = new GgufTokenizer(JSON.readTree(json), vocabulary);
      if (!tokenizer.model.path("type").asText().equals("BPE")) {
        throw new IllegalArgumentException(
            "Cannot write a tokenizer of type %s to GGUF: known is BPE"
                .formatted(tokenizer.model.path("type").asText("none")));
      }
      return tokenizer.values();
    } catch (IOException e) {
      throw new CorruptDataException("Cannot read tokenizer.json: not valid JSON", e);
    }
  }

  /** The tokenizer whose ids are bytes, and one that ends a text. */
  static Map<String, GgufValue> bytes(int vocabulary) {
    String[] tokens = new String[vocabulary];
    for (int value = 0; value < 256; value++) {
      tokens[value] = String.valueOf((char) printable(value));
    }
    tokens[256] = "<|endoftext|>";
    int[] types = new int[vocabulary];
    Arrays.fill(types, 0, 256, NORMAL);
    types[256] = CONTROL;
    Map<String, GgufValue> values = new LinkedHashMap<>();
    values.put("tokenizer.ggml.model", new GgufValue.Text("gpt2"));
    values.put("tokenizer.ggml.pre", new GgufValue.Text("gpt-2"));
    putTokens(tokens, types, values);
    values.put("tokenizer.ggml.add_bos_token", new GgufValue.Bool(false));
    return values;
  }

  /** GPT-2's character for a byte: itself where it can be seen, else one from 256 on. */
  private static int printable(int value) {
    int hidden = 0;
    for (int i = 0; i <= value; i++) {
      boolean seen = i >= '!' && i <= '~' || i >= 0xA1 && i <= 0xAC || i >= 0xAE;
      if (i == value && seen) {
        return value;
      }
      hidden += seen ? 0 : 1;
    }
    return 255 + hidden;
  }

  private Map<String, GgufValue> values() {
    read();
    Map<String, GgufValue> values = new LinkedHashMap<>();
    boolean pieces = model.path("byte_fallback").asBoolean();
    values.put("tokenizer.ggml.model", new GgufValue.Text(pieces ? "llama" : "gpt2"));
    values.put("tokenizer.ggml.pre", new GgufValue.Text(pieces ? "default" : splitting()));
    putTokens(tokens, types, values);
    List<GgufValue> merges = new ArrayList<>();
    Map<String, Integer> ranks = new HashMap<>();
    for (JsonNode merge : model.path("merges")) {
      String text =
          merge.isArray() ? merge.path(0).asText() + " " + merge.path(1).asText() : merge.asText();
      ranks.putIfAbsent(text.replaceFirst(" ", ""), merges.size());
      merges.add(new GgufValue.Text(text));
    }
    if (pieces) {
      values.put("tokenizer.ggml.scores", new GgufValue.Array(scores(ranks)));
    } else if (!merges.isEmpty()) {
      values.put("tokenizer.ggml.merges", new GgufValue.Array(merges));
    }
    values.put(
        "tokenizer.ggml.add_bos_token", new GgufValue.Bool(begins(root.path("post_processor"))));
    return values;
  }

  /** Whether texts get an id before them: a template of one text that starts with a token. */
  private static boolean begins(JsonNode processor) {
    for (JsonNode part : processor.path("processors")) {
      if (begins(part)) {
        return true;
      }
    }
    return processor.path("single").path(0).has("SpecialToken");
  }

  private void read() {
    model
        .path("vocab")
        .properties()
        .forEach(
            entry -> {
              String token = entry.getKey();
              boolean isByte = token.matches("<0x[0-9A-F]{2}>");
              put(entry.getValue().asInt(-1), token, isByte ? BYTE : NORMAL);
            });
    for (JsonNode added : root.path("added_tokens")) {
      int type = added.path("special").asBoolean() ? CONTROL : USER_DEFINED;
      put(added.path("id").asInt(-1), added.path("content").asText(), type);
    }
    String unknown = model.path("unk_token").asText("");
    for (int id = 0; id < tokens.length; id++) {
      if (!unknown.isEmpty() && unknown.equals(tokens[id])) {
        types[id] = UNKNOWN;
      }
    }
  }

  private void put(int id, String token, int type) {
    if (id < 0 || id >= tokens.length) {
      throw new IllegalArgumentException(
          "Cannot write tokenizer to GGUF: token %s has id %d, the model has %d"
              .formatted(token, id, tokens.length));
    }
    tokens[id] = token;
    types[id] = type;
  }

  private static void putTokens(String[] tokens, int[] types, Map<String, GgufValue> values) {
    List<GgufValue> texts = new ArrayList<>();
    List<GgufValue> kinds = new ArrayList<>();
    for (int id = 0; id < tokens.length; id++) {
      boolean known = types[id] != 0;
      texts.add(new GgufValue.Text(known ? tokens[id] : "[PAD" + id + "]"));
      kinds.add(new GgufValue.I32(known ? types[id] : UNUSED));
    }
    values.put("tokenizer.ggml.tokens", new GgufValue.Array(texts));
    values.put("tokenizer.ggml.token_type", new GgufValue.Array(kinds));
  }

  /** Pieces that merge earlier score higher; what no merge makes scores lowest. */
  private List<GgufValue> scores(Map<String, Integer> ranks) {
    List<GgufValue> scores = new ArrayList<>();
    for (int id = 0; id < tokens.length; id++) {
      int rank = types[id] == NORMAL ? ranks.getOrDefault(tokens[id], ranks.size()) : 0;
      scores.add(new GgufValue.F32(-rank));
    }
    return scores;
  }

  /**
   * Llama.cpp's name of the expression that cuts text into words, told by what sets the well-known
   * ones apart.
   */
  private String splitting() {
    String expression = root.path("pre_tokenizer").toString();
    if (expression.contains("\\\\p{N}{1,3}")) {
      return "llama-bpe";
    }
    if (expression.contains("[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}|")) {
      return "qwen2";
    }
    if (!expression.contains("\"Regex\"")) {
      return "gpt-2";
    }
    throw new IllegalArgumentException(
        "Cannot write tokenizer to GGUF: its pre_tokenizer is none that llama.cpp has a name for that is known here (gpt-2, llama-bpe, qwen2)");
  }
}
