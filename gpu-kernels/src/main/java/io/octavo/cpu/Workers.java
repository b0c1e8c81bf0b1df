package io.octavo.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of threads that runs the blocks of one job at a time; the caller is one of them. Who
 * waits spins for some microseconds, since jobs follow each other closely, and then lets others on
 * its core: a scheduler may have put helper and caller on the same one, where spinning holds up
 * what is waited for. An idle helper parks in the end.
 */
final class Workers implements AutoCloseable {

  /** About 15 microseconds. */
  private static final int SPINS = 500;

  /** Yields before a helper parks: about half a millisecond where nobody else wants its core. */
  private static final int YIELDS = 1_000;

  private final List<Thread> helpers = new ArrayList<>();
  private volatile @Nullable Job current;
  private volatile boolean closed;

  Workers(int threads) {
    for (int i = 1; i < threads; i++) {
      Thread helper = new Thread(this::help, "octavo-cpu-" + i);
      helper.setDaemon(true);
      helpers.add(helper);
      helper.start();
    }
  }

  int threads() {
    return helpers.size() + 1;
  }

  /** Runs {@code task} for every block in {@code [0, blocks)}; rethrows the first failure. */
  void forEach(int blocks, IntConsumer task) {
    if (helpers.isEmpty() || blocks <= 1) {
      for (int block = 0; block < blocks; block++) {
        task.accept(block);
      }
      return;
    }
    Job job = new Job(blocks, task);
    current = job;
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
    }
    job.work();
    for (int waits = 0; job.finished.get() < blocks; waits++) {
      pause(waits);
    }
    current = null;
    job.rethrow();
  }

  private void help() {
    Job last = null;
    int idle = 0;
    while (!closed) {
      Job job = current;
      if (job != null && job != last) {
        job.work();
        last = job;
        idle = 0;
      } else if (idle++ < SPINS + YIELDS) {
        pause(idle);
      } else {
        LockSupport.parkNanos(this, 1_000_000);
      }
    }
  }

  private static void pause(int waits) {
    if (waits < SPINS) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  @Override
  public void close() {
    closed = true;
    helpers.forEach(LockSupport::unpark);
  }

  private static final class Job {
    private static final String ABNORMAL_END =
        "Cannot finish the work of a kernel: a thread ended with an error, see the log";

    private final int blocks;
    private final IntConsumer task;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();

    Job(int blocks, IntConsumer task) {
      this.blocks = blocks;
      this.task = task;
    }

    void work() {
      for (int block = next.getAndIncrement(); block < blocks; block = next.getAndIncrement()) {
        boolean returned = false;
        try {
          task.accept(block);
          returned = true;
        } catch (RuntimeException e) {
          failure.compareAndSet(null, e);
        } finally {
          if (!returned) {
            failure.compareAndSet(null, new IllegalStateException(ABNORMAL_END));
          }
          finished.incrementAndGet();
        }
      }
    }

    void rethrow() {
      RuntimeException first = failure.get();
      if (first != null) {
        throw first;
      }
    }
  }
}
