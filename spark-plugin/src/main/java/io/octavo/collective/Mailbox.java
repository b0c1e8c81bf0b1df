package io.octavo.collective;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Messages that have arrived and wait to be read, by sender and tag. Network threads deliver, the
 * rank's thread takes. Their memory is reused: a run in its steady state allocates nothing.
 */
public final class Mailbox {

  private static final int SMALLEST = 1024;

  private record Key(int peer, MessageTag tag) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<Key, ByteBuffer> messages = new HashMap<>();
  private final Map<Integer, String> lost = new HashMap<>();
  private final List<ByteBuffer> spare = new ArrayList<>();
  private Optional<String> abortReason = Optional.empty();

  /** Memory for a message of {@code bytes} bytes, to fill and {@link #deliver}. */
  public ByteBuffer reserve(int bytes) {
    lock.lock();
    try {
      for (int i = spare.size() - 1; i >= 0; i--) {
        int capacity = spare.get(i).capacity();
        if (capacity >= bytes && capacity / 4 <= Math.max(bytes, SMALLEST)) {
          return spare.remove(i).clear().limit(bytes);
        }
      }
    } finally {
      lock.unlock();
    }
    return ByteBuffer.allocateDirect(Math.max(bytes, SMALLEST)).limit(bytes);
  }

  /** Puts in a message of {@code peer}: reserved memory, ready to be read. */
  public void deliver(int peer, MessageTag tag, ByteBuffer message) {
    lock.lock();
    try {
      messages.put(new Key(peer, tag), message);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a message, hands it to {@code reader} and takes its memory back. */
  public void take(int peer, MessageTag tag, Duration timeout, Consumer<ByteBuffer> reader)
      throws TimeoutException {
    ByteBuffer message = await(new Key(peer, tag), timeout);
    reader.accept(message);
    lock.lock();
    try {
      spare.add(message);
    } finally {
      lock.unlock();
    }
  }

  /** Makes waits for messages of {@code peer} fail, except for those that have arrived. */
  public void lose(int peer, String reason) {
    lock.lock();
    try {
      lost.putIfAbsent(peer, reason);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Makes every wait fail; the first reason stands. */
  public void abort(String reason) {
    lock.lock();
    try {
      if (abortReason.isEmpty()) {
        abortReason = Optional.of(reason);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Does nothing while messages can still come from {@code peer}.
   *
   * @throws CollectiveException with the reason where they cannot
   */
  public void check(int peer) {
    lock.lock();
    try {
      throwIfAborted();
      throwIfLost(peer);
    } finally {
      lock.unlock();
    }
  }

  private ByteBuffer await(Key key, Duration timeout) throws TimeoutException {
    long left = timeout.toNanos();
    lock.lock();
    try {
      while (true) {
        throwIfAborted();
        ByteBuffer message = messages.remove(key);
        if (message != null) {
          return message;
        }
        throwIfLost(key.peer());
        if (left <= 0) {
          throw new TimeoutException("message " + key.tag() + " has not come");
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectiveException(
          "Cannot wait for rank %d: interrupted".formatted(key.peer()), e);
    } finally {
      lock.unlock();
    }
  }

  private void throwIfAborted() {
    if (abortReason.isPresent()) {
      throw new CollectiveException(abortReason.get());
    }
  }

  private void throwIfLost(int peer) {
    String reason = lost.get(peer);
    if (reason != null) {
      throw new CollectiveException("Cannot reach rank %d: %s".formatted(peer, reason));
    }
  }
}
