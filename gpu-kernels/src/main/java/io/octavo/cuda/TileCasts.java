package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The casts of quantize.cu that take tiles of 128 x 128: nearest even, E4M3 and E5M2, the matrix,
 * its transpose, or both from one read.
 */
final class TileCasts {

  private static final int TILE = 128;
  private static final int THREADS = 256;

  /** Elements that one access of 16 bytes writes. */
  private static final int VECTOR = 16;

  static final Map<ElementFormat, String> ELEMENTS =
      Map.of(ElementFormat.E4M3, "e4m3", ElementFormat.E5M2, "e5m2");
  static final Map<Granularity, String> GRANULARITIES =
      Map.of(
          new Granularity.PerTensor(), "tensor",
          new Granularity.PerRow(), "row",
          new Granularity.Group(16), "group16",
          new Granularity.Group(TILE), "group128",
          new Granularity.Block(TILE, TILE), "block128x128");

  private record Key(ElementFormat element, Granularity granularity) {}

  private final Map<DataType, Map<Key, Kernel>> kernels = new EnumMap<>(DataType.class);

  TileCasts(KernelModule module) {
    kernels.put(DataType.BF16, kernelsFrom(module, "bf16"));
    kernels.put(DataType.F32, kernelsFrom(module, "f32"));
  }

  private static Map<Key, Kernel> kernelsFrom(KernelModule module, String source) {
    Map<Key, Kernel> found = new HashMap<>();
    ELEMENTS.forEach(
        (element, elementName) ->
            GRANULARITIES.forEach(
                (granularity, name) ->
                    found.put(
                        new Key(element, granularity),
                        module.kernel("quantize_%s_%s_%s".formatted(source, elementName, name)))));
    return found;
  }

  /** Whether these kernels can make {@code cast} of the rows of {@code source}. */
  static boolean fits(Tensor source, QuantizedTensor cast) {
    QuantSpec spec = cast.spec();
    return spec.rounding() == Rounding.NEAREST_EVEN
        && ELEMENTS.containsKey(spec.element())
        && GRANULARITIES.containsKey(spec.granularity())
        && !isRowWiseInBf16(spec)
        && source.columns() % VECTOR == 0
        && isAligned(source)
        && isAligned(cast.codes());
  }

  /** Whether these kernels can make {@code cast} of the transpose of {@code source}. */
  static boolean fitsTransposed(Tensor source, QuantizedTensor cast) {
    return fits(source, cast) && source.rows() % VECTOR == 0;
  }

  /** Scales of rows are worked out where they lie, from an amax that BF16 does not hold. */
  private static boolean isRowWiseInBf16(QuantSpec spec) {
    return spec.granularity() instanceof Granularity.PerRow && spec.scale() == ScaleFormat.BF16;
  }

  static boolean isAligned(Tensor tensor) {
    return DeviceBuffer.address(tensor) % VECTOR == 0;
  }

  /** Blocks of a cast of {@code source}. */
  static Grid grid(Tensor source) {
    return Grid.of(
        (source.columns() + TILE - 1) / TILE, (source.rows() + TILE - 1) / TILE, THREADS);
  }

  /**
   * Writes what is present, both by the same spec.
   *
   * @param amax what a tensor-wise scale is taken from; others do not read it
   */
  void launch(
      Tensor source,
      Optional<QuantizedTensor> plain,
      Optional<QuantizedTensor> transposed,
      TensorAmax amax) {
    QuantSpec spec = plain.or(() -> transposed).orElseThrow().spec();
    Map<Key, Kernel> ofType = Objects.requireNonNull(kernels.get(source.type()));
    Kernel kernel = Objects.requireNonNull(ofType.get(new Key(spec.element(), spec.granularity())));
    launch(kernel, grid(source), source, new CastPair(spec, plain, transposed), amax, source);
  }

  /**
   * Launches a kernel that casts a matrix.
   *
   * @param shape a tensor of the matrix's shape
   * @param operands what the kernel reads, its first parameters
   */
  static void launch(
      Kernel kernel, Grid grid, Tensor shape, CastPair casts, TensorAmax amax, Object... operands) {
    List<Object> arguments = new ArrayList<>(List.of(operands));
    addTarget(arguments, casts.plain());
    addTarget(arguments, casts.transposed());
    arguments.add(amax.values());
    arguments.add(amax.count());
    arguments.add(shape.rows());
    arguments.add(shape.columns());
    arguments.add(casts.spec().scale().ordinal());
    kernel.launch(grid, arguments.toArray());
  }

  private static void addTarget(List<Object> arguments, Optional<QuantizedTensor> cast) {
    ScaleOrder order = cast.map(ScaleOrder::of).orElse(new ScaleOrder(0, 0));
    arguments.add(codes(cast));
    arguments.add(scales(cast));
    arguments.add(order.row());
    arguments.add(order.column());
  }

  private static long codes(Optional<QuantizedTensor> cast) {
    return cast.map(there -> DeviceBuffer.address(there.codes())).orElse(0L);
  }

  /** Address of the scales; 0 where the cast is not wanted. */
  static long scales(Optional<QuantizedTensor> cast) {
    return cast.map(there -> DeviceBuffer.address(there.scales())).orElse(0L);
  }
}
