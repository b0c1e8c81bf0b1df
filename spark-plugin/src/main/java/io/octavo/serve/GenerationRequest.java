package io.octavo.serve;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A prompt to be continued.
 *
 * @param prompt one token or more
 * @param maxTokens most tokens to add
 * @param temperature 0 for the most probable token
 * @param topP draws are among the most probable tokens that together have this probability
 * @param seed of the draws
 * @param stop texts that end the continuation, which they are not part of
 */
public record GenerationRequest(
    int[] prompt, int maxTokens, float temperature, float topP, long seed, List<String> stop) {

  public GenerationRequest {
    stop = List.copyOf(stop);
    require(prompt.length > 0, "prompt", "of no tokens", "one or more");
    require(maxTokens > 0, "maxTokens", maxTokens, "1 or more");
    require(
        temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
    require(topP > 0 && topP <= 1, "topP", topP, "(0, 1]");
    require(stop.stream().noneMatch(String::isEmpty), "stop", "an empty text", "texts");
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected %s)".formatted(name, value, expected));
    }
  }

  /** The most probable continuation. */
  public static GenerationRequest greedy(int[] prompt, int maxTokens) {
    return new GenerationRequest(prompt, maxTokens, 0, 1, 0, List.of());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GenerationRequest request
        && Arrays.equals(prompt, request.prompt)
        && maxTokens == request.maxTokens
        && temperature == request.temperature
        && topP == request.topP
        && seed == request.seed
        && stop.equals(request.stop);
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(prompt), maxTokens, temperature, topP, seed, stop);
  }
}
