package io.octavo.cpu;

import io.octavo.kernel.LossKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** Softmax cross-entropy, a row at a time. */
final class CpuLossKernels implements LossKernels {

  private final Tiles tiles;
  private final FloatLoops loops;

  CpuLossKernels(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.loops = loops;
  }

  /** A chunk of 8 MiB: what is computed of it is still in the last cache when it is used. */
  @Override
  public long chunkElements() {
    return 2L << 20;
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor losses) {
    forRows(logits, targets, losses, (row, at, target, sum) -> {});
  }

  @Override
  public void crossEntropyBackward(Tensor logits, Tensor targets, Tensor losses, float scale) {
    int columns = logits.columns();
    FloatBuffer out = HostBuffer.of(logits).floats();
    forRows(
        logits,
        targets,
        losses,
        (row, at, target, sum) -> {
          float factor = target == IGNORED ? 0 : scale / sum;
          for (int c = 0; c < columns; c++) {
            row[c] *= factor;
          }
          if (target != IGNORED) {
            row[target] -= scale;
          }
          out.put(at, row, 0, columns);
        });
  }

  /** What is done with a row of {@code exp(z - max)} and its sum. */
  private interface RowTask {
    void run(float[] row, int at, int target, float sum);
  }

  private void forRows(Tensor logits, Tensor targets, Tensor losses, RowTask task) {
    int columns = logits.columns();
    FloatBuffer in = HostBuffer.of(logits).floats();
    IntBuffer target = HostBuffer.of(targets).ints();
    FloatBuffer loss = HostBuffer.of(losses).floats();
    tiles.forRanges(
        logits.rows(),
        Tiles.rowsPerBlock(columns),
        (from, to) -> {
          float[] row = tiles.floats(0, columns);
          for (int m = from; m < to; m++) {
            in.get(m * columns, row, 0, columns);
            int wanted = target.get(m);
            float max = loops.max(row, 0, columns);
            float atTarget = wanted == IGNORED ? 0 : row[wanted];
            float sum = loops.expAndSum(row, 0, columns, max);
            double logSum = max + Math.log(sum);
            loss.put(m, wanted == IGNORED ? 0 : (float) (logSum - atTarget));
            task.run(row, m * columns, wanted, sum);
          }
        });
  }
}
