package io.octavo.tensor;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Bytes that threads have taken from the heap. */
public final class Allocations {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocations() {}

  /** Bytes this thread has taken since it started. */
  public static long ofThisThread() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }
}
