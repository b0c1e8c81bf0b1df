package io.octavo.train;

import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.model.Transformer;
import io.octavo.optim.AdamWConfig;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * What a step gives to the device. Numbers that differ from step to step lie in the control vector,
 * so that the same work can be given again as one captured graph.
 */
final class StepWork {

  private final Backend backend;
  private final Transformer transformer;
  private final List<UnitState> states;
  private final List<UnitState.Update> updates;
  private final AdamWConfig adamW;
  private final List<Tensor> accumulated;
  private final Tensor control;
  private final Tensor totals;
  private final ByteBuffer controlHost = words(OptimizerKernels.CONTROL);
  private final ByteBuffer totalsHost = words(OptimizerKernels.TOTALS);

  /**
   * The work of one rank.
   *
   * @param updates of this rank's shards
   * @param accumulated gradients that kernels add to, and that a step therefore begins by zeroing
   */
  StepWork(
      Backend backend,
      Transformer transformer,
      List<UnitState> states,
      List<UnitState.Update> updates,
      AdamWConfig adamW,
      List<Tensor> accumulated,
      Tensor control,
      Tensor totals) {
    this.backend = backend;
    this.transformer = transformer;
    this.states = states;
    this.updates = updates;
    this.adamW = adamW;
    this.accumulated = List.copyOf(accumulated);
    this.control = control;
    this.totals = totals;
  }

  private static ByteBuffer words(int count) {
    return ByteBuffer.allocateDirect(count * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  /**
   * Sets the numbers of a step.
   *
   * @param mean what makes stored gradients those of the mean loss
   */
  void control(long step, double learningRate, double mean) {
    controlHost.putFloat(OptimizerKernels.STEP * Float.BYTES, step);
    controlHost.putFloat(OptimizerKernels.LEARNING_RATE * Float.BYTES, (float) learningRate);
    controlHost.putFloat(OptimizerKernels.MEAN * Float.BYTES, (float) mean);
    controlHost.putFloat(OptimizerKernels.CLIP_NORM * Float.BYTES, adamW.clipNorm());
    backend.upload(controlHost, control);
  }

  /** Forward and backward of all micro-batches; sums losses and squares of gradients. */
  void gradients(int microBatches, float scale) {
    accumulated.forEach(backend::zero);
    backend.zero(totals);
    OptimizerKernels optimizer = backend.optimizer();
    for (int i = 0; i < microBatches; i++) {
      optimizer.addSum(transformer.train(i, scale), totals, OptimizerKernels.LOSS_SUM);
    }
    for (UnitState state : states) {
      optimizer.addSumOfSquares(state.gradient(), totals, OptimizerKernels.SQUARES);
    }
  }

  /** Clips and updates; changes nothing where losses or gradients are not finite. */
  void update() {
    backend.optimizer().finishNorm(totals, control);
    for (UnitState.Update update : updates) {
      backend
          .casting()
          .adamW(
              update.parameters(),
              update.history(),
              update.gradient(),
              update.first(),
              update.second(),
              new OptimizerKernels.AdamWRule(
                  adamW.beta1(), adamW.beta2(), adamW.epsilon(), update.weightDecay()),
              control);
    }
  }

  /** Waits for the sums. */
  double[] totals() {
    backend.download(totals, totalsHost);
    double[] sums = new double[OptimizerKernels.TOTALS / 2];
    for (int i = 0; i < sums.length; i++) {
      sums[i] =
          (double) totalsHost.getFloat(2 * i * Float.BYTES)
              + totalsHost.getFloat((2 * i + 1) * Float.BYTES);
    }
    return sums;
  }

  /** Replaces the sums by those over all ranks. */
  void replaceTotals(double lossSum, double squares) {
    putTotal(OptimizerKernels.LOSS_SUM, lossSum);
    putTotal(OptimizerKernels.SQUARES, squares);
    backend.upload(totalsHost, totals);
  }

  private void putTotal(int total, double sum) {
    float high = (float) sum;
    totalsHost.putFloat(2 * total * Float.BYTES, high);
    totalsHost.putFloat(
        (2 * total + 1) * Float.BYTES, Float.isFinite(high) ? (float) (sum - high) : 0);
  }
}
