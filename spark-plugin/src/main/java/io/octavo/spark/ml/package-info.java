/**
 * Octavo as MLlib stages: {@link io.octavo.spark.ml.CausalLM} trains a language model from a
 * DataFrame, {@link io.octavo.spark.ml.CausalLMModel} scores text with it. Both can stand in a
 * Pipeline and be saved and loaded; a saved model holds a Hugging Face directory.
 */
@NullMarked
package io.octavo.spark.ml;

import org.jspecify.annotations.NullMarked;
