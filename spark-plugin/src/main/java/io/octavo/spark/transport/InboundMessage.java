package io.octavo.spark.transport;

import io.octavo.collective.Mailbox;
import java.nio.ByteBuffer;
import org.apache.spark.network.client.StreamCallbackWithID;

/** A message on its way in: bytes go from the socket's buffers to the mailbox's memory. */
final class InboundMessage implements StreamCallbackWithID {

  private final int peer;
  private final MessageHeader header;
  private final Mailbox mailbox;
  private final ByteBuffer memory;

  InboundMessage(int peer, MessageHeader header, Mailbox mailbox) {
    this.peer = peer;
    this.header = header;
    this.mailbox = mailbox;
    this.memory = mailbox.reserve(header.bytes());
  }

  @Override
  public String getID() {
    return "message " + header.tag() + " of rank " + peer;
  }

  @Override
  public void onData(String id, ByteBuffer part) {
    memory.put(part);
  }

  @Override
  public void onComplete(String id) {
    mailbox.deliver(peer, header.tag(), memory.flip());
  }

  @Override
  public void onFailure(String id, Throwable cause) {
    mailbox.lose(peer, "%s broke off: %s".formatted(id, cause.getMessage()));
  }
}
