package io.octavo.cuda;

import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/** The kernels of quantize.cu that measure before a cast: whole tensors, and rows and columns. */
final class AmaxKernels {

  private static final int THREADS = 256;

  /** Elements that keep a block busy: four vectors of 16 a thread. */
  private static final int ELEMENTS_OF_BLOCK = 64 * THREADS;

  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

  /** Rows and columns together whose amax there is room for. */
  private static final int MOST_LINES = 1 << 18;

  private final CudaContext context;
  private final Kernel ofBf16;
  private final Kernel ofF32;
  private final Kernel ofLinesOfBf16;
  private final Kernel ofLinesOfF32;
  private final Kernel delay;
  private final Tensor delayed;
  private final Tensor lines;

  AmaxKernels(CudaContext context, KernelModule module) {
    this.context = context;
    this.ofBf16 = module.kernel("amax_bf16");
    this.ofF32 = module.kernel("amax_f32");
    this.ofLinesOfBf16 = module.kernel("amax_lines_bf16");
    this.ofLinesOfF32 = module.kernel("amax_lines_f32");
    this.delay = module.kernel("delay_amax");
    this.delayed = context.reserve(DataType.F32, 1);
    this.lines = context.reserve(DataType.F32, MOST_LINES);
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

  /** The amax of casts before; that of {@code source} becomes the one of the cast made last. */
  TensorAmax delayed(Tensor source, Tensor history, Entry entry) {
    TensorAmax own = of(source);
    delay.launch(
        Grid.of(1, THREADS),
        own.values(),
        own.count(),
        history,
        Math.toIntExact(history.elements()),
        entry == Entry.ANOTHER ? 1 : 0,
        delayed);
    return new TensorAmax(delayed, 1);
  }

  /** Whether a cast with a delayed scale is another one or the one made last, again. */
  enum Entry {
    ANOTHER,
    SAME
  }

  /** The amax of each row of {@code source} and then of each column, from one read. */
  Optional<LineAmax> ofLines(Tensor source, boolean ofRows, boolean ofColumns) {
    Optional<LineAmax> room = lines(source, ofRows, ofColumns);
    room.ifPresent(
        amax -> {
          Kernel kernel = source.type() == DataType.BF16 ? ofLinesOfBf16 : ofLinesOfF32;
          kernel.launch(
              TileCasts.grid(source),
              source,
              amax.ofRows(),
              amax.ofColumns(),
              source.rows(),
              source.columns());
        });
    return room;
  }

  /** Room for them; none where there are more lines than room. */
  Optional<LineAmax> lines(Tensor source, boolean ofRows, boolean ofColumns) {
    int rows = source.rows();
    int count = rows + source.columns();
    if (count > MOST_LINES) {
      return Optional.empty();
    }
    context.zero(DeviceBuffer.of(lines.range(0, count)));
    long address = DeviceBuffer.address(lines);
    return Optional.of(
        new LineAmax(
            ofRows ? address : 0L,
            ofColumns ? address + (long) rows * Float.BYTES : 0L,
            new TensorAmax(lines, count)));
  }
}
