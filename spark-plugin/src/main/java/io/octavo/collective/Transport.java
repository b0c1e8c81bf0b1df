package io.octavo.collective;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Messages between the ranks of one attempt. Messages may arrive in any order; receivers ask for
 * them by tag. One thread sends and receives; {@link #abort} may come from any thread.
 */
public interface Transport extends AutoCloseable {

  /** This rank. */
  int rank();

  /** Number of ranks. */
  int worldSize();

  /**
   * Starts sending {@code message.remaining()} bytes and returns. The bytes must stay as they are
   * until {@link #flush} has returned.
   *
   * @throws CollectiveException where the attempt is aborted or the peer is gone
   */
  void send(int peer, MessageTag tag, ByteBuffer message);

  /**
   * Waits until every message sent has left the caller's memory.
   *
   * @throws TimeoutException naming the peer that took no message within {@code timeout}
   * @throws CollectiveException where the attempt is aborted or a peer is gone
   */
  void flush(Duration timeout) throws TimeoutException;

  /**
   * Waits for a message and hands it to {@code reader}, who must not keep the buffer.
   *
   * @throws TimeoutException where it has not come within {@code timeout}
   * @throws CollectiveException where the attempt is aborted or the peer is gone
   */
  void receive(int peer, MessageTag tag, Duration timeout, Consumer<ByteBuffer> reader)
      throws TimeoutException;

  /** Ends every wait on this rank, now and later, and tells the peers to do the same. */
  void abort(String reason);

  /** Ends connections. Peers that still wait for a message of this rank fail. */
  @Override
  void close();
}
