package io.octavo.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.golden.GoldenFiles;
import io.octavo.tensor.Allocations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A file of tokenizers 0.23 gives its ids; unsound files give one kind of error. */
class TestTokenizerFile {

  private static final long MOST_BYTES = 16L << 20;

  @TempDir Path directory;

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void givesTheIdsOfTheLibraryThatWroteIt() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    JsonNode expected = new ObjectMapper().readTree(wiki.resolve("eval.json").toFile());
    byte[] json = Files.readAllBytes(wiki.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = TokenizerFile.of(json, 0)) {
      int[] ids =
          StreamSupport.stream(expected.get("prompt_ids").spliterator(), false)
              .mapToInt(JsonNode::intValue)
              .toArray();
      String prompt = expected.get("prompt").textValue();
      assertThat(tokenizer.encode(prompt)).containsExactly(ids);
      assertThat(tokenizer.decode(ids)).isEqualTo(prompt);
      assertThat(tokenizer.vocabularySize()).isEqualTo(4096);
      assertThat(tokenizer.endOfText()).isZero();
      String text = "ünïcode 汉字 😀\n\ttabs  and   spaces";
      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
      assertThat(tokenizer.encode("")).isEmpty();
    }
  }

  @Test
  void mergesPairsAndCountsAddedTokens() {
    try (Tokenizer tokenizer = TokenizerFile.of(bytes(TokenizerTexts.BPE), 9)) {
      assertThat(tokenizer.encode("hello hell<|end|>")).containsExactly(8, 4, 5, 6, 9);
      assertThat(tokenizer.decode(new int[] {8, 4, 5, 6})).isEqualTo("hello hell");
      assertThat(tokenizer.vocabularySize()).isEqualTo(10);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"hello\": 8 | \"hello\": -8 | id of hello is -8",
        "\"hello\": 8 | \"hello\": \"8\" | id of hello is \"8\"",
        "\"hello\": 8 | \"hello\": 8.5 | id of hello is 8.5",
        "\"hello\": 8 | \"hello\": 2147483647 | id of hello is 2147483647",
        "\"hello\": 8 | \"hello\": 99999999999 | id of hello is 99999999999",
        "\"id\": 9 | \"id\": 2000000000 | id of <|end|> is 2000000000",
        "\"id\": 9 | \"id\": null | id of <|end|> is null",
        "\"hello\": 8 | \"he\": 8 | Duplicate field 'he'",
        "\"vocab\" | \"words\" | no model.vocab",
        "\"BPE\" | \"BPF\" | Cannot use tokenizer.json"
      })
  void namesWhatIsWrong(String from, String to, String fault) {
    String json = TokenizerTexts.BPE.replace(from, to);
    assertThat(json).isNotEqualTo(TokenizerTexts.BPE);
    assertThatThrownBy(() -> TokenizerFile.of(bytes(json), -1))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("Cannot use tokenizer.json")
        .hasMessageContaining(fault);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "null", "7", "{", "{}", "\u0000", "{\"model\": {\"vocab\": {}}}"})
  void refusesWhatIsNoTokenizer(String json) {
    assertThatThrownBy(() -> TokenizerFile.of(bytes(json), -1))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageStartingWith("Cannot use tokenizer.json: ");
  }

  @Test
  void refusesAnEndOfTextOutsideTheVocabularyAndDeepNesting() {
    assertThatThrownBy(() -> TokenizerFile.of(bytes(TokenizerTexts.BPE), 10))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("vocabulary has 10 entries, the end of text is id 10");
    String deep = "{\"model\":" + "[".repeat(100_000);
    assertThatThrownBy(() -> TokenizerFile.of(bytes(deep), -1))
        .isInstanceOf(CorruptDataException.class);
  }

  @Test
  void readsTenThousandMutationsOrSaysWhatIsWrong() {
    List<String> valid =
        List.of(TokenizerTexts.BPE, TokenizerTexts.UNIGRAM, TokenizerTexts.WORD_PIECE);
    Random random = new Random(20261125);
    int read = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] mutant = mutate(bytes(valid.get(i % valid.size())), random);
      long before = Allocations.ofThisThread();
      try (Tokenizer tokenizer = TokenizerFile.of(mutant, -1)) {
        int[] ids = tokenizer.encode("hello hell\u00e9 \u6c49 \ud83d\ude00 l o");
        for (int id : ids) {
          assertThat(id).isBetween(0, tokenizer.vocabularySize() - 1);
        }
        tokenizer.decode(ids);
        read++;
      } catch (CorruptDataException e) {
        assertThat(e).hasMessageContaining("Cannot use tokenizer.json");
      }
      assertThat(Allocations.ofThisThread() - before)
          .as("bytes taken for mutation %d", i)
          .isLessThan(MOST_BYTES);
    }
    assertThat(read).as("mutations that still are tokenizers").isBetween(500, 9_500);
  }

  private static byte[] mutate(byte[] valid, Random random) {
    StringBuilder text = new StringBuilder(new String(valid, StandardCharsets.ISO_8859_1));
    String pieces = "0123456789-.eE\"{}[],: \\ntrufalsx\u0000\u00ff";
    for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(6)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.setCharAt(at, pieces.charAt(random.nextInt(pieces.length())));
        case 2 -> text.insert(at, pieces.charAt(random.nextInt(pieces.length())));
        case 3 -> text.insert(at, text.substring(at, Math.min(text.length(), at + 30)));
        case 4 -> replaceNumber(text, at, random);
        default -> text.delete(at, Math.min(text.length(), at + random.nextInt(30)));
      }
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The number at or after a place becomes another, often an extreme one. */
  private static void replaceNumber(StringBuilder text, int from, Random random) {
    String[] extremes = {"-1", "0", "4294967296", "2147483647", "1e300", "18446744073709551615"};
    for (int at = from; at < text.length(); at++) {
      if (Character.isDigit(text.charAt(at))) {
        text.replace(at, at + 1, extremes[random.nextInt(extremes.length)]);
        return;
      }
    }
  }
}
