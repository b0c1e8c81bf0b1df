package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Linear layers of served models by Hopper's tensor cores; see linear.cu. */
final class CudaLinearKernels implements LinearKernels {

  /** {@code ROW_THREADS} of token_rows.cuh. */
  private static final int CAST_THREADS = 128;

  private static final int MOST_ROWS_CAST_BY_ALL = 2;
  private static final int TOKEN_BYTES = 128;

  /** What blocks that cast take of a row at once, and leave of a result. */
  private static final int PACK = 8;

  private static final int QUAD = 4;

  /** {@code struct LinearWork}: ten addresses, a number, seven numbers, both with padding. */
  private static final int WORK_BYTES = 10 * Long.BYTES + 10 * Integer.BYTES;

  private final CudaContext context;
  private final KernelModule multiply;
  private final KernelModule cast;
  private final SlabPacking packing;
  private final Map<String, Kernel> kernels = new HashMap<>();

  CudaLinearKernels(Backend backend, CudaContext context) {
    this.context = context;
    this.multiply = context.module("linear");
    this.cast = context.module("linear_cast");
    this.packing = new SlabPacking(backend, context.module("linear_pack"));
  }

  @Override
  public PackedWeight pack(HostWeight weight) {
    requireSupported(weight);
    return packing.pack(weight, false);
  }

  @Override
  public PackedWeight packGated(HostWeight weight) {
    requireSupported(weight);
    if (weight.rows() % 2 != 0) {
      throw new IllegalArgumentException(
          "Cannot pack weight %s as gates above as many ups (expected an even number of rows)"
              .formatted(weight.shape()));
    }
    return packing.pack(weight, true);
  }

  private void requireSupported(HostWeight weight) {
    if (context.device().capability() != 90) {
      throw new IllegalStateException(
          "Cannot serve weight %s on %s: its kernels are built for sm_90, this is sm_%d; choose backend cpu"
              .formatted(weight.shape(), context.device().name(), context.device().capability()));
    }
  }

  @Override
  public long workspaceElements(Shape weight, WeightScheme scheme, int rows) {
    SlabForm form = SlabForm.of(scheme);
    long padded = TokenTile.mostPadded(rows);
    long codes = form.slabs(Math.toIntExact(weight.extent(1))) * padded * TOKEN_BYTES;
    return codes / Float.BYTES + padded;
  }

  @Override
  public void apply(PackedWeight weight, Tensor x, Tensor y, Tensor workspace) {
    multiply((SlabWeight) weight, RowSource.plain(x), y, workspace);
  }

  /** {@code y = rows w^T + b}, or of gated weights what SwiGLU makes of it. */
  void multiply(SlabWeight weight, RowSource rows, Tensor y, Tensor workspace) {
    run(weight, rows, 0, y, workspace);
  }

  /** {@code y += rows w^T + b}. */
  void add(SlabWeight weight, RowSource rows, Tensor y, Tensor workspace) {
    run(weight, rows, DeviceBuffer.address(y), y, workspace);
  }

  private void run(SlabWeight weight, RowSource rows, long addend, Tensor y, Tensor workspace) {
    if (y.type() != DataType.BF16 || rows.x().type() != DataType.BF16) {
      throw new IllegalArgumentException(
          "Cannot multiply %s by a served weight to %s on cuda (expected BF16)"
              .formatted(rows.x().type(), y.type()));
    }
    Optional<String> casting = castingKernel(weight, rows);
    if (casting.isPresent()) {
      castAndMultiply(weight, rows, casting.get(), addend, y);
    } else {
      castThenMultiply(weight, rows, addend, y, workspace);
    }
  }

  /** Which of the kernels that cast and multiply takes a product, if any. */
  private static Optional<String> castingKernel(SlabWeight weight, RowSource rows) {
    boolean taken =
        rows.rows() <= MOST_ROWS_CAST_BY_ALL
            && weight.form().casting()
            && weight.columns() % PACK == 0
            && weight.outputs() % QUAD == 0;
    return taken
        ? rows.made().castingKernel(weight.columns(), slabsOfBlock(weight) * TOKEN_BYTES)
        : Optional.empty();
  }

