package io.octavo.collective;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Ranks that are threads of one process: a message is a copy from memory to memory. */
public final class InProcessTransport implements Transport {

  private final int rank;
  private final List<Mailbox> mailboxes;

  private InProcessTransport(int rank, List<Mailbox> mailboxes) {
    this.rank = rank;
    this.mailboxes = mailboxes;
  }

  /** One transport a rank, by rank. */
  public static List<InProcessTransport> connect(int worldSize) {
    List<Mailbox> mailboxes = Stream.generate(Mailbox::new).limit(worldSize).toList();
    return IntStream.range(0, worldSize)
        .mapToObj(rank -> new InProcessTransport(rank, mailboxes))
        .toList();
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int worldSize() {
    return mailboxes.size();
  }

  @Override
  public void send(int peer, MessageTag tag, ByteBuffer message) {
    mailboxes.get(rank).check(peer);
    Mailbox mailbox = mailboxes.get(peer);
    mailbox.deliver(
        rank, tag, mailbox.reserve(message.remaining()).put(message.duplicate()).flip());
  }

  @Override
  public void flush(Duration timeout) {}

  @Override
  public void receive(int peer, MessageTag tag, Duration timeout, Consumer<ByteBuffer> reader)
      throws TimeoutException {
    mailboxes.get(rank).take(peer, tag, timeout, reader);
  }

  @Override
  public void abort(String reason) {
    mailboxes.get(rank).abort(reason);
    peers().forEach(peer -> peer.abort("rank %d aborted: %s".formatted(rank, reason)));
  }

  @Override
  public void close() {
    peers().forEach(peer -> peer.lose(rank, "it has finished"));
  }

  private Stream<Mailbox> peers() {
    return IntStream.range(0, mailboxes.size()).filter(r -> r != rank).mapToObj(mailboxes::get);
  }
}
