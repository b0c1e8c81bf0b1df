package io.octavo.cuda;

import io.octavo.kernel.LossKernels;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Softmax cross-entropy, a block a row; see loss.cu. */
final class CudaLossKernels implements LossKernels {

  private static final int FORWARD_THREADS = 256;
  private static final int THREADS = 512;

  /** Rows that are read twice: fewer at once of long ones, that the cache may hold them all. */
  private static final int LONG_ROW = 32768;

  private static final int LONG_ROW_THREADS = 1024;
  private static final int WARP = 32;

  /** A kernel of at most {@link #THREADS} threads that keeps rows in registers, packs a thread. */
  private record InRegisters(Kernel kernel, int packs) {

    int threadsFor(int columns) {
      int each = AccessWidth.WIDE.numbers() * packs;
      return ((columns + each - 1) / each + WARP - 1) / WARP * WARP;
    }
  }

  private final WidthVariants crossEntropy;
  private final WidthVariants backward;
  private final Map<Storage, List<InRegisters>> backwardInRegisters;

  CudaLossKernels(CudaContext context) {
    KernelModule module = context.module("loss");
    this.crossEntropy = ofOneType(module, "cross_entropy");
    this.backward = ofOneType(module, "cross_entropy_backward");
    this.backwardInRegisters =
        Map.of(
            Storage.F32, inRegisters(module, Storage.F32, 1, 4),
            Storage.BF16, inRegisters(module, Storage.BF16, 1, 4, 8));
  }

  private static WidthVariants ofOneType(KernelModule module, String operation) {
    return new WidthVariants(suffix -> KernelVariants.ofOneType(module, operation, suffix));
  }

  private static List<InRegisters> inRegisters(KernelModule module, Storage type, int... packs) {
    String prefix = "cross_entropy_backward_" + type.label() + "_p";
    return Arrays.stream(packs)
        .mapToObj(count -> new InRegisters(module.kernel(prefix + count), count))
        .toList();
  }

  @Override
  public long chunkElements() {
    return CudaPlanning.LOGITS_ELEMENTS;
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor losses) {
    AccessWidth width = AccessWidth.of(logits.columns(), logits);
    crossEntropy
        .of(width, Storage.of(logits))
        .launch(Grid.of(logits.rows(), FORWARD_THREADS), logits, targets, losses, logits.columns());
  }

  @Override
  public void crossEntropyBackward(Tensor logits, Tensor targets, Tensor losses, float scale) {
    AccessWidth width = AccessWidth.of(logits.columns(), logits);
    Storage type = Storage.of(logits);
    Kernel kernel = backward.of(width, type);
    int threads = logits.columns() > LONG_ROW ? LONG_ROW_THREADS : THREADS;
    if (width == AccessWidth.WIDE) {
      for (InRegisters candidate : backwardInRegisters.getOrDefault(type, List.of())) {
        int needed = candidate.threadsFor(logits.columns());
        if (needed <= THREADS) {
          kernel = candidate.kernel;
          threads = needed;
          break;
        }
      }
    }
    kernel.launch(
        Grid.of(logits.rows(), threads), logits, targets, losses, scale, logits.columns());
  }
}
