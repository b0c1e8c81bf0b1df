package io.octavo.cuda;

/** Return codes of cuBLASLt as exceptions. */
final class CublasStatus {

  static final int NOT_SUPPORTED = 15;

  private CublasStatus() {}

  /**
   * Returns where {@code code} is success.
   *
   * @throws IllegalStateException naming {@code action}, to follow "Cannot", and the code
   */
  static void check(int code, String action) {
    if (code != 0) {
      throw new IllegalStateException("Cannot %s: cuBLASLt %s".formatted(action, name(code)));
    }
  }

  static String name(int code) {
    return switch (code) {
      case 1 -> "is not initialised (1)";
      case 3 -> "could not allocate (3)";
      case 7 -> "finds an argument invalid (7)";
      case 8 -> "has nothing for this architecture (8)";
      case 13 -> "failed to execute (13)";
      case 14 -> "failed inside (14)";
      case NOT_SUPPORTED -> "does not support it (15)";
      default -> "returned status " + code;
    };
  }
}
