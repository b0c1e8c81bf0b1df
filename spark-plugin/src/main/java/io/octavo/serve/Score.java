package io.octavo.serve;

/**
 * How probable a text is to a model.
 *
 * @param negativeLogLikelihood in nats, of all tokens but the first of each window
 * @param tokens how many that are
 */
public record Score(double negativeLogLikelihood, long tokens) {

  /** Exponential of the mean; NaN for no tokens. */
  public double perplexity() {
    return Math.exp(negativeLogLikelihood / tokens);
  }
}
