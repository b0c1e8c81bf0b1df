package io.octavo.spark.transport;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Peers that will send no more. A rank that closed right after its last message would take with it
 * the replies its peers still wait for; so each says farewell and waits for the others'.
 */
final class Farewells {

  private final Set<Integer> said = ConcurrentHashMap.newKeySet();
  private final CountDownLatch missing;

  Farewells(int peers) {
    this.missing = new CountDownLatch(peers);
  }

  void from(int peer) {
    if (said.add(peer)) {
      missing.countDown();
    }
  }

  /** Returns when all have said it, or after {@code timeout}. */
  void await(Duration timeout) {
    try {
      if (!missing.await(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
