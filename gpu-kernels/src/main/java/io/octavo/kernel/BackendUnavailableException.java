package io.octavo.kernel;

/** A backend was asked for by name, or none at all is left, and the machine does not have it. */
public final class BackendUnavailableException extends RuntimeException {

  private static final long serialVersionUID = 1;

  public BackendUnavailableException(String message) {
    super(message);
  }
}
