package io.octavo.serve;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.PackedWeight;
import io.octavo.layout.ModelFiles;
import io.octavo.model.ModelConfig;
import io.octavo.model.Projection;
import io.octavo.model.RopeTable;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** All weights of a model on a device, and the angles of its positions. */
final class ServedWeights implements AutoCloseable {

  private static final int PIECE = 1 << 22;

  /** One decoder layer. */
  record Layer(
      Tensor inputNorm,
      PackedWeight qkv,
      Optional<Tensor> queryNorm,
      Optional<Tensor> keyNorm,
      PackedWeight output,
      Tensor feedForwardNorm,
      PackedWeight gateUp,
      PackedWeight down) {

    List<PackedWeight> linears() {
      return List.of(qkv, output, gateUp, down);
    }
  }

  private final ModelConfig config;
  private final Backend backend;
  private final List<AutoCloseable> owned = new ArrayList<>();
  private final List<Layer> layers = new ArrayList<>();
  private long bytes;

  private Tensor embedding;
  private Tensor finalNorm;
  private PackedWeight head;
  private Tensor cosine;
  private Tensor sine;

  private ServedWeights(ModelFiles files, Backend backend) {
    this.config = files.config();
    this.backend = backend;
    embedding = tensor(files, "model.embed_tokens.weight", config.vocabulary(), config.hidden());
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(layer(files, layer));
    }
    finalNorm = tensor(files, "model.norm.weight", config.hidden());
    head = linear(files, headNames(config));
    RopeTable table = RopeTable.of(config, config.contextLength());
    cosine = upload(table.cosine(), config.contextLength(), config.headSize() / 2);
    sine = upload(table.sine(), config.contextLength(), config.headSize() / 2);
  }

  /** Reads all weights; what was read is given back where one of them is not right. */
  static ServedWeights load(ModelFiles files, Backend backend) {
    return new ServedWeights(files, backend);
  }

  /** Name of the output head's weight. */
  static List<String> headNames(ModelConfig config) {
    return List.of(config.tiedHead() ? "model.embed_tokens.weight" : "lm_head.weight");
  }

  private Layer layer(ModelFiles files, int layer) {
    String prefix = "model.layers." + layer + ".";
    return new Layer(
        tensor(files, prefix + "input_layernorm.weight", config.hidden()),
        linear(files, Projection.QKV.weights(layer)),
        headNorm(files, prefix + "self_attn.q_norm.weight"),
        headNorm(files, prefix + "self_attn.k_norm.weight"),
        linear(files, Projection.OUTPUT.weights(layer)),
        tensor(files, prefix + "post_attention_layernorm.weight", config.hidden()),
        linear(files, Projection.GATE_UP.weights(layer), backend.linear()::packGated),
        linear(files, Projection.DOWN.weights(layer)));
  }

  private Optional<Tensor> headNorm(ModelFiles files, String name) {
    return config.variant().headNorms()
        ? Optional.of(tensor(files, name, config.headSize()))
        : Optional.empty();
  }

  private PackedWeight linear(ModelFiles files, List<String> names) {
    return linear(files, names, backend.linear()::pack);
  }

  private PackedWeight linear(
      ModelFiles files, List<String> names, Function<HostWeight, PackedWeight> packing) {
    try {
      PackedWeight weight = packing.apply(files.linear(names));
      owned.add(weight);
      bytes += weight.bytes();
      return weight;
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private Tensor tensor(ModelFiles files, String name, long... extents) {
    Tensor tensor = allocate(extents);
    try {
      for (long from = 0; from < tensor.elements(); from += PIECE) {
        int count = (int) Math.min(PIECE, tensor.elements() - from);
        ByteBuffer piece = bytes(count);
        files.dense(name, from, piece.asFloatBuffer());
        backend.upload(piece, tensor.range(from, from + count));
      }
      return tensor;
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private Tensor upload(float[] values, long... extents) {
    Tensor tensor = allocate(extents);
    ByteBuffer copy = bytes(values.length);
    FloatBuffer floats = copy.asFloatBuffer();
    floats.put(values);
    backend.upload(copy, tensor);
    return tensor;
  }

  private static ByteBuffer bytes(int floats) {
    return ByteBuffer.allocateDirect(floats * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  private Tensor allocate(long... extents) {
    ArenaPlan plan = new ArenaPlan();
    ArenaPlan.Slot slot =
        plan.reserve(MemoryKind.PARAMETERS, "weight", DataType.F32, Shape.of(extents));
    try {
      Arena arena = Arena.allocate(plan, backend);
      owned.add(arena);
      bytes += plan.bytes();
      return arena.tensor(slot);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  ModelConfig config() {
    return config;
  }

  List<Layer> layers() {
    return layers;
  }

  Tensor embedding() {
    return embedding;
  }

  Tensor finalNorm() {
    return finalNorm;
  }

  PackedWeight head() {
    return head;
  }

  Tensor cosine() {
    return cosine;
  }

  Tensor sine() {
    return sine;
  }

  /** Memory they take. */
  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    for (AutoCloseable one : owned) {
      if (one instanceof Arena arena) {
        arena.close();
      } else {
        ((PackedWeight) one).close();
      }
    }
    owned.clear();
  }
}
