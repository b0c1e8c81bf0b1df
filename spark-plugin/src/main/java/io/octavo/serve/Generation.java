package io.octavo.serve;

import java.util.List;

/**
 * A continuation.
 *
 * @param tokens what was added, without the id that ended the text
 * @param text the same as text, up to a stop text
 * @param promptTokens tokens of the prompt
 */
public record Generation(
    List<Integer> tokens, String text, FinishReason reason, int promptTokens) {}
