package io.octavo.cuda;

import io.octavo.quant.QuantSpec;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/** The kernels of quantize.cu that measure before a cast: whole tensors, and rows and columns. */
final class AmaxKernels {

  private static final int THREADS = 256;

  /** Elements that keep a block busy: four vectors of 16 a thread. */
  private static final int ELEMENTS_OF_BLOCK = 64 * THREADS;

  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

  private final CudaContext context;
  private final Kernel ofBf16;
  private final Kernel ofF32;
  private final Kernel ofLinesOfBf16;
  private final Kernel ofLinesOfF32;
  private final Kernel scales;
  private final Kernel delay;
  private final Tensor delayed;

  AmaxKernels(CudaContext context, KernelModule module) {
    this.context = context;
    this.ofBf16 = module.kernel("amax_bf16");
    this.ofF32 = module.kernel("amax_f32");
    this.ofLinesOfBf16 = module.kernel("amax_lines_bf16");
    this.ofLinesOfF32 = module.kernel("amax_lines_f32");
    this.scales = module.kernel("scales_of_amax");
    this.delay = module.kernel("delay_amax");
    this.delayed = context.reserve(DataType.F32, 1);
  }

  /** The amax of {@code source}, which is read where its producer has not left it. */
  TensorAmax of(Tensor source) {
    int noted = context.amaxNote().blocksFor(source);
    if (noted > 0) {
      return new TensorAmax(context.blockAmax(), noted);
    }
    long elements = source.elements();
    int blocks =
        context.persistentBlocks(
            BLOCKS_PER_MULTIPROCESSOR, (elements + ELEMENTS_OF_BLOCK - 1) / ELEMENTS_OF_BLOCK);
    Kernel kernel = source.type() == DataType.BF16 ? ofBf16 : ofF32;
    kernel.launch(Grid.of(blocks, THREADS), source, elements, context.blockAmax());
    return new TensorAmax(context.blockAmax(), blocks);
  }

  /** The amax of casts before, to which that of {@code source} is added. */
  TensorAmax delayed(Tensor source, Tensor history) {
    TensorAmax own = of(source);
    int entries = Math.toIntExact(history.elements() - 1);
    delay.launch(Grid.of(1, THREADS), own.values(), own.count(), history, entries, delayed);
    return new TensorAmax(delayed, 1);
  }

  /** F32 scales of the rows of {@code source}, and of those of its transpose, from one read. */
  void writeScalesOfLines(
      Tensor source, Optional<QuantizedTensor> plain, Optional<QuantizedTensor> transposed) {
    plain.ifPresent(cast -> context.zero(DeviceBuffer.of(cast.scales())));
    transposed.ifPresent(cast -> context.zero(DeviceBuffer.of(cast.scales())));
    Kernel kernel = source.type() == DataType.BF16 ? ofLinesOfBf16 : ofLinesOfF32;
    kernel.launch(
        TileCasts.grid(source),
        source,
        TileCasts.scales(plain),
        TileCasts.scales(transposed),
        source.rows(),
        source.columns());
    plain.ifPresent(this::amaxToScales);
    transposed.ifPresent(this::amaxToScales);
  }

  private void amaxToScales(QuantizedTensor cast) {
    QuantSpec spec = cast.spec();
    int count = cast.codes().rows();
    scales.launch(
        Grid.covering(count, THREADS, THREADS),
        cast.scales(),
        count,
        spec.element().maxFinite(),
        spec.scale().ordinal());
  }
}
