package io.octavo.kernel;

/** Work that a {@link Backend} has captured, to be given again without the host's part in it. */
@FunctionalInterface
public interface Replay extends AutoCloseable {

  /** Gives the work to the device once more; does not wait. */
  void run();

  @Override
  default void close() {}
}
