package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.optim.MomentFormat;
import io.octavo.tensor.MemoryKind;
import io.octavo.train.MemoryPlan;
import io.octavo.train.StepMetrics;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TestProgressPrinter {

  private static final TrainingSettings SETTINGS =
      new TrainingSettings(
          "fp8",
          "",
          MomentFormat.FP8,
          64,
          8,
          4,
          40,
          1,
          1e-3f,
          "cosine",
          0,
          0.1,
          0.1,
          0.9f,
          0.95f,
          1e-8f,
          0.1f,
          1);

  private static final MemoryPlan MEMORY =
      new MemoryPlan(Map.of(MemoryKind.MOMENTS, 3L << 28), 1000, 2);

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  private ProgressPrinter printer(int interval) {
    return new ProgressPrinter(
        new PrintStream(written, true, StandardCharsets.UTF_8), SETTINGS, MEMORY, interval);
  }

  private List<String> lines() {
    return written.toString(StandardCharsets.UTF_8).lines().toList();
  }

  private static StepMetrics metrics(long step, double loss) {
    return new StepMetrics(step, loss, 1.25, 3e-4, 512, 0.25, 0, 2e9, 0.875, 3 << 19);
  }

  @Test
  void aLineSaysAllThatIsAskedOfAStep() {
    printer(10).stepDone(metrics(10, 2.5));
    assertThat(lines())
        .containsExactly(
            "[#####...............] step 10/40 loss 2.5000 grad_norm 1.250 lr 3.00e-04"
                + " 2,048 tokens/s 8.0 GFLOP/s mem 0.75 GiB low_precision 88 % wire 1.5 MiB");
  }

  @Test
  void printsTheFirstStepTheLastAndOneEachInterval() {
    ProgressPrinter printer = printer(15);
    for (int step = 1; step <= 40; step++) {
      printer.stepDone(metrics(step, 1));
    }
    assertThat(lines()).hasSize(4);
    assertThat(lines())
        .extracting(line -> line.split(" ")[2])
        .containsExactly("1/40", "15/40", "30/40", "40/40");
    assertThat(lines().get(3)).startsWith("[####################]");
  }

  @Test
  void tellsTheMemoryTableOnceAndEveryNewAttempt() {
    ProgressPrinter printer = printer(10);
    printer.attemptStarted(0, 0);
    assertThat(written.toString(StandardCharsets.UTF_8))
        .startsWith("training in fp8 with FP8 moments, 40 steps of 8 x 64 tokens, from step 0")
        .contains("moments")
        .contains("total");
    written.reset();
    printer.attemptFailed(0, "rank 1 is lost");
    printer.attemptStarted(1, 20);
    assertThat(lines())
        .containsExactly("attempt 0 failed: rank 1 is lost", "attempt 1 goes on after step 20");
    assertThat(printer.attempts()).isEqualTo(2);
  }

  @Test
  void repeatedStepsReplaceWhatTheyWere() {
    ProgressPrinter printer = printer(0);
    printer.attemptStarted(0, 0);
    for (int step = 1; step <= 5; step++) {
      printer.stepDone(metrics(step, step));
    }
    printer.attemptStarted(1, 3);
    printer.stepDone(metrics(4, 40));
    assertThat(printer.steps()).extracting(StepMetrics::loss).containsExactly(1.0, 2.0, 3.0, 40.0);
    assertThat(lines()).isEmpty();
  }
}
