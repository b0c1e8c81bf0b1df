package io.octavo.layout;

import io.octavo.format.CorruptDataException;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.safetensors.ModelWeights;
import io.octavo.safetensors.TensorType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A weight as the files have it: numbers, or codes and scales in one of the published layouts.
 *
 * @param module the weight's name without {@code .weight}
 * @param scales name of the tensor of scales; empty for numbers
 */
record StoredWeight(
    ModelWeights files, String module, Shape shape, WeightScheme scheme, Optional<String> scales) {

  private static final String WEIGHT = ".weight";
  private static final String PACKED = ".weight_packed";
  private static final List<String> SCALES = List.of(".weight_scale_inv", ".weight_scale");

  /** Finds a weight of a name that ends in {@code .weight}. */
  static StoredWeight of(ModelWeights files, QuantizationConfig config, String name) {
    String module =
        name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    if (files.has(module + PACKED)) {
      return packed(files, config, module);
    }
    TensorType type = files.type(name);
    return switch (type) {
      case F8_E4M3 -> coded(files, config, module, files.shape(name), ElementFormat.E4M3);
      case I8 -> coded(files, config, module, files.shape(name), new IntegerFormat(8));
      case F32, BF16, F16 ->
          new StoredWeight(
              files, module, files.shape(name), WeightScheme.dense(), Optional.empty());
      default ->
          throw new IllegalArgumentException(
              "Cannot load %s: weights of type %s are not supported (known are F32, BF16, F16, F8_E4M3, I8 and packed INT4)"
                  .formatted(name, type));
    };
  }

  static boolean exists(ModelWeights files, String name) {
    return files.has(name) || name.endsWith(WEIGHT) && files.has(packedName(name));
  }

  private static String packedName(String name) {
    return name.substring(0, name.length() - WEIGHT.length()) + PACKED;
  }

  private static StoredWeight packed(ModelWeights files, QuantizationConfig config, String module) {
    String name = module + PACKED;
    Shape stored = files.shape(name);
    if (files.has(module + ".weight_zero_point") || files.has(module + ".weight_g_idx")) {
      throw new IllegalArgumentException(
          "Cannot load %s: zero points and reordered columns are not supported, quantize it with symmetric weights in their own order"
              .formatted(module));
    }
    boolean words = files.type(name) == TensorType.I32;
    if (stored.rank() != 2 || !words && files.type(name) != TensorType.U8) {
      throw new CorruptDataException(
          "Cannot load %s: it is %s %s (expected a matrix of I32 or U8)"
              .formatted(name, files.type(name), stored));
    }
    Shape shape = words ? shape(files, module) : Shape.of(stored.extent(0), 2 * stored.extent(1));
    long expected = words ? CodePacking.words(shape.columns()) : (shape.columns() + 1) / 2;
    if (stored.extent(0) != shape.extent(0) || stored.extent(1) != expected) {
      throw new CorruptDataException(
          "Cannot load %s: it is %s, a packed weight of %s is [%d, %d]"
              .formatted(name, stored, shape, shape.extent(0), expected));
    }
    return coded(files, config, module, shape, words ? new IntegerFormat(4) : ElementFormat.E2M1);
  }

  private static Shape shape(ModelWeights files, String module) {
    String name = module + ".weight_shape";
    if (!files.shape(name).equals(Shape.of(2))) {
      throw new CorruptDataException(
          "Cannot load %s: its shape is %s, expected [2]".formatted(name, files.shape(name)));
    }
    FloatBuffer extents = FloatBuffer.allocate(2);
    files.read(name, 0, extents);
    return Shape.of((long) extents.get(0), (long) extents.get(1));
  }

  private static StoredWeight coded(
      ModelWeights files,
      QuantizationConfig config,
      String module,
      Shape shape,
      ElementFormat element) {
    LayerGroup group =
        config
            .group(module)
            .orElseThrow(
                () ->
                    new CorruptDataException(
                        "Cannot load %s: it is stored as %s, but quantization_config has no group for it"
                            .formatted(module, element)));
    String scales =
        SCALES.stream()
            .map(module::concat)
            .filter(files::has)
            .findFirst()
            .orElseThrow(
                () ->
                    new CorruptDataException(
                        "Cannot load %s: it is stored as %s, but has no weight_scale"
                            .formatted(module, element)));
    Granularity granularity = granularity(group, shape, files.shape(scales), scales);
    QuantSpec spec = new QuantSpec(element, ScaleFormat.FP32, granularity, Rounding.NEAREST_EVEN);
    return new StoredWeight(
        files,
        module,
        shape,
        new WeightScheme(Optional.of(spec), group.activation()),
        Optional.of(scales));
  }

  private static Granularity granularity(LayerGroup group, Shape shape, Shape scales, String name) {
    Granularity granularity =
        group
            .granularity()
            .orElse(
                scales.elements() == 1 ? new Granularity.PerTensor() : new Granularity.PerRow());
    long expected = QuantizedTensor.scaleShape(granularity, shape).elements();
    if (scales.elements() != expected) {
      throw new CorruptDataException(
          "Cannot load %s: it is %s, a weight of %s has %d scales by %s"
              .formatted(name, scales, shape, expected, granularity));
    }
    return granularity;
  }

  /** Codes, one a byte. */
  ByteBuffer codes() {
    return codes(0, Math.toIntExact(shape.rows()));
  }

  /** Codes of rows {@code [from, from + rows)}. */
  private ByteBuffer codes(long from, int rows) {
    ElementFormat element = scheme.weight().orElseThrow().element();
    int columns = Math.toIntExact(shape.columns());
    if (element.bits() == 8) {
      return bytes(module + WEIGHT, from * columns, (long) rows * columns);
    }
    if (element.equals(ElementFormat.E2M1)) {
      long width = (columns + 1) / 2;
      return CodePacking.unpackNibbles(
          bytes(module + PACKED, from * width, rows * width), rows, columns);
    }
    long width = 4 * CodePacking.words(columns);
    return CodePacking.unpackWords(
        bytes(module + PACKED, from * width, rows * width), rows, columns);
  }

  /** Numbers as they are stored: F32 or BF16. */
  ByteBuffer numbers() {
    return bytes(module + WEIGHT, 0, files.type(module + WEIGHT).bytes(shape.elements()));
  }

  TensorType type() {
    return scales.isPresent() ? TensorType.U8 : files.type(module + WEIGHT);
  }

  private ByteBuffer bytes(String name, long from, long count) {
    if (count > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Cannot load %s: a weight of %d bytes is larger than 2 GiB".formatted(name, count));
    }
    ByteBuffer bytes = CodePacking.littleEndian((int) count);
    files.readBytes(name, from, bytes);
    return bytes.flip();
  }

  /** All scales. */
  FloatBuffer scaleValues() {
    String name = scales.orElseThrow();
    FloatBuffer values = FloatBuffer.allocate((int) files.shape(name).elements());
    files.read(name, 0, values);
    return values.flip();
  }

  /**
   * Numbers {@code [from, from + target.remaining())}: as they are stored, or codes times scales.
   */
  void read(long from, FloatBuffer target) {
    if (scales.isEmpty()) {
      files.read(module + WEIGHT, from, target);
      return;
    }
    if (target.hasRemaining()) {
      readScaled(from, target);
    }
  }

  private void readScaled(long from, FloatBuffer target) {
    long columns = shape.columns();
    long first = from / columns;
    long end = (from + target.remaining() + columns - 1) / columns;
    ByteBuffer codes = codes(first, Math.toIntExact(end - first));
    float[] values = values(scheme.weight().orElseThrow().element());
    ScaleGrid scales = ScaleGrid.of(this);
    for (long at = from; target.hasRemaining(); at++) {
      float value = values[codes.get((int) (at - first * columns)) & 0xFF];
      target.put(value * scales.at(at / columns, at % columns));
    }
  }

  private static float[] values(ElementFormat element) {
    float[] values = new float[256];
    for (int code = 0; code < values.length; code++) {
      values[code] = element.decode(code & (1 << element.bits()) - 1);
    }
    return values;
  }
}
