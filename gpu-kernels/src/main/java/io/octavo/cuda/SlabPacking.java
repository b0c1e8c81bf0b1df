package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.Backend;
import io.octavo.kernel.HostWeights;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Optional;

/** Weights from the host to slabs on the device; see linear_pack.cu. */
final class SlabPacking {

  private static final int THREADS = 256;
  private static final int BLOCKS = 1056;

  private final Backend backend;
  private final KernelModule module;

  SlabPacking(Backend backend, KernelModule module) {
    this.backend = backend;
    this.module = module;
  }

  /**
   * Takes a weight to the device.
   *
   * @param gated whether its rows are gates above as many ups
   */
  SlabWeight pack(HostWeight weight, boolean gated) {
    requireFinite(weight);
    SlabForm form = SlabForm.of(weight);
    Buffer slabs = slabs(weight, form, gated);
    boolean scaled = weight.scheme().weight().isPresent();
    return new SlabWeight(
        weight.shape(),
        weight.scheme(),
        form,
        slabs,
        form.chunks() > 0
            ? Optional.of(upload(chunkScales(weight, form, gated)))
            : Optional.empty(),
        scaled && form.chunks() == 0 ? Optional.of(upload(rowScales(weight))) : Optional.empty(),
        weight.bias().map(this::upload),
        gated);
  }

  private Buffer slabs(HostWeight weight, SlabForm form, boolean gated) {
    int slabsOfRow = form.slabs(weight.columns());
    long words = (long) SlabForm.tiles(weight.rows()) * slabsOfRow * form.bytes() / Integer.BYTES;
    Buffer slabs = backend.allocate(words * Integer.BYTES);
    try (Buffer given = backend.allocate(weight.values().remaining())) {
      Tensor values = new Tensor(Shape.of(given.elements()), given);
      backend.upload(weight.values(), values);
      module
          .kernel(kernel(weight, form))
          .launch(
              Grid.of(BLOCKS, THREADS),
              values,
              new Tensor(Shape.of(slabs.elements()), slabs),
              weight.rows(),
              weight.columns(),
              slabsOfRow,
              gated ? 1 : 0,
              words);
      backend.synchronize();
    }
    return slabs;
  }

  private static String kernel(HostWeight weight, SlabForm form) {
    return switch (weight.type()) {
      case F32 -> "pack_f32_" + form.packed();
      case BF16 -> "pack_bf16_" + form.packed();
      case U8, I32 -> "pack_" + form.packed();
    };
  }

  private static float[] rowScales(HostWeight weight) {
    float[] scales = new float[weight.rows()];
    for (int n = 0; n < scales.length; n++) {
      scales[n] = weight.scale(n, 0);
    }
    return scales;
  }

  private static float[] chunkScales(HostWeight weight, SlabForm form, boolean gated) {
    int each = form.numbers() / form.chunks();
    int chunks = form.slabs(weight.columns()) * form.chunks();
    float[] scales = new float[SlabForm.tiles(weight.rows()) * chunks * SlabForm.ROWS];
    for (int n = 0; n < weight.rows(); n++) {
      int place = gated ? gatedPlace(n, weight.rows() / 2) : n;
      int tile = place / SlabForm.ROWS;
      int row = place % SlabForm.ROWS;
      for (int chunk = 0; chunk < chunks && chunk * each < weight.columns(); chunk++) {
        scales[(tile * chunks + chunk) * SlabForm.ROWS + row] =
            weight.scale(n, chunk * each) * form.factor();
      }
    }
    return scales;
  }

  /** Where row {@code n} lies in the tiles; see linear_pack.cu. */
  private static int gatedPlace(int n, int gates) {
    int half = SlabForm.ROWS / 2;
    int ofHalf = n % gates;
    return ofHalf / half * SlabForm.ROWS + ofHalf % half + (n < gates ? 0 : half);
  }

  private Buffer upload(float[] values) {
    Buffer buffer = backend.allocate((long) values.length * Float.BYTES);
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(values);
    backend.upload(
        bytes, new Tensor(Shape.of(values.length), buffer.window(DataType.F32, 0, values.length)));
    return buffer;
  }

  /** As {@link HostWeights#requireFinite}, which is asked only where something may be wrong. */
  private static void requireFinite(HostWeight weight) {
    if (!isSurelyFinite(weight)) {
      HostWeights.requireFinite(weight);
    }
  }

  private static boolean isSurelyFinite(HostWeight weight) {
    if (weight.scheme().weight().isEmpty()) {
      return areFinite(weight);
    }
    QuantSpec spec = weight.scheme().weight().get();
    FloatBuffer scales = weight.scales().duplicate();
    float largest = 0;
    while (scales.hasRemaining()) {
      float scale = Math.abs(scales.get());
      if (!Float.isFinite(scale)) {
        return false;
      }
      largest = Math.max(largest, scale);
    }
    return Float.isFinite(largest * spec.element().maxFinite())
        && areFinite(spec.element(), weight.values().duplicate());
  }

  private static boolean areFinite(ElementFormat element, ByteBuffer codes) {
    boolean[] finite = new boolean[256];
    for (int code = 0; code < finite.length; code++) {
      finite[code] = Float.isFinite(element.decode(code & (1 << element.bits()) - 1));
    }
    boolean all = true;
    while (codes.hasRemaining()) {
      all &= finite[codes.get() & 0xFF];
    }
    return all;
  }

  private static boolean areFinite(HostWeight weight) {
    ByteBuffer values = weight.values().duplicate().order(ByteOrder.LITTLE_ENDIAN);
    boolean all = true;
    if (weight.type() == DataType.BF16) {
      while (values.hasRemaining()) {
        all &= (values.getShort() & 0x7F80) != 0x7F80;
      }
    } else {
      while (values.hasRemaining()) {
        all &= Float.isFinite(values.getFloat());
      }
    }
    return all;
  }
}
