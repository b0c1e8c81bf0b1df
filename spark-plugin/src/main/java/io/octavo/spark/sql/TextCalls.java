package io.octavo.spark.sql;

import io.octavo.serve.Generation;
import io.octavo.serve.GenerationRequest;
import io.octavo.serve.Score;
import io.octavo.serve.ServedModel;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/** Asks a model for texts, as a call's options say. */
final class TextCalls {

  private final ModelFunction function;
  private final CallOptions options;
  private final ServedModel model;
  private final CallMetrics metrics;

  TextCalls(CallColumn call, ServedModel model, CallMetrics metrics) {
    this.function = call.function();
    this.options = call.options();
    this.model = model;
    this.metrics = metrics;
  }

  ServedModel model() {
    return model;
  }

  /** The answer to a text, in Catalyst's form; it fails where the text cannot be answered. */
  CompletableFuture<? extends Object> ask(UTF8String text) {
    try {
      if (!text.isValid()) {
        throw new IllegalArgumentException("Cannot read text: it is not valid UTF-8");
      }
      int[] tokens = model.tokenizer().encode(text.toString());
      metrics.promptTokens().add(tokens.length);
      return switch (function) {
        case GENERATE -> model.generate(request(tokens, text)).thenApply(this::text);
        case SCORE -> model.score(tokens, window()).thenApply(TextCalls::row);
        case EMBED -> model.embed(tokens).thenApply(ArrayData::toArrayData);
        case TOKENS -> CompletableFuture.completedFuture(ArrayData.toArrayData(tokens));
      };
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private int window() {
    int context = model.config().contextLength();
    return options.window() == 0 ? context : Math.min(options.window(), context);
  }

  private GenerationRequest request(int[] tokens, UTF8String text) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("Cannot continue an empty prompt: give at least a token");
    }
    return new GenerationRequest(
        tokens,
        options.maxTokens(),
        options.temperature(),
        options.topP(),
        seed(options.seed(), text),
        options.stop());
  }

  /** Of seed and text, so that a row's draws are its own wherever it is computed (FNV-1a). */
  static long seed(long seed, UTF8String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte each : text.getBytes()) {
      hash = (hash ^ each & 0xFF) * 0x100000001b3L;
    }
    return hash ^ seed * 0x9E3779B97F4A7C15L;
  }

  private UTF8String text(Generation generation) {
    metrics.generatedTokens().add(generation.tokens().size());
    return UTF8String.fromString(generation.text());
  }

  private static InternalRow row(Score score) {
    @Nullable Double perplexity = score.tokens() == 0 ? null : score.perplexity();
    return new GenericInternalRow(
        new Object[] {score.negativeLogLikelihood(), score.tokens(), perplexity});
  }
}