  /** Of a row of slabs whose segments have a block each. */
  private static int slabsOfBlock(SlabWeight weight) {
    return (weight.slabsOfRow() + weight.segments() - 1) / weight.segments();
  }

  private void castThenMultiply(
      SlabWeight weight, RowSource rows, long addend, Tensor y, Tensor workspace) {
    TokenTile tile = TokenTile.of(rows.rows(), weight);
    int slabs = weight.slabsOfRow();
    int padded = tile.padded(rows.rows());
    long codes = DeviceBuffer.address(workspace);
    long scales = codes + (long) slabs * padded * TOKEN_BYTES;
    String name =
        "cast_%s_%s_%d"
            .formatted(
                rows.made().cast(), codesOf(weight), rows.made().castPacks(weight.columns()));
    kernel(cast, name)
        .launchChained(
            Grid.of(rows.rows(), CAST_THREADS),
            Cluster.NONE,
            rows.x(),
            gain(rows),
            rows.epsilon(),
            codes,
            scales,
            weight.columns(),
            slabs,
            padded);
    SlabForm form = weight.form();
    int cluster = tile.cluster(weight, rows.rows());
    int ownSlabs = weight.segments() / cluster * slabsOfBlock(weight);
    long blocks = (long) weight.tiles() / tile.groups() * cluster;
    boolean cast = weight.scheme().activation().element().isPresent();
    kernel(multiply, "multiply_" + form.name() + "_" + tile.tokens())
        .launchChained(
            Grid.of(blocks, tile.tiles(rows.rows()), tile.threads())
                .withShared(tile.sharedBytes(form, ownSlabs)),
            Cluster.alongX(cluster),
            (Object) work(weight, rows, codes, cast ? scales : 0, addend, y, padded));
  }

  /** For few rows: every block casts them for itself, which takes less than one more kernel. */
  private void castAndMultiply(
      SlabWeight weight, RowSource rows, String casting, long addend, Tensor y) {
    TokenTile tile = TokenTile.casting();
    int segments = weight.segments();
    String name = "multiply_" + weight.form().name() + "_" + casting;
    kernel(multiply, name)
        .launchChained(
            Grid.of((long) weight.tiles() * segments, tile.threads())
                .withShared(tile.sharedBytesCasting(weight.form(), slabsOfBlock(weight))),
            Cluster.alongX(segments),
            (Object) work(weight, rows, 0, 0, addend, y, tile.tokens()));
  }

  private static String codesOf(SlabWeight weight) {
    return switch (weight.scheme().activation()) {
      case NONE -> "bf16";
      case E4M3 -> "e4m3";
      case INT8 -> "int8";
    };
  }

  private static long gain(RowSource rows) {
    return rows.gain().map(DeviceBuffer::address).orElse(0L);
  }

  private static byte[] work(
      SlabWeight weight,
      RowSource rows,
      long codes,
      long scales,
      long addend,
      Tensor y,
      int padded) {
    return ByteBuffer.allocate(WORK_BYTES)
        .order(ByteOrder.nativeOrder())
        .putLong(address(Optional.of(weight.slabs())))
        .putLong(address(weight.chunkScales()))
        .putLong(address(weight.rowScales()))
        .putLong(address(weight.bias()))
        .putLong(codes)
        .putLong(scales)
        .putLong(addend)
        .putLong(DeviceBuffer.address(y))
        .putLong(DeviceBuffer.address(rows.x()))
        .putLong(gain(rows))
        .putFloat(rows.epsilon())
        .putInt(0) // the struct of the source ends at a multiple of 8
        .putInt(weight.rows())
        .putInt(y.rows())
        .putInt(weight.columns())
        .putInt(weight.slabsOfRow())
        .putInt(padded)
        .putInt(weight.segments())
        .putInt(weight.gated() ? weight.outputs() : 0)
        .putInt(0) // the struct ends at a multiple of 8
        .array();
  }

  private static long address(Optional<Buffer> buffer) {
    return buffer.map(b -> ((DeviceBuffer) b).address()).orElse(0L);
  }

  private Kernel kernel(KernelModule module, String name) {
    return kernels.computeIfAbsent(name, module::kernel);
  }
}
