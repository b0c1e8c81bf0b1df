package io.octavo.serve;

/** Why a continuation ended. */
public enum FinishReason {
  /** At a stop text, or where the model ended the text. */
  STOP,
  /** At maxTokens, or at the end of the model's context. */
  LENGTH
}
