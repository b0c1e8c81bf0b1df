package io.octavo.layout;

import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.safetensors.ModelWeights;
import io.octavo.safetensors.TensorType;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/** Weights of linear layers with one input, one below the other. */
record FusedWeight(ModelWeights files, List<StoredWeight> parts, Shape shape, WeightScheme scheme) {

  private static final long UNIT = 32;

  static FusedWeight of(ModelWeights files, List<StoredWeight> parts) {
    long columns = parts.get(0).shape().columns();
    long rows = 0;
    for (StoredWeight part : parts) {
      if (part.shape().rank() != 2 || part.shape().columns() != columns) {
        throw new IllegalArgumentException(
            "Cannot join %s of %s to weights of %d columns"
                .formatted(part.module(), part.shape(), columns));
      }
      rows += part.shape().rows();
    }
    return new FusedWeight(files, parts, Shape.of(rows, columns), scheme(parts));
  }

  private static WeightScheme scheme(List<StoredWeight> parts) {
    WeightScheme first = parts.get(0).scheme();
    for (StoredWeight part : parts) {
      if (!alike(first, part.scheme())) {
        return WeightScheme.dense();
      }
    }
    return first
        .weight()
        .map(spec -> new WeightScheme(Optional.of(joined(spec, parts)), first.activation()))
        .orElse(first);
  }

  private static boolean alike(WeightScheme one, WeightScheme other) {
    return one.equals(other)
        || one.activation() == other.activation()
            && rowsOnly(one)
            && rowsOnly(other)
            && one.weight().map(QuantSpec::element).equals(other.weight().map(QuantSpec::element));
  }

  private static boolean rowsOnly(WeightScheme scheme) {
    return scheme
        .weight()
        .map(QuantSpec::granularity)
        .filter(g -> g instanceof Granularity.PerTensor || g instanceof Granularity.PerRow)
        .isPresent();
  }

  /** The coarsest granularity in which the joint matrix has the parts' scales. */
  private static QuantSpec joined(QuantSpec spec, List<StoredWeight> parts) {
    Granularity granularity = spec.granularity();
    if (parts.size() > 1 && rowsOnly(parts.get(0).scheme())) {
      granularity = new Granularity.PerRow();
    } else if (granularity instanceof Granularity.Block block && cuts(block, parts)) {
      granularity = new Granularity.Group(block.columns());
    }
    return new QuantSpec(spec.element(), spec.scale(), granularity, spec.rounding());
  }

  /** Whether a part ends within a block. */
  private static boolean cuts(Granularity.Block block, List<StoredWeight> parts) {
    return parts.subList(0, parts.size() - 1).stream()
        .anyMatch(part -> part.shape().rows() % block.rows() != 0);
  }

  /** Bytes on a device: codes or numbers, rows padded to {@value #UNIT}, and scales of rows. */
  long packedBytes() {
    long padded = (shape.columns() + UNIT - 1) / UNIT * UNIT;
    if (scheme.weight().isEmpty()) {
      return shape.rows() * (padded * type().bytes() + Float.BYTES);
    }
    QuantSpec spec = scheme.weight().get();
    long codes = spec.element().bits() <= 4 ? padded / 2 : padded;
    return shape.rows() * (codes + Float.BYTES * spec.granularity().scaleColumns(shape.columns()));
  }

  HostWeight read() {
    return scheme.weight().isPresent() ? codes(scheme.weight().orElseThrow()) : numbers();
  }

  private HostWeight codes(QuantSpec spec) {
    ByteBuffer codes = CodePacking.littleEndian(Math.toIntExact(shape.elements()));
    Shape groups = QuantizedTensor.scaleShape(spec.granularity(), shape);
    FloatBuffer scales = FloatBuffer.allocate(Math.toIntExact(groups.elements()));
    for (StoredWeight part : parts) {
      codes.put(part.codes());
      putScales(part, spec.granularity(), scales);
    }
    return new HostWeight(shape, scheme, DataType.U8, codes.flip(), scales.flip(), bias());
  }

  /** A part's scales in the granularity of the joint matrix. */
  private static void putScales(StoredWeight part, Granularity granularity, FloatBuffer target) {
    FloatBuffer values = part.scaleValues();
    Granularity own = part.scheme().weight().orElseThrow().granularity();
    if (own.equals(granularity)) {
      target.put(values);
      return;
    }
    long width = own.scaleColumns(part.shape().columns());
    int rows = Math.toIntExact(part.shape().rows());
    for (int row = 0; row < rows; row++) {
      int from = 0;
      if (own instanceof Granularity.Block block) {
        from = Math.toIntExact(row / block.rows() * width);
      } else if (own instanceof Granularity.PerRow) {
        from = row;
      }
      for (int i = 0; i < width; i++) {
        target.put(values.get(from + i));
      }
    }
  }

  /** Type of numbers: BF16 where all parts are stored so, else F32. */
  private DataType type() {
    return parts.stream().allMatch(part -> part.type() == TensorType.BF16)
        ? DataType.BF16
        : DataType.F32;
  }

  private HostWeight numbers() {
    DataType type = type();
    long bytes = shape.elements() * type.bytes();
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Cannot load %s: %d bytes as %s are more than 2 GiB; store the model as BF16"
              .formatted(parts.get(0).module(), bytes, type));
    }
    ByteBuffer values = CodePacking.littleEndian((int) bytes);
    for (StoredWeight part : parts) {
      if (type == DataType.BF16) {
        values.put(part.numbers());
      } else {
        FloatBuffer target = values.asFloatBuffer().limit((int) part.shape().elements());
        part.read(0, target);
        values.position(values.position() + 4 * target.position());
      }
    }
    return new HostWeight(
        shape, WeightScheme.dense(), type, values.flip(), FloatBuffer.allocate(0), bias());
  }

  private Optional<float[]> bias() {
    if (parts.stream().noneMatch(part -> files.has(part.module() + ".bias"))) {
      return Optional.empty();
    }
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(shape.rows()));
    for (StoredWeight part : parts) {
      int rows = Math.toIntExact(part.shape().rows());
      if (files.has(part.module() + ".bias")) {
        FloatBuffer target = values.slice(values.position(), rows);
        files.read(part.module() + ".bias", 0, target);
      }
      values.position(values.position() + rows);
    }
    return Optional.of(values.array());
  }
}
