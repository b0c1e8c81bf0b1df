package io.octavo.collective;

/** A collective operation did not finish: a rank is late, gone, or aborted the attempt. */
public final class CollectiveException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public CollectiveException(String message) {
    super(message);
  }

  public CollectiveException(String message, Throwable cause) {
    super(message, cause);
  }
}
