package io.octavo.examples;

import io.octavo.tokens.SequencePacker;
import io.octavo.tokens.Tokenizer;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Packed text: samples to train on in a seeded order, and others held out. */
final class TextSamples {

  /** Every so many samples one is held out, so that all texts have a share in it. */
  static final int HELD_OUT_EVERY = 50;

  private final List<int[]> training = new ArrayList<>();
  private final List<int[]> heldOut = new ArrayList<>();
  private final int length;

  /**
   * Samples of the documents, without dropping or repeating a token.
   *
   * @param length tokens of a sample: one more than are trained on
   * @param endOfText id put after each document
   */
  TextSamples(Iterator<int[]> documents, int length, int endOfText) {
    this.length = length;
    SequencePacker packer = new SequencePacker(documents, length, endOfText);
    for (long i = 0; packer.hasNext(); i++) {
      (i % HELD_OUT_EVERY == 0 ? heldOut : training).add(packer.next());
    }
    if (training.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot train on %d tokens of text: two samples of %d tokens are the least; give more text or shorten the sequence"
              .formatted((long) heldOut.size() * length, length));
    }
  }

  /** Every file is one document. */
  static TextSamples read(List<Path> files, Tokenizer tokenizer, int length) throws IOException {
    List<int[]> documents = new ArrayList<>();
    for (Path file : files) {
      documents.add(tokenizer.encode(Files.readString(file)));
    }
    return new TextSamples(documents.iterator(), length, tokenizer.endOfText());
  }

  int trainingCount() {
    return training.size();
  }

  int heldOutCount() {
    return heldOut.size();
  }

  /** The first {@code count} samples of all epochs; each takes all in an order of its own. */
  int[] order(long seed, int count) {
    Random random = new Random(seed);
    List<Integer> epoch =
        IntStream.range(0, training.size())
            .boxed()
            .collect(Collectors.toCollection(ArrayList::new));
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int place = i % epoch.size();
      if (place == 0) {
        Collections.shuffle(epoch, random);
      }
      order[i] = epoch.get(place);
    }
    return order;
  }

  /** Training samples one after the other: those that {@code order} names from {@code from} on. */
  IntBuffer batch(int[] order, int from, int count) {
    IntBuffer tokens = IntBuffer.allocate(count * length);
    for (int i = 0; i < count; i++) {
      tokens.put(training.get(order[from + i]));
    }
    return tokens.flip();
  }

  /** All held-out samples one after the other. */
  IntBuffer heldOut() {
    IntBuffer tokens = IntBuffer.allocate(heldOut.size() * length);
    for (int[] sample : heldOut) {
      tokens.put(sample);
    }
    return tokens.flip();
  }
}
