package io.octavo.model;

import java.util.Arrays;
import java.util.Optional;

/** Architectures of Hugging Face that are Llama but for a few switches. */
public enum Architecture {
  LLAMA("LlamaForCausalLM", "llama"),
  MISTRAL("MistralForCausalLM", "mistral"),
  QWEN2("Qwen2ForCausalLM", "qwen2"),
  QWEN3("Qwen3ForCausalLM", "qwen3");

  private final String className;
  private final String modelType;

  Architecture(String className, String modelType) {
    this.className = className;
    this.modelType = modelType;
  }

  public String className() {
    return className;
  }

  public String modelType() {
    return modelType;
  }

  /** Whether its config says which layers have biases; the others have none, or Qwen2's. */
  boolean readsBiasFlags() {
    return this == LLAMA || this == QWEN3;
  }

  /** Whether its config may have a window that is not used. */
  boolean hasWindowFlag() {
    return this == QWEN2 || this == QWEN3;
  }

  /** By its class or its model type. */
  public static Optional<Architecture> of(String name) {
    return Arrays.stream(values())
        .filter(known -> known.className.equals(name) || known.modelType.equals(name))
        .findFirst();
  }

  /** The one whose config can say what a model is. */
  public static Architecture of(ModelConfig config) {
    if (config.variant().headNorms()) {
      return QWEN3;
    }
    if (config.variant().inputBias()) {
      return QWEN2;
    }
    return config.variant().window() > 0 ? MISTRAL : LLAMA;
  }
}
