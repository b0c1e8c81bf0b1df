package io.octavo.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tensors of a golden safetensors file, read the short way. */
public final class GoldenTensors implements WeightSource {

  private final JsonNode header;
  private final ByteBuffer data;

  public GoldenTensors(Path file) {
    try {
      ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      int length = Math.toIntExact(all.getLong(0));
      header = new ObjectMapper().readTree(all.array(), 8, length);
      data = all.slice(8 + length, all.capacity() - 8 - length).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ByteBuffer bytes(String name) {
    JsonNode offsets = header.get(name).get("data_offsets");
    int from = offsets.get(0).asInt();
    return data.slice(from, offsets.get(1).asInt() - from).order(ByteOrder.LITTLE_ENDIAN);
  }

  public float[] floats(String name) {
    FloatBuffer source = bytes(name).asFloatBuffer();
    float[] values = new float[source.remaining()];
    source.get(values);
    return values;
  }

  public int[] ints(String name) {
    ByteBuffer source = bytes(name);
    int[] values = new int[source.remaining() / 4];
    source.asIntBuffer().get(values);
    return values;
  }

  public int extent(String name, int dimension) {
    return header.get(name).get("shape").get(dimension).asInt();
  }

  @Override
  public void read(Parameter parameter, long from, FloatBuffer target) {
    target.put(floats(parameter.name()), (int) from, target.remaining());
  }
}
