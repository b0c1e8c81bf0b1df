package io.octavo.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Model shapes with a name. */
public final class ModelPresets {

  private static final Map<String, ModelConfig> PRESETS = new LinkedHashMap<>();

  static {
    PRESETS.put("byte-nano", ModelConfig.llama(272, 64, 192, 2, 4, 2, 512));
    PRESETS.put("byte-tiny", ModelConfig.llama(272, 256, 768, 4, 4, 2, 1024));
    PRESETS.put("byte-small", ModelConfig.llama(272, 384, 1024, 6, 6, 3, 1024));
    PRESETS.put("m124", ModelConfig.llama(32000, 768, 2048, 12, 12, 12, 1024));
    PRESETS.put("m350", ModelConfig.llama(32000, 1024, 2816, 24, 16, 16, 1024));
    PRESETS.put("b1", ModelConfig.llama(32000, 2048, 5632, 22, 32, 4, 2048));
    PRESETS.put("b7", ModelConfig.llama(32000, 4096, 11008, 32, 32, 32, 2048));
  }

  private ModelPresets() {}

  /** All presets by name, smallest first; {@code byte-*} are for the byte tokenizer. */
  public static Map<String, ModelConfig> all() {
    return Collections.unmodifiableMap(PRESETS);
  }

  /** Whether there is a preset of this name. */
  public static boolean contains(String name) {
    return PRESETS.containsKey(name);
  }

  /**
   * The preset of a name.
   *
   * @throws IllegalArgumentException naming the known presets
   */
  public static ModelConfig of(String name) {
    ModelConfig config = PRESETS.get(name);
    if (config == null) {
      throw new IllegalArgumentException(
          "Invalid model: %s (expected a Hugging Face directory or one of %s)"
              .formatted(name, PRESETS.keySet()));
    }
    return config;
  }
}
