package io.octavo.kernel;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** Makes a test fail that would have been counted as skipped. */
public final class NeverSkipped implements TestExecutionExceptionHandler {

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable cause)
      throws Throwable {
    if (cause instanceof TestAbortedException) {
      throw new AssertionError("Skipped where a GPU was promised: " + cause.getMessage(), cause);
    }
    throw cause;
  }
}
