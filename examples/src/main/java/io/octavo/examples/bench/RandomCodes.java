package io.octavo.examples.bench;

import io.octavo.format.IntegerFormat;
import io.octavo.layout.ModelFiles;
import io.octavo.model.ModelConfig;
import io.octavo.model.Projection;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tokens.TokenizerSpec;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A model of random codes that exists nowhere but in memory, for measuring devices: its linear
 * layers are of one scheme, all else is ones or small numbers.
 */
final class RandomCodes implements ModelFiles {

  private static final byte MOST_NEGATIVE = 8;

  private final ModelConfig config;
  private final WeightScheme scheme;

  RandomCodes(ModelConfig config, WeightScheme scheme) {
    this.config = config;
    this.scheme = scheme;
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public TokenizerSpec tokenizer() {
    return TokenizerSpec.bytes();
  }

  @Override
  public List<Integer> endsOfText() {
    return List.of();
  }

  @Override
  public boolean has(String name) {
    return !name.endsWith(".bias");
  }

  @Override
  public WeightScheme scheme(List<String> names) {
    return scheme;
  }

  @Override
  public HostWeight linear(List<String> names) {
    long outputs = names.stream().mapToLong(name -> Projection.shape(name, config).extent(0)).sum();
    long inputs = Projection.shape(names.get(0), config).extent(1);
    return weight(Shape.of(outputs, inputs), scheme, names.hashCode());
  }

  /** A weight of random codes. */
  static HostWeight weight(Shape shape, WeightScheme scheme, long seed) {
    QuantSpec spec = scheme.weight().orElseThrow();
    SplittableRandom random = new SplittableRandom(seed);
    byte[] codes = new byte[Math.toIntExact(shape.elements())];
    random.nextBytes(codes);
    // All finite: E4M3's NaN has all bits of exponent and mantissa; 4-bit codes use their low half,
    // and integers not the most negative, as quantization does.
    byte mask = (byte) (spec.element().bits() == 8 ? 0xBF : 0x0F);
    boolean integers = spec.element() instanceof IntegerFormat;
    for (int i = 0; i < codes.length; i++) {
      codes[i] &= mask;
      codes[i] = integers && codes[i] == MOST_NEGATIVE ? 0 : codes[i];
    }
    Granularity granularity = spec.granularity();
    int groups = Math.toIntExact(QuantizedTensor.scaleShape(granularity, shape).elements());
    float[] scales = new float[groups];
    // Sums of `inputs` products come out near one.
    Arrays.fill(scales, (float) (1 / (spec.element().maxFinite() * Math.sqrt(shape.extent(1)))));
    return new HostWeight(
        shape,
        scheme,
        DataType.U8,
        ByteBuffer.wrap(codes),
        FloatBuffer.wrap(scales),
        Optional.empty());
  }

  @Override
  public void dense(String name, long from, FloatBuffer target) {
    SplittableRandom random = new SplittableRandom(name.hashCode() * 31L + from);
    boolean gain = name.contains("norm");
    while (target.hasRemaining()) {
      target.put(gain ? 1 : (float) (random.nextDouble() * 2 - 1));
    }
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
