package io.octavo.format;

/** Bytes from outside are not what they should be; the message names the place and the remedy. */
public final class CorruptDataException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public CorruptDataException(String message) {
    super(message);
  }

  public CorruptDataException(String message, Throwable cause) {
    super(message, cause);
  }
}
