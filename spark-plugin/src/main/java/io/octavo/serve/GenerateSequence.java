package io.octavo.serve;

import io.octavo.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A prompt that is being continued. */
final class GenerateSequence extends Sequence {

  /**
   * Tokens of the prompt that are decoded with the first new ones: some merge with what follows.
   */
  private static final int CONTEXT = 4;

  private final GenerationRequest request;
  private final List<Integer> ends;
  private final Tokenizer tokenizer;
  private final int most;
  private final CompletableFuture<Generation> future = new CompletableFuture<>();
  private final int[] tokens;
  private int length;
  private Optional<FinishReason> reason = Optional.empty();
  private Optional<String> stopped = Optional.empty();

  GenerateSequence(
      GenerationRequest request, int contextLength, List<Integer> ends, Tokenizer tokenizer) {
    this.request = request;
    this.ends = ends;
    this.tokenizer = tokenizer;
    length = request.prompt().length;
    most = (int) Math.min(contextLength, (long) length + request.maxTokens());
    tokens = Arrays.copyOf(request.prompt(), most);
  }

  GenerationRequest request() {
    return request;
  }

  @Override
  CompletableFuture<Generation> future() {
    return future;
  }

  @Override
  int length() {
    return length;
  }

  @Override
  int token(int position) {
    return tokens[position];
  }

  @Override
  int mostTokens() {
    return most;
  }

  /** The last token's logits are wanted, so that one is computed. */
  @Override
  int shareable() {
    return request.prompt().length - 1;
  }

  @Override
  int[] prompt() {
    return request.prompt();
  }

  @Override
  boolean draws(int position) {
    return position == length - 1;
  }

  @Override
  boolean finished() {
    return reason.isPresent();
  }

  /** Takes the next token. */
  void accept(int id) {
    if (ends.contains(id)) {
      reason = Optional.of(FinishReason.STOP);
      return;
    }
    tokens[length++] = id;
    if (!request.stop().isEmpty()) {
      stopAt(text());
    }
    if (reason.isEmpty() && length == most) {
      reason = Optional.of(FinishReason.LENGTH);
    }
  }

  private void stopAt(String text) {
    request.stop().stream()
        .mapToInt(text::indexOf)
        .filter(at -> at >= 0)
        .min()
        .ifPresent(
            at -> {
              reason = Optional.of(FinishReason.STOP);
              stopped = Optional.of(text.substring(0, at));
            });
  }

  /** What was added, as text: with and without it the end of the prompt reads alike. */
  private String text() {
    int from = request.prompt().length;
    int before = Math.max(0, from - CONTEXT);
    String prefix = tokenizer.decode(Arrays.copyOfRange(tokens, before, from));
    String whole = tokenizer.decode(Arrays.copyOfRange(tokens, before, length));
    return whole.startsWith(prefix)
        ? whole.substring(prefix.length())
        : tokenizer.decode(Arrays.copyOfRange(tokens, from, length));
  }

  @Override
  void complete() {
    List<Integer> added = new ArrayList<>();
    for (int i = request.prompt().length; i < length; i++) {
      added.add(tokens[i]);
    }
    future.complete(
        new Generation(
            List.copyOf(added),
            stopped.orElseGet(this::text),
            reason.orElse(FinishReason.LENGTH),
            request.prompt().length));
  }
}
