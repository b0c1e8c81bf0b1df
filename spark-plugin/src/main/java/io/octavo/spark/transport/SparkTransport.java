package io.octavo.spark.transport;

import io.octavo.collective.CollectiveException;
import io.octavo.collective.Mailbox;
import io.octavo.collective.MessageTag;
import io.octavo.collective.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.buffer.NioManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientBootstrap;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.crypto.AuthServerBootstrap;
import org.apache.spark.network.server.TransportServer;
import org.apache.spark.network.server.TransportServerBootstrap;
import org.apache.spark.network.util.TransportConf;

/** Ranks that are processes: messages over Spark's network library. */
public final class SparkTransport implements Transport {

  private static final Duration FAREWELL_TIMEOUT = Duration.ofSeconds(2);

  private final long attempt;
  private final int rank;
  private final int worldSize;
  private final TransportSettings settings;
  private final Mailbox mailbox = new Mailbox();
  private final PendingSends pending;
  private final Farewells farewells;
  private volatile boolean aborted;
  private final TransportContext context;
  private final TransportServer server;
  private final TransportClientFactory clients;
  private final List<Optional<TransportClient>> peers = new CopyOnWriteArrayList<>();

  private SparkTransport(TransportSettings settings, long attempt, int rank, int worldSize) {
    this.attempt = attempt;
    this.rank = rank;
    this.worldSize = worldSize;
    this.settings = settings;
    this.pending = new PendingSends(worldSize);
    this.farewells = new Farewells(worldSize - 1);
    TransportConf conf = settings.transportConf();
    this.context =
        new TransportContext(conf, new InboundMessages(attempt, worldSize, mailbox, farewells));
    List<TransportServerBootstrap> serverBootstraps = new ArrayList<>();
    List<TransportClientBootstrap> clientBootstraps = new ArrayList<>();
    if (settings.security().isAuthenticationEnabled()) {
      String application = settings.conf().getAppId();
      serverBootstraps.add(new AuthServerBootstrap(conf, settings.security()));
      clientBootstraps.add(new AuthClientBootstrap(conf, application, settings.security()));
    }
    this.server = context.createServer(settings.bindAddress(), settings.port(), serverBootstraps);
    this.clients = context.createClientFactory(clientBootstraps);
  }

  /** Listens for peers of the same attempt; {@link #connect} must follow. */
  public static SparkTransport listen(
      TransportSettings settings, long attempt, int rank, int worldSize) {
    return new SparkTransport(settings, attempt, rank, worldSize);
  }

  /** Where peers reach this rank. */
  public RankAddress address(String version) {
    return new RankAddress(attempt, rank, settings.host(), server.getPort(), version);
  }

  /**
   * Connects to every peer.
   *
   * @param addresses of all ranks, by rank
   * @throws CollectiveException naming the peer that cannot be reached or refuses
   */
  public void connect(List<RankAddress> addresses, Duration timeout) {
    for (RankAddress address : addresses) {
      peers.add(address.rank() == rank ? Optional.empty() : Optional.of(greet(address, timeout)));
    }
  }

  private TransportClient greet(RankAddress address, Duration timeout) {
    try {
      TransportClient client = clients.createUnmanagedClient(address.host(), address.port());
      client.sendRpcSync(new Greeting(attempt, rank).encode(), timeout.toMillis());
      return client;
    } catch (IOException | RuntimeException e) {
      throw new CollectiveException(
          "Cannot connect to %s: %s".formatted(address, e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CollectiveException("Cannot connect to %s: interrupted".formatted(address), e);
    }
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int worldSize() {
    return worldSize;
  }

  @Override
  public void send(int peer, MessageTag tag, ByteBuffer message) {
    mailbox.check(peer);
    MessageHeader header = new MessageHeader(tag, message.remaining());
    pending.begin(peer);
    client(peer)
        .uploadStream(
            new NioManagedBuffer(header.encode()),
            new NioManagedBuffer(message),
            new Arrival(peer));
  }

  @Override
  public void flush(Duration timeout) throws TimeoutException {
    pending.await(timeout);
  }

  @Override
  public void receive(int peer, MessageTag tag, Duration timeout, Consumer<ByteBuffer> reader)
      throws TimeoutException {
    mailbox.take(peer, tag, timeout, reader);
  }

  @Override
  public void abort(String reason) {
    aborted = true;
    mailbox.abort(reason);
    pending.fail(reason);
    tellPeers(StandardCharsets.UTF_8.encode(reason));
  }

  @Override
  public void close() {
    if (!aborted && peers.size() == worldSize) {
      tellPeers(ByteBuffer.allocate(0));
      farewells.await(FAREWELL_TIMEOUT);
    }
    peers.forEach(peer -> peer.ifPresent(TransportClient::close));
    clients.close();
    server.close();
    context.close();
  }

  private void tellPeers(ByteBuffer message) {
    for (Optional<TransportClient> peer : peers) {
      peer.filter(TransportClient::isActive).ifPresent(client -> client.send(message.duplicate()));
    }
  }

  private TransportClient client(int peer) {
    return peers
        .get(peer)
        .orElseThrow(() -> new IllegalArgumentException("Cannot send to oneself: rank " + peer));
  }

  /** The reply to a message: it has arrived, or its peer is gone. */
  private final class Arrival implements RpcResponseCallback {

    private final int peer;

    Arrival(int peer) {
      this.peer = peer;
    }

    @Override
    public void onSuccess(ByteBuffer reply) {
      pending.end(peer);
    }

    @Override
    public void onFailure(Throwable cause) {
      String reason = "a message to it failed: " + cause.getMessage();
      mailbox.lose(peer, reason);
      pending.fail("Cannot reach rank %d: %s".formatted(peer, reason));
    }
  }
}
