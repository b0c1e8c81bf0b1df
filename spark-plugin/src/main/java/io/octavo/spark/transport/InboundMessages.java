package io.octavo.spark.transport;

import io.netty.channel.ChannelOption;
import io.octavo.collective.Mailbox;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;

/** The serving side of a rank: puts what peers send into the mailbox. */
final class InboundMessages extends RpcHandler {

  private final long attempt;
  private final int worldSize;
  private final Mailbox mailbox;
  private final Farewells farewells;
  private final StreamManager streams = new OneForOneStreamManager();
  private final Map<Object, Integer> peers = new ConcurrentHashMap<>();

  InboundMessages(long attempt, int worldSize, Mailbox mailbox, Farewells farewells) {
    this.attempt = attempt;
    this.worldSize = worldSize;
    this.mailbox = mailbox;
    this.farewells = farewells;
  }

  @Override
  public void channelActive(TransportClient client) {
    client.getChannel().config().setOption(ChannelOption.TCP_NODELAY, true);
  }

  /** A greeting, which opens a connection. */
  @Override
  public void receive(TransportClient client, ByteBuffer message, RpcResponseCallback reply) {
    greet(client, Greeting.decode(message));
    reply.onSuccess(ByteBuffer.allocate(0));
  }

  /** A farewell, which is empty, or the reason of an abort. */
  @Override
  public void receive(TransportClient client, ByteBuffer message) {
    int peer = peer(client);
    if (message.hasRemaining()) {
      mailbox.abort("rank %d aborted: %s".formatted(peer, StandardCharsets.UTF_8.decode(message)));
    } else {
      farewells.from(peer);
    }
  }

  @Override
  public StreamCallbackWithID receiveStream(
      TransportClient client, ByteBuffer header, RpcResponseCallback reply) {
    return new InboundMessage(peer(client), MessageHeader.decode(header), mailbox);
  }

  @Override
  public StreamManager getStreamManager() {
    return streams;
  }

  @Override
  public void channelInactive(TransportClient client) {
    Integer peer = peers.remove(client.getChannel().id());
    if (peer != null) {
      mailbox.lose(peer, "its connection has ended");
      farewells.from(peer);
    }
  }

  private int peer(TransportClient client) {
    Integer peer = peers.get(client.getChannel().id());
    if (peer == null) {
      throw new IllegalStateException("Cannot take a message: the connection has sent no greeting");
    }
    return peer;
  }

  private void greet(TransportClient client, Greeting greeting) {
    if (greeting.attempt() != attempt) {
      throw new IllegalArgumentException(
          "Cannot take messages of attempt %d: this is attempt %d"
              .formatted(greeting.attempt(), attempt));
    }
    if (greeting.rank() < 0 || greeting.rank() >= worldSize) {
      throw new IllegalArgumentException(
          "Invalid rank: %d (expected less than %d)".formatted(greeting.rank(), worldSize));
    }
    peers.put(client.getChannel().id(), greeting.rank());
  }
}
