package io.octavo.spark;

import io.octavo.kernel.CacheFormat;
import io.octavo.serve.EngineConfig;
import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.JavaUtils;

/**
 * The settings {@code spark.octavo.*} of a cluster: how ranks are run, watched and connected. The
 * only reader of their strings. What describes an experiment is no setting but a parameter of the
 * estimator; a parameter given there comes first, then these, then the defaults below.
 *
 * @param backend name of the device that computes, or auto
 * @param heartbeatInterval how often a rank reports
 * @param heartbeatTimeout longest time without progress of a rank
 * @param firstStepTimeout longest time without progress before an attempt's first step is done
 * @param maxRestarts attempts in a row that may fail without a new checkpoint
 * @param slotTimeout longest wait for task slots before an attempt
 * @param transportTimeout longest wait of a rank for one message of another
 * @param transportPort where executors listen for peers; 0 for any free port
 * @param serve how executors serve models
 */
public record OctavoConf(
    String backend,
    Duration heartbeatInterval,
    Duration heartbeatTimeout,
    Duration firstStepTimeout,
    int maxRestarts,
    Duration slotTimeout,
    Duration transportTimeout,
    int transportPort,
    ServeSettings serve)
    implements Serializable {

  private static final String PREFIX = "spark.octavo.";

  /** Settings of Spark's network library for our connections; Spark reads them itself. */
  private static final String NETWORK_PREFIX = PREFIX + "io.";

  private static final Set<String> BACKENDS = Set.of("auto", "cuda", "cpu", "reference");

  private static final ConfKey<String> BACKEND =
      new ConfKey<>(
          PREFIX + "backend",
          "string",
          "auto",
          "auto, cuda, cpu or reference",
          "Device that computes; auto takes a GPU where an executor has one. A device asked for by"
              + " name is never replaced by another.",
          text -> Optional.of(text).filter(BACKENDS::contains));

  private static final ConfKey<Duration> HEARTBEAT_INTERVAL =
      time("training.heartbeatInterval", "2s", "How often a rank reports to the driver.");

  private static final ConfKey<Duration> HEARTBEAT_TIMEOUT =
      time(
          "training.heartbeatTimeout",
          "300s",
          "A rank that makes no progress for so long is named, and training starts again from the"
              + " last checkpoint.");

  private static final ConfKey<Duration> FIRST_STEP_TIMEOUT =
      time(
          "training.firstStepTimeout",
          "900s",
          "As heartbeatTimeout, until an attempt has done its first step: data are shuffled and"
              + " checkpoints read in that time.");

  private static final ConfKey<Integer> MAX_RESTARTS =
      integer(
          "training.maxRestarts",
          "3",
          0,
          1000,
          "Attempts in a row that may fail without a new checkpoint before training gives up.");

  private static final ConfKey<Duration> SLOT_TIMEOUT =
      time(
          "training.slotTimeout",
          "300s",
          "Longest wait for as many task slots as there are ranks, such as for a lost executor to"
              + " come back.");

  private static final ConfKey<Duration> TRANSPORT_TIMEOUT =
      time(
          "transport.timeout",
          "600s",
          "Longest wait of a rank for one message of another; the driver's heartbeatTimeout should"
              + " be shorter.");

  private static final ConfKey<Integer> TRANSPORT_PORT =
      integer(
          "transport.port",
          "0",
          0,
          65535,
          "Port where an executor listens for its peers; 0 takes any that is free.");

  private static final ConfKey<Long> SERVE_MEMORY =
      bytes(
          "serve.memory",
          "4g",
          "Memory that served models and their caches may take together in an executor, those in"
              + " use too; models that nobody uses make room for others. Weights lie in the Java"
              + " heap where the CPU computes.");

  private static final ConfKey<Duration> SERVE_MEMORY_TIMEOUT =
      time(
          "serve.memoryTimeout",
          "300s",
          "Longest wait of a task for models in use to leave room for another.");

  private static final ConfKey<Long> CACHE_MEMORY =
      bytes("serve.cacheMemory", "512m", "Memory for keys and values of a served model.");

  private static final ConfKey<CacheFormat> CACHE_FORMAT =
      new ConfKey<>(
          PREFIX + "serve.cacheFormat",
          "string",
          "fp16",
          "fp16, fp8 or int4",
          "How keys and values are stored: fp8 and int4 hold more tokens and change results a"
              + " little.",
          text ->
              Arrays.stream(CacheFormat.values())
                  .filter(format -> format.name().toLowerCase(Locale.ROOT).equals(text))
                  .findFirst());

  private static final ConfKey<Integer> MAX_BATCH =
      integer("serve.maxBatch", "64", 1, 65_536, "Sequences that a model continues at once.");

  private static final ConfKey<Integer> PREFILL_CHUNK =
      integer(
          "serve.prefillChunk",
          "256",
          1,
          1 << 20,
          "Tokens of new texts that a model reads between two tokens of those it continues.");

  private static final ConfKey<Integer> MAX_QUEUED =
      integer(
          "serve.maxQueued",
          "4096",
          1,
          1 << 24,
          "Rows that wait for a model or are with it; tasks with more rows wait with them.");

  private static final List<ConfKey<?>> KEYS =
      List.of(
          BACKEND,
          HEARTBEAT_INTERVAL,
          HEARTBEAT_TIMEOUT,
          FIRST_STEP_TIMEOUT,
          MAX_RESTARTS,
          SLOT_TIMEOUT,
          TRANSPORT_TIMEOUT,
          TRANSPORT_PORT,
          SERVE_MEMORY,
          SERVE_MEMORY_TIMEOUT,
          CACHE_MEMORY,
          CACHE_FORMAT,
          MAX_BATCH,
          PREFILL_CHUNK,
          MAX_QUEUED);

  /**
   * The settings in {@code conf}.
   *
   * @throws IllegalArgumentException for a value that is not allowed, or a key there is not
   */
  public static OctavoConf of(SparkConf conf) {
    rejectUnknown(conf);
    return new OctavoConf(
        BACKEND.read(conf),
        HEARTBEAT_INTERVAL.read(conf),
        HEARTBEAT_TIMEOUT.read(conf),
        FIRST_STEP_TIMEOUT.read(conf),
        MAX_RESTARTS.read(conf),
        SLOT_TIMEOUT.read(conf),
        TRANSPORT_TIMEOUT.read(conf),
        TRANSPORT_PORT.read(conf),
        serve(conf));
  }

  private static ServeSettings serve(SparkConf conf) {
    return new ServeSettings(
        SERVE_MEMORY.read(conf),
        SERVE_MEMORY_TIMEOUT.read(conf),
        new EngineConfig(
            CACHE_MEMORY.read(conf),
            CACHE_FORMAT.read(conf),
            MAX_BATCH.read(conf),
            PREFILL_CHUNK.read(conf),
            MAX_QUEUED.read(conf)));
  }

  /** All settings as a table in Markdown. */
  static String table() {
    return KEYS.stream()
        .map(ConfKey::row)
        .collect(
            Collectors.joining(
                "\n", "| key | type | default | meaning |\n|---|---|---|---|\n", "\n"));
  }

  private static void rejectUnknown(SparkConf conf) {
    Set<String> known = KEYS.stream().map(ConfKey::name).collect(Collectors.toSet());
    List<String> unknown =
        Arrays.stream(conf.getAllWithPrefix(PREFIX))
            .map(entry -> PREFIX + entry._1())
            .filter(key -> !known.contains(key) && !key.startsWith(NETWORK_PREFIX))
            .sorted()
            .toList();
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "Invalid settings: %s (expected %s)"
              .formatted(
                  String.join(", ", unknown),
                  known.stream().sorted().collect(Collectors.joining(", "))));
    }
  }

  private static ConfKey<Duration> time(String name, String defaultText, String doc) {
    return checked(
        name,
        "time",
        defaultText,
        "more than 0, such as 500ms, 90s or 5m",
        doc,
        text -> Duration.ofMillis(JavaUtils.timeStringAsMs(text)),
        duration -> duration.toMillis() > 0);
  }

  private static ConfKey<Long> bytes(String name, String defaultText, String doc) {
    return checked(
        name,
        "bytes",
        defaultText,
        "more than 0, such as 512m or 4g",
        doc,
        JavaUtils::byteStringAsBytes,
        value -> value > 0);
  }

  private static ConfKey<Integer> integer(
      String name, String defaultText, int least, int most, String doc) {
    return checked(
        name,
        "int",
        defaultText,
        least + " to " + most,
        doc,
        Integer::valueOf,
        value -> value >= least && value <= most);
  }

  private static <T> ConfKey<T> checked(
      String name,
      String type,
      String defaultText,
      String expected,
      String doc,
      Function<String, T> parser,
      Predicate<T> allowed) {
    return new ConfKey<>(
        PREFIX + name,
        type,
        defaultText,
        expected,
        doc,
        text -> Optional.of(parser.apply(text)).filter(allowed));
  }
}
