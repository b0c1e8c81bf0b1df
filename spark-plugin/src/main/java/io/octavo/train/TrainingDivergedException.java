package io.octavo.train;

/** The loss, a gradient or a parameter is NaN or infinite; the message names step and tensor. */
public final class TrainingDivergedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public TrainingDivergedException(String message) {
    super(message);
  }
}
