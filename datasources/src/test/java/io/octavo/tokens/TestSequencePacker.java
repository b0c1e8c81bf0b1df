package io.octavo.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestSequencePacker {

  @Test
  void cutsLongDocumentsAndFillsUpTheLastSequence() {
    List<int[]> documents = List.of(new int[] {1, 2, 3, 4, 5, 6}, new int[0], new int[] {7});
    SequencePacker packer = new SequencePacker(documents.iterator(), 4, 9);

    assertThat(packer.next()).containsExactly(1, 2, 3, 4);
    assertThat(packer.next()).containsExactly(5, 6, 9, 9);
    assertThat(packer.next()).containsExactly(7, 9, -1, -1);
    assertThat(packer.hasNext()).isFalse();
    assertThat(packer.documentCount()).isEqualTo(3);
    assertThatThrownBy(packer::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void keepsFullSequencesOnlyWhereAsked() {
    SequencePacker packer = new SequencePacker(List.of(new int[] {1, 2, 3}).iterator(), 2, -1);
    assertThat(packer.nextFull()).hasValueSatisfying(s -> assertThat(s).containsExactly(1, 2));
    assertThat(packer.nextFull()).isEmpty();
    assertThatThrownBy(() -> new SequencePacker(List.<int[]>of().iterator(), 0, -1))
        .hasMessageContaining("expected 1 or more");
  }

  /** The sequences, one after the other, are the documents, one after the other. */
  @ParameterizedTest
  @CsvSource({"1,9", "7,9", "13,-1", "128,9", "1000,-1"})
  void dropsAndRepeatsNothing(int length, int endOfText) {
    Random random = new Random(length);
    List<int[]> documents = new ArrayList<>();
    List<Integer> expected = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      int[] document = random.ints(random.nextInt(30), 0, 9).toArray();
      documents.add(document);
      for (int id : document) {
        expected.add(id);
      }
      if (endOfText >= 0) {
        expected.add(endOfText);
      }
    }
    List<Integer> packed = new ArrayList<>();
    SequencePacker packer = new SequencePacker(documents.iterator(), length, endOfText);
    while (packer.hasNext()) {
      int[] sequence = packer.next();
      assertThat(sequence).hasSize(length);
      for (int id : sequence) {
        packed.add(id);
      }
    }
    int padding = packed.size() - expected.size();
    assertThat(padding).isBetween(0, length - 1);
    assertThat(packed.subList(0, expected.size())).isEqualTo(expected);
    assertThat(packed.subList(expected.size(), packed.size())).allMatch(id -> id == -1);
  }

  @Test
  void bytesGoThereAndBack() {
    try (Tokenizer tokenizer = new ByteTokenizer()) {
      String text = "a\u00e9\u6c49\ud83d\ude00\n";
      int[] ids = tokenizer.encode(text);
      assertThat(ids).hasSize(11);
      assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < 256);
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
      assertThat(tokenizer.decode(new int[] {-1, 72, 256, 105, 900})).isEqualTo("Hi");
      assertThat(tokenizer.vocabularySize()).isEqualTo(257);
    }
  }
}
