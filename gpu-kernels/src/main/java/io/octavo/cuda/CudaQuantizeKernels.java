package io.octavo.cuda;

import io.octavo.kernel.QuantizeKernels;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Casts by tiles where element, granularity, rounding and alignment allow, else by the plain
 * kernels; the bits are the same. A matrix and its transpose that are cast by one spec are read
 * once. Scales lie in {@link ScaleOrder}.
 */
final class CudaQuantizeKernels implements QuantizeKernels {

  private static final int THREADS = 256;
  private static final int CONVERTED_BY_BLOCK = 8 * THREADS;

  private final CudaContext context;
  private final AmaxKernels amaxKernels;
  private final TileCasts tiles;
  private final PlainCasts plainCasts;
  private final Kernel toBf16;
  private final Kernel toF32;

  CudaQuantizeKernels(CudaContext context) {
    this.context = context;
    KernelModule module = context.module("quantize");
    this.amaxKernels = new AmaxKernels(context, module);
    this.tiles = new TileCasts(module);
    this.plainCasts = new PlainCasts(module);
    this.toBf16 = module.kernel("convert_f32_bf16");
    this.toF32 = module.kernel("convert_bf16_f32");
  }

  @Override
  public void quantize(Tensor source, QuantizedTensor target, RandomStream random) {
    castPlain(source, target, measured(source, target), random);
  }

  @Override
  public void quantizeTransposed(Tensor source, Transposed target, RandomStream random) {
    castTransposed(source, target.stored(), measured(source, target.stored()), random);
  }

  @Override
  public void cast(CastTarget target, RandomStream random) {
    castAll(target, isTensorWise(target) ? amaxKernels.of(target.values()) : unused(), random);
  }

  @Override
  public void castDelayed(CastTarget target, Tensor history, RandomStream random) {
    castAll(
        target, amaxKernels.delayed(target.values(), history, AmaxKernels.Entry.ANOTHER), random);
  }

  @Override
  public void recastDelayed(CastTarget target, Tensor history, RandomStream random) {
    castAll(target, amaxKernels.delayed(target.values(), history, AmaxKernels.Entry.SAME), random);
  }

  private TensorAmax measured(Tensor source, QuantizedTensor target) {
    return isTensorWise(Optional.of(target.spec().granularity()))
        ? amaxKernels.of(source)
        : unused();
  }

  private TensorAmax unused() {
    return new TensorAmax(context.blockAmax(), 0);
  }

  private static Optional<Granularity> granularityOf(Operand cast) {
    if (cast instanceof QuantizedTensor quantized) {
      return Optional.of(quantized.spec().granularity());
    }
    return cast instanceof Transposed transposed
        ? Optional.of(transposed.stored().spec().granularity())
        : Optional.empty();
  }

  /** Whether a cast has one scale a tensor. */
  static boolean isTensorWise(CastTarget target) {
    return target.casts().stream().anyMatch(cast -> isTensorWise(granularityOf(cast)));
  }

  private static boolean isTensorWise(Optional<Granularity> granularity) {
    return granularity.filter(Granularity.PerTensor.class::isInstance).isPresent();
  }

  private void castAll(CastTarget target, TensorAmax amax, RandomStream random) {
    Tensor source = target.values();
    List<QuantizedTensor> transposes = new ArrayList<>();
    for (Operand cast : target.casts()) {
      if (cast instanceof Transposed transposed) {
        transposes.add(transposed.stored());
      }
    }
    for (Operand cast : target.casts()) {
      if (cast instanceof QuantizedTensor quantized) {
        Optional<QuantizedTensor> twin = twinOf(source, quantized, transposes);
        if (twin.isPresent()) {
          transposes.remove(twin.get());
          castByTiles(source, Optional.of(quantized), twin, amax);
        } else {
          castPlain(source, quantized, amax, random);
        }
      } else if (cast instanceof Tensor tensor) {
        convert(source, tensor);
      }
    }
    for (QuantizedTensor transposed : transposes) {
      castTransposed(source, transposed, amax, random);
    }
  }

