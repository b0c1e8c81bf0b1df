package io.octavo.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.collective.CollectiveException;
import io.octavo.collective.MessageTag;
import io.octavo.collective.Transport;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SecurityManager;
import org.apache.spark.SecurityManager$;
import org.apache.spark.SparkConf;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import scala.Option;

class TestSparkTransport {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final MessageTag FIRST = new MessageTag(0, 0);

  private static final Map<String, String> AES =
      Map.of(
          "spark.authenticate", "true",
          "spark.authenticate.secret", "a secret of the application",
          "spark.network.crypto.enabled", "true");

  private static final Map<String, String> SASL =
      Map.of(
          "spark.authenticate", "true",
          "spark.authenticate.secret", "a secret of the application",
          "spark.authenticate.enableSaslEncryption", "true");

  private final List<SparkTransport> open = new ArrayList<>();

  private static final String PASSWORD = "password";

  @TempDir static Path keys;

  static List<Map<String, String>> security() throws Exception {
    return List.of(Map.of(), AES, SASL, tls());
  }

  static List<Map<String, String>> encrypted() throws Exception {
    return List.of(AES, SASL, tls());
  }

  /** Spark's own TLS for RPC, with a key made by the JDK's tool. */
  private static Map<String, String> tls() throws Exception {
    Path store = keys.resolve("keys.p12");
    if (!Files.exists(store)) {
      List<String> command =
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
              "-genkeypair",
              "-alias",
              "rank",
              "-keyalg",
              "EC",
              "-dname",
              "CN=localhost",
              "-ext",
              "SAN=ip:127.0.0.1",
              "-storetype",
              "PKCS12",
              "-storepass",
              PASSWORD,
              "-keystore",
              store.toString());
      assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }
    return Map.of(
        "spark.ssl.rpc.enabled",
        "true",
        "spark.ssl.rpc.protocol",
        "TLSv1.3",
        "spark.ssl.rpc.keyStore",
        store.toString(),
        "spark.ssl.rpc.keyStoreType",
        "PKCS12",
        "spark.ssl.rpc.keyStorePassword",
        PASSWORD,
        "spark.ssl.rpc.keyPassword",
        PASSWORD,
        "spark.ssl.rpc.trustStore",
        store.toString(),
        "spark.ssl.rpc.trustStoreType",
        "PKCS12",
        "spark.ssl.rpc.trustStorePassword",
        PASSWORD);
  }

  @ParameterizedTest
  @MethodSource("encrypted")
  void whoListensOnTheWireReadsNothing(Map<String, String> conf) throws Exception {
    assertThat(isReadableOnTheWire(conf)).isFalse();
  }

  /** The other test could not fail if this did not hold. */
  @Test
  void whoListensOnTheWireReadsAllWithoutEncryption() throws Exception {
    assertThat(isReadableOnTheWire(Map.of())).isTrue();
  }

  private boolean isReadableOnTheWire(Map<String, String> conf) throws Exception {
    String secret = "weights of the model";
    ByteBuffer message = StandardCharsets.UTF_8.encode(secret.repeat(1000));
    SparkTransport zero = listen(conf, 1, 0);
    SparkTransport one = listen(conf, 1, 1);
    RankAddress address = zero.address("1");
    try (Wiretap tap = new Wiretap(address.port())) {
      RankAddress tapped = new RankAddress(1, 0, "127.0.0.1", tap.port(), "1");
      one.connect(List.of(tapped, one.address("1")), TIMEOUT);
      zero.connect(List.of(address, one.address("1")), TIMEOUT);
      one.send(0, FIRST, message.duplicate());
      zero.receive(1, FIRST, TIMEOUT, received -> assertThat(received).isEqualTo(message));
      one.flush(TIMEOUT);
      assertThat(tap.bytes()).isGreaterThanOrEqualTo(message.remaining());
      return tap.heard(secret);
    }
  }

  @AfterEach
  void closeTransports() {
    // An aborted transport does not wait for the farewells of its peers.
    open.forEach(transport -> transport.abort("the test is over"));
    open.forEach(SparkTransport::close);
  }

  @ParameterizedTest
  @MethodSource("security")
  void carriesMessagesOfAnySizeBothWays(Map<String, String> conf) throws Exception {
    List<SparkTransport> ranks = connect(conf, 3);
    for (int bytes : new int[] {1, 13, 1000, 4098, 1 << 20, (1 << 20) + 1}) {
      MessageTag tag = new MessageTag(bytes, 7);
      for (Transport from : ranks) {
        for (Transport to : ranks) {
          if (from.rank() != to.rank()) {
            from.send(to.rank(), tag, random(bytes, from.rank()));
          }
        }
      }
      for (Transport to : ranks) {
        for (Transport from : ranks) {
          if (from.rank() != to.rank()) {
            to.receive(
                from.rank(),
                tag,
                TIMEOUT,
                message -> assertThat(message).isEqualTo(random(bytes, from.rank())));
          }
        }
        to.flush(TIMEOUT);
      }
    }
  }

  @Test
  void refusesAClientThatDoesNotAuthenticate() throws Exception {
    List<SparkTransport> ranks = connect(AES, 2);
    RankAddress address = ranks.get(0).address("test");
    try (TransportContext stranger =
        new TransportContext(settings(Map.of()).transportConf(), new NoOpRpcHandler())) {
      TransportClient client =
          stranger.createClientFactory().createUnmanagedClient(address.host(), address.port());
      assertThatThrownBy(() -> client.sendRpcSync(new Greeting(1, 1).encode(), TIMEOUT.toMillis()))
          .isInstanceOf(RuntimeException.class);
      client.close();
    }
    carries(ranks);
  }

  @Test
  void refusesARankWithAnotherSecret() {
    SparkTransport one = listen(AES, 1, 0);
    SparkTransport other =
        listen(
            Map.of(
                "spark.authenticate", "true",
                "spark.authenticate.secret", "another secret",
                "spark.network.crypto.enabled", "true"),
            1,
            1);
    assertThatThrownBy(() -> other.connect(List.of(one.address("1"), other.address("1")), TIMEOUT))
        .isInstanceOf(CollectiveException.class)
        .hasMessageContaining("Cannot connect to rank 0");
  }

  @Test
  void refusesARankOfAnotherAttempt() {
    SparkTransport current = listen(Map.of(), 2, 0);
    SparkTransport stale = listen(Map.of(), 1, 1);
    assertThatThrownBy(
            () -> stale.connect(List.of(current.address("1"), stale.address("1")), TIMEOUT))
        .isInstanceOf(CollectiveException.class)
        .hasMessageContaining("Cannot take messages of attempt 1: this is attempt 2");
  }

  @Test
  void refusesTooLongMessages() throws Exception {
    SparkTransport transport = connect(Map.of(), 2).get(0);
    ByteBuffer message = ByteBuffer.allocateDirect((64 << 20) + 1);
    assertThatThrownBy(() -> transport.send(1, FIRST, message))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot carry a message of 67108865 bytes (at most 67108864)");
    ByteBuffer header = ByteBuffer.allocate(16).putLong(0).putInt(0).putInt(Integer.MAX_VALUE);
    assertThatThrownBy(() -> MessageHeader.decode(header.flip()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPeerThatIsGoneEndsWaitsAtOnce() throws Exception {
    List<SparkTransport> ranks = connect(Map.of(), 2);
    long start = System.nanoTime();
    ranks.get(1).close();
    assertThatThrownBy(() -> ranks.get(0).receive(1, FIRST, TIMEOUT, message -> {}))
        .isInstanceOf(CollectiveException.class)
        .hasMessageContaining("Cannot reach rank 1: its connection has ended");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(TIMEOUT);
  }

  @Test
  void anAbortReachesPeersWithItsReason() throws Exception {
    List<SparkTransport> ranks = connect(Map.of(), 3);
    ranks.get(1).abort("out of luck");
    assertThatThrownBy(() -> ranks.get(0).receive(2, FIRST, TIMEOUT, message -> {}))
        .isInstanceOf(CollectiveException.class)
        .hasMessage("rank 1 aborted: out of luck");
    assertThatThrownBy(() -> ranks.get(1).flush(TIMEOUT)).hasMessage("out of luck");
  }

  @Test
  void aLateMessageIsATimeout() throws Exception {
    List<SparkTransport> ranks = connect(Map.of(), 2);
    assertThatThrownBy(() -> ranks.get(0).receive(1, FIRST, Duration.ofMillis(20), message -> {}))
        .isInstanceOf(TimeoutException.class);
    carries(ranks);
  }

  private static void carries(List<SparkTransport> ranks) throws TimeoutException {
    ByteBuffer text = StandardCharsets.UTF_8.encode("still here");
    ranks.get(1).send(0, FIRST, text.duplicate());
    ranks.get(0).receive(1, FIRST, TIMEOUT, message -> assertThat(message).isEqualTo(text));
  }

  private List<SparkTransport> connect(Map<String, String> conf, int worldSize) {
    List<SparkTransport> ranks = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      ranks.add(listen(conf, 1, rank, worldSize));
    }
    List<RankAddress> addresses = ranks.stream().map(rank -> rank.address("1")).toList();
    ranks.forEach(rank -> rank.connect(addresses, TIMEOUT));
    return ranks;
  }

  private SparkTransport listen(Map<String, String> conf, long attempt, int rank) {
    return listen(conf, attempt, rank, 2);
  }

  private SparkTransport listen(Map<String, String> conf, long attempt, int rank, int worldSize) {
    SparkTransport transport = SparkTransport.listen(settings(conf), attempt, rank, worldSize);
    open.add(transport);
    return transport;
  }

  private static TransportSettings settings(Map<String, String> entries) {
    SparkConf conf = new SparkConf(false).set("spark.app.id", "application");
    entries.forEach(conf::set);
    SecurityManager security =
        new SecurityManager(
            conf, Option.empty(), SecurityManager$.MODULE$.$lessinit$greater$default$3());
    return new TransportSettings(conf, security, "127.0.0.1", "127.0.0.1", 0);
  }

  private static ByteBuffer random(int bytes, long seed) {
    byte[] content = new byte[bytes];
    new Random(seed).nextBytes(content);
    return ByteBuffer.wrap(content);
  }
}
