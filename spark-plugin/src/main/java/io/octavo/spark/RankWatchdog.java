package io.octavo.spark;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.spark.api.plugin.PluginContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's second thread: reports to the driver, and wakes the rank when Spark has cancelled its
 * task. Spark sets a flag then and does no more; a rank that waits for a message would not see it.
 */
final class RankWatchdog implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(RankWatchdog.class);
  private static final Duration POLL = Duration.ofMillis(50);

  private final RankProgress progress;
  private final PluginContext driver;
  private final Duration interval;
  private final BooleanSupplier cancelled;
  private final Runnable onCancel;
  private final CountDownLatch closed = new CountDownLatch(1);
  private boolean unreachable;

  private RankWatchdog(
      RankProgress progress,
      PluginContext driver,
      Duration interval,
      BooleanSupplier cancelled,
      Runnable onCancel) {
    this.progress = progress;
    this.driver = driver;
    this.interval = interval;
    this.cancelled = cancelled;
    this.onCancel = onCancel;
  }

  /**
   * Starts the thread.
   *
   * @param cancelled whether Spark has cancelled the task
   * @param onCancel called once when it has
   */
  static RankWatchdog start(
      RankProgress progress,
      PluginContext driver,
      Duration interval,
      BooleanSupplier cancelled,
      Runnable onCancel) {
    RankWatchdog watchdog = new RankWatchdog(progress, driver, interval, cancelled, onCancel);
    Thread thread = new Thread(watchdog::watch, "octavo-watchdog");
    thread.setDaemon(true);
    thread.start();
    return watchdog;
  }

  @Override
  public void close() {
    closed.countDown();
  }

  private void watch() {
    try {
      long next = System.nanoTime();
      while (!closed.await(POLL.toNanos(), TimeUnit.NANOSECONDS)) {
        if (cancelled.getAsBoolean()) {
          onCancel.run();
          return;
        }
        if (System.nanoTime() >= next) {
          next = System.nanoTime() + interval.toNanos();
          report();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void report() {
    try {
      driver.send(progress.heartbeat());
      unreachable = false;
    } catch (IOException | IllegalStateException e) {
      if (!unreachable) {
        LOGGER.warn("Cannot report to the driver: {}", e.getMessage());
      }
      unreachable = true;
    }
  }
}
