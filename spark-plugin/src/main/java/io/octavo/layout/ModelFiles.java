package io.octavo.layout;

import io.octavo.model.ModelConfig;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.HostWeight;
import io.octavo.tokens.TokenizerSpec;
import java.nio.FloatBuffer;
import java.util.List;

/** A model as its files have it, in whatever layout; tensors are read when they are asked for. */
public interface ModelFiles extends AutoCloseable {

  /** Shape of the model. */
  ModelConfig config();

  /** The model's tokenizer; the byte tokenizer where it has none. */
  TokenizerSpec tokenizer();

  /** All ids that end a text. */
  List<Integer> endsOfText();

  /** Whether there is a weight of this name, in whatever layout. */
  boolean has(String name);

  /**
   * How {@link #linear} gives the weights.
   *
   * @param names of weights, such as {@code model.layers.0.self_attn.q_proj.weight}
   */
  WeightScheme scheme(List<String> names);

  /**
   * The weights of linear layers that share their input, one below the other, with their biases.
   * Codes stay as they are: where scales cannot be joined in the parts' own granularity they are
   * repeated in a finer one. Parts in different formats are given as numbers.
   *
   * @param names of weights; the parts of one layer's projection, or one
   */
  HostWeight linear(List<String> names);

  /**
   * Reads elements {@code [from, from + target.remaining())} of a weight as numbers: codes times
   * scales where it is quantized.
   */
  void dense(String name, long from, FloatBuffer target);

  /** Reads a weight from its start. */
  default void dense(String name, FloatBuffer target) {
    dense(name, 0, target);
  }

  @Override
  void close();
}
