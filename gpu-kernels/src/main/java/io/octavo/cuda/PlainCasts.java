package io.octavo.cuda;

import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;

/** The kernels of quantize.cu for every spec and size: first all scales, then all codes. */
final class PlainCasts {

  private static final int THREADS = 256;
  private static final int ELEMENTS_OF_THREAD = 4;

  private final Kernel scaleOfTensor;
  private final Kernel scalesOfBf16;
  private final Kernel scalesOfF32;
  private final Kernel encodeBf16;
  private final Kernel encodeF32;
  private final Kernel toF32;
  private final Kernel toBf16;

  PlainCasts(KernelModule module) {
    this.scaleOfTensor = module.kernel("scale_of_tensor");
    this.scalesOfBf16 = module.kernel("scales_bf16");
    this.scalesOfF32 = module.kernel("scales_f32");
    this.encodeBf16 = module.kernel("encode_bf16");
    this.encodeF32 = module.kernel("encode_f32");
    this.toF32 = module.kernel("dequantize_f32");
    this.toBf16 = module.kernel("dequantize_bf16");
  }

  /** The one scale of a tensor-wise cast. */
  void writeScale(TensorAmax amax, QuantizedTensor target) {
    QuantSpec spec = target.spec();
    scaleOfTensor.launch(
        Grid.of(1, THREADS),
        amax.values(),
        amax.count(),
        target.scales(),
        spec.element().maxFinite(),
        spec.scale().ordinal());
  }

  /** Scales of {@code matrix}, the cast {@code target} of {@code source}. */
  void writeScales(Tensor source, QuantizedTensor target, CastMatrix matrix) {
    QuantSpec spec = target.spec();
    int lanes = lanesFor(matrix.groupElements());
    Kernel kernel = source.type() == DataType.BF16 ? scalesOfBf16 : scalesOfF32;
    kernel.launch(
        Grid.covering(matrix.groups(), THREADS / lanes, THREADS),
        source,
        target.scales(),
        matrix.struct(),
        lanes,
        spec.element().maxFinite(),
        spec.scale().ordinal());
  }

  /** Threads that work out the scale of one group. */
  private static int lanesFor(long elements) {
    if (elements <= 16) {
      return 8;
    }
    return elements <= 1024 ? 32 : THREADS;
  }

  /** Codes of {@code matrix}, whose scales are there. */
  void writeCodes(Tensor source, QuantizedTensor target, CastMatrix matrix, RandomStream random) {
    QuantSpec spec = target.spec();
    Kernel kernel = source.type() == DataType.BF16 ? encodeBf16 : encodeF32;
    kernel.launch(
        Grid.covering(matrix.elements(), (long) ELEMENTS_OF_THREAD * THREADS, THREADS),
        source,
        target.codes(),
        target.scales(),
        matrix.struct(),
        ElementStruct.format(spec.element()),
        spec.scale().ordinal(),
        spec.rounding().ordinal(),
        random.seed(),
        random.stream());
  }

  /** The numbers of a cast. */
  void dequantize(QuantizedTensor source, Tensor target) {
    CastMatrix matrix = CastMatrix.of(source);
    Kernel kernel = target.type() == DataType.BF16 ? toBf16 : toF32;
    kernel.launch(
        Grid.covering(matrix.elements(), (long) ELEMENTS_OF_THREAD * THREADS, THREADS),
        source.codes(),
        source.scales(),
        target,
        matrix.struct(),
        source.spec().scale().ordinal(),
        ElementStruct.table(source.spec().element()));
  }
}
