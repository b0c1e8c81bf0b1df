package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.IntBuffer;
import org.junit.jupiter.api.Test;

class TestMicroBatch {

  private static final int END = 9;
  private static final int NONE = -100;

  private static MicroBatch of(int endOfText, int... tokens) {
    return MicroBatch.of(IntBuffer.wrap(tokens), 0, 1, tokens.length - 1, endOfText);
  }

  @Test
  void startsADocumentAfterEachEnd() {
    MicroBatch batch = of(END, 1, 2, END, 3, 4, 5, END, 6);

    assertThat(batch.ids()).containsExactly(1, 2, END, 3, 4, 5, END);
    assertThat(batch.targets()).containsExactly(2, END, NONE, 4, 5, END, NONE);
    assertThat(batch.positions()).containsExactly(0, 1, 2, 0, 1, 2, 3);
    assertThat(batch.documentStart()).containsExactly(0, 0, 0, 3, 3, 3, 3);
    assertThat(batch.targetCount()).isEqualTo(5);
  }

  @Test
  void leavesPaddingOutOfTheLoss() {
    MicroBatch batch = of(END, 1, 2, END, -1, -1);

    assertThat(batch.ids()).containsExactly(1, 2, END, 0);
    assertThat(batch.targets()).containsExactly(2, END, NONE, NONE);
  }

  @Test
  void takesPaddingForNoEndWhereThereIsNone() {
    MicroBatch batch = of(-1, 1, -1, -1, 2);

    assertThat(batch.targets()).containsExactly(NONE, NONE, NONE);
    assertThat(batch.documentStart()).containsExactly(0, 0, 0);
  }

  @Test
  void readsSamplesInOrder() {
    IntBuffer tokens = IntBuffer.wrap(new int[] {0, 0, 0, 1, 2, 3, 4, 5, 6});
    MicroBatch batch = MicroBatch.of(tokens, 1, 2, 2, END);

    assertThat(batch.ids()).containsExactly(1, 2, 4, 5);
    assertThat(batch.targets()).containsExactly(2, 3, 5, 6);
    assertThat(batch.positions()).containsExactly(0, 1, 0, 1);
  }
}
