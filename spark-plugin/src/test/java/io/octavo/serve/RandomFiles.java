package io.octavo.serve;

import io.octavo.layout.ModelFiles;
import io.octavo.model.ModelConfig;
import io.octavo.model.Projection;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tokens.TokenizerSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A model of random numbers that BF16 can hold; a weight's name decides its numbers. */
record RandomFiles(ModelConfig config) implements ModelFiles {

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
    return WeightScheme.dense();
  }

  @Override
  public HostWeight linear(List<String> names) {
    int columns = columns(names.get(0));
    int rows = names.stream().mapToInt(this::rows).sum();
    ByteBuffer values =
        ByteBuffer.allocate(rows * columns * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer target = values.asFloatBuffer();
    for (String name : names) {
      FloatBuffer part = target.slice(target.position(), rows(name) * columns);
      dense(name, 0, part);
      target.position(target.position() + rows(name) * columns);
    }
    return new HostWeight(
        Shape.of(rows, columns),
        WeightScheme.dense(),
        DataType.F32,
        values,
        FloatBuffer.allocate(0),
        Optional.empty());
  }

  private int rows(String name) {
    return Math.toIntExact(Projection.shape(name, config).extent(0));
  }

  private int columns(String name) {
    return Math.toIntExact(Projection.shape(name, config).extent(1));
  }

  @Override
  public void dense(String name, long from, FloatBuffer target) {
    Random random = new Random(name.hashCode());
    for (long i = 0; i < from; i++) {
      random.nextGaussian();
    }
    boolean gain = name.contains("norm");
    double deviation = gain ? 0.2 : 1 / Math.sqrt(columns(name));
    while (target.hasRemaining()) {
      float value = (float) ((gain ? 1 : 0) + deviation * random.nextGaussian());
      target.put(Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF0000));
    }
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