  /** A cast of the transpose by the same spec, so that one read serves both. */
  private Optional<QuantizedTensor> twinOf(
      Tensor source, QuantizedTensor cast, List<QuantizedTensor> transposes) {
    if (!TileCasts.fits(source, cast)) {
      return Optional.empty();
    }
    return transposes.stream()
        .filter(one -> one.spec().equals(cast.spec()))
        .filter(one -> TileCasts.fitsTransposed(source, one))
        .findFirst();
  }

  private void castPlain(
      Tensor source, QuantizedTensor target, TensorAmax amax, RandomStream random) {
    if (TileCasts.fits(source, target)) {
      castByTiles(source, Optional.of(target), Optional.empty(), amax);
    } else {
      castInTwoSteps(source, target, CastMatrix.of(target), amax, random);
    }
  }

  private void castTransposed(
      Tensor source, QuantizedTensor target, TensorAmax amax, RandomStream random) {
    if (TileCasts.fitsTransposed(source, target)) {
      castByTiles(source, Optional.empty(), Optional.of(target), amax);
    } else {
      castInTwoSteps(source, target, CastMatrix.ofTranspose(target), amax, random);
    }
  }

  private void castByTiles(
      Tensor source,
      Optional<QuantizedTensor> plain,
      Optional<QuantizedTensor> transposed,
      TensorAmax amax) {
    QuantSpec spec = plain.or(() -> transposed).orElseThrow().spec();
    if (spec.granularity() instanceof Granularity.PerRow) {
      castRows(source, plain, transposed, amax);
    } else {
      tiles.launch(source, plain, transposed, amax);
    }
  }

  /** A row has more tiles than one: its amax must be known before. */
  private void castRows(
      Tensor source,
      Optional<QuantizedTensor> plain,
      Optional<QuantizedTensor> transposed,
      TensorAmax unused) {
    Optional<LineAmax> lines =
        amaxKernels.ofLines(source, plain.isPresent(), transposed.isPresent());
    lines.ifPresentOrElse(
        amax -> tiles.launch(source, plain, transposed, amax.all()),
        () -> {
          plain.ifPresent(
              cast -> castInTwoSteps(source, cast, CastMatrix.of(cast), unused, RandomStream.NONE));
          transposed.ifPresent(
              cast ->
                  castInTwoSteps(
                      source, cast, CastMatrix.ofTranspose(cast), unused, RandomStream.NONE));
        });
  }

  /** Room for the amax of what {@code casts} of {@code source} have a scale for. */
  Optional<LineAmax> lines(Tensor source, CastPair casts) {
    return amaxKernels.lines(source, casts.plain().isPresent(), casts.transposed().isPresent());
  }

  /** Casts with a scale a row, whose amax have been left. */
  void castRows(Tensor source, CastPair casts, LineAmax amax) {
    tiles.launch(source, casts.plain(), casts.transposed(), amax.all());
  }

  private void castInTwoSteps(
      Tensor source,
      QuantizedTensor target,
      CastMatrix matrix,
      TensorAmax amax,
      RandomStream random) {
    if (target.spec().granularity() instanceof Granularity.PerTensor) {
      plainCasts.writeScale(amax, target);
    } else {
      plainCasts.writeScales(source, target, matrix);
    }
    plainCasts.writeCodes(source, target, matrix, random);
  }

  @Override
  public void dequantize(QuantizedTensor source, Tensor target) {
    plainCasts.dequantize(source, target);
  }

  @Override
  public void convert(Tensor source, Tensor target) {
    Kernel kernel = target.type() == DataType.BF16 ? toBf16 : toF32;
    long elements = source.elements();
    kernel.launch(Grid.covering(elements, CONVERTED_BY_BLOCK, THREADS), source, target, elements);
  }
}
