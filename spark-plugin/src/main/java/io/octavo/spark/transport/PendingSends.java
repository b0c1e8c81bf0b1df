package io.octavo.spark.transport;

import io.octavo.collective.CollectiveException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Messages on their way to each peer. Network threads count down, the rank's thread waits. */
final class PendingSends {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final int[] pending;
  private int total;
  private Optional<String> failure = Optional.empty();

  PendingSends(int worldSize) {
    this.pending = new int[worldSize];
  }

  void begin(int peer) {
    count(peer, 1);
  }

  void end(int peer) {
    count(peer, -1);
  }

  /** Makes every wait fail; the first reason stands. */
  void fail(String reason) {
    lock.lock();
    try {
      if (failure.isEmpty()) {
        failure = Optional.of(reason);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until nothing is pending. */
  void await(Duration timeout) throws TimeoutException {
    long left = timeout.toNanos();
    lock.lock();
    try {
      while (failure.isPresent() || total > 0) {
        if (failure.isPresent()) {
          throw new CollectiveException(failure.get());
        }
        if (left <= 0) {
          throw new TimeoutException("rank %d is late, it took no message".formatted(latePeer()));
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectiveException("Cannot wait for messages to be sent: interrupted", e);
    } finally {
      lock.unlock();
    }
  }

  private int latePeer() {
    int peer = 0;
    while (pending[peer] == 0) {
      peer++;
    }
    return peer;
  }

  private void count(int peer, int change) {
    lock.lock();
    try {
      pending[peer] += change;
      total += change;
      if (total == 0) {
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }
}
