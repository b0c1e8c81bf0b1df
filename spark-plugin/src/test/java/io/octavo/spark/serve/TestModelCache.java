package io.octavo.spark.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.golden.GoldenFiles;
import io.octavo.kernel.Placement;
import io.octavo.serve.ServedModel;
import io.octavo.spark.OctavoConf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestModelCache {

  @TempDir static Path directory;

  private static Path wiki;

  private final ModelCache cache = new ModelCache();

  @BeforeAll
  static void unpack() {
    wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
  }

  @AfterEach
  void close() {
    cache.close();
  }

  private static OctavoConf conf(String memory, String timeout) {
    return OctavoConf.of(
        new SparkConf(false)
            .set("spark.octavo.backend", "cpu")
            .set("spark.octavo.serve.memory", memory)
            .set("spark.octavo.serve.memoryTimeout", timeout)
            .set("spark.octavo.serve.cacheMemory", "8m"));
  }

  private Lent lend(String memory, Path... models) {
    return lend(conf(memory, "300s"), models);
  }

  private Lent lend(OctavoConf conf, Path... models) {
    Set<String> paths =
        Stream.of(models).map(Path::toString).collect(Collectors.toCollection(LinkedHashSet::new));
    return new Lent(
        cache.lend(paths, conf, new Configuration(false), Placement.ofThreads(1)),
        models[0].toString());
  }

  /** A lease of one model, or the first of several. */
  private record Lent(ModelCache.Lease lease, String path) implements AutoCloseable {
    ServedModel model() {
      return lease.model(path);
    }

    @Override
    public void close() {
      lease.close();
    }
  }

  private static Path copy(String name) throws IOException {
    Path copy = Files.createDirectories(directory.resolve(name));
    try (Stream<Path> files = Files.list(wiki)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private String roomFor(double models) {
    try (Lent lease = lend("1g", wiki)) {
      return (long) (lease.model().bytes() * models) + "b";
    }
  }

  @Test
  void loadsAModelOnceForAllWhoWait() {
    List<CompletableFuture<Lent>> leases =
        IntStream.range(0, 6)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> lend("1g", wiki)))
            .toList();
    assertThat(leases.stream().map(lease -> lease.join().model()).distinct()).hasSize(1);
    leases.forEach(lease -> lease.join().close());
    assertThat(cache.size()).isEqualTo(1);
  }

  @Test
  void givesBackWhatNobodyUsesWhenMemoryIsWanted() throws IOException {
    String room = roomFor(2.5);
    Path second = copy("second");
    Path third = copy("third");
    ServedModel first;
    try (Lent lease = lend(room, wiki)) {
      first = lease.model();
    }
    lend(room, second).close();
    try (Lent again = lend(room, wiki)) {
      assertThat(again.model()).isSameAs(first);
    }
    lend(room, third).close();
    assertThat(cache.size()).isEqualTo(2);
    try (Lent again = lend(room, wiki)) {
      assertThat(again.model()).as("the second was the longest unused").isSameAs(first);
    }
  }

  @Test
  void waitsForModelsInUse() throws Exception {
    String room = roomFor(1.5);
    Path other = copy("waiting");
    Lent first = lend(room, wiki);
    CompletableFuture<Lent> second = CompletableFuture.supplyAsync(() -> lend(room, other));
    assertThatThrownBy(() -> second.get(300, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    assertThat(first.model().serving()).isTrue();
    first.close();
    try (Lent lease = second.join()) {
      assertThat(lease.model().serving()).isTrue();
      assertThat(cache.size()).isEqualTo(1);
    }
  }

  @Test
  void saysWhoIsInTheWayOfAModelThatWaitsTooLong() throws IOException {
    String room = roomFor(1.5);
    Path other = copy("late");
    OctavoConf impatient = conf(room, "200ms");
    Lent first = lend(impatient, wiki);
    assertThatThrownBy(() -> lend(impatient, other))
        .hasMessageContaining("late")
        .hasMessageContaining("taken by models in use (file:" + wiki + ")")
        .hasMessageContaining("spark.octavo.serve.memoryTimeout");
    first.close();
  }

  @Test
  void lendsAllModelsOfATaskOrNone() throws Exception {
    String room = roomFor(2.5);
    Path second = copy("pair");
    Path third = copy("triple");
    List<CompletableFuture<Void>> tasks = new ArrayList<>();
    for (Path[] pair : new Path[][] {{wiki, second}, {second, third}, {third, wiki}}) {
      for (int i = 0; i < 2; i++) {
        tasks.add(CompletableFuture.runAsync(() -> lend(room, pair).close()));
      }
    }
    tasks.forEach(CompletableFuture::join);
    assertThatThrownBy(() -> lend(room, wiki, second, third))
        .hasMessageContaining("triple")
        .hasMessageContaining("spark.octavo.serve.memory allows");
  }

  @Test
  void knowsAModelByWhatItsFilesContain() throws IOException {
    Path changing = copy("changing");
    Path config = changing.resolve("config.json");
    try (Lent first = lend("1g", changing)) {
      Files.setLastModifiedTime(config, FileTime.fromMillis(1_000_000));
      Files.writeString(changing.resolve("README.md"), "of no account");
      try (Lent same = lend("1g", changing)) {
        assertThat(same.model()).isSameAs(first.model());
      }
      Files.writeString(config, Files.readString(config).replace("4096", "4096 "));
      try (Lent other = lend("1g", changing)) {
        assertThat(other.model()).isNotSameAs(first.model());
      }
    }
  }

  @Test
  void loadsAModelAnewWhoseEngineHasDied() {
    Lent first = lend("1g", wiki);
    first.model().close();
    assertThat(first.model().serving()).isFalse();
    try (Lent second = lend("1g", wiki)) {
      assertThat(second.model().serving()).isTrue();
    }
    first.close();
    assertThat(cache.size()).isEqualTo(1);
  }

  @Test
  void refusesAModelThatIsTooLargeBeforeItIsLoaded() throws IOException {
    Path broken = copy("unread");
    Path shard = broken.resolve("model-00002-of-00002.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    // Not a number: loading would say so.
    java.util.Arrays.fill(bytes, bytes.length - 4000, bytes.length, (byte) -1);
    Files.write(shard, bytes);
    assertThatThrownBy(() -> lend("10m", broken))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "(?s).*3\\d,\\d{3},\\d{3} bytes with caches are needed, spark.octavo.serve.memory allows 10,485,760; raise that.*");
    assertThatThrownBy(() -> lend("1g", broken)).hasMessageContaining("Cannot serve model");
    assertThat(cache.size()).isZero();
  }

  @Test
  void refusesWeightsThatTheHeapHasNoPlaceFor() {
    CachedModel.requireHeap(1 << 30, 1 << 30);
    assertThatThrownBy(() -> CachedModel.requireHeap(3L << 30, 1 << 30))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3,221,225,472 bytes of the Java heap")
        .hasMessageContaining("which has 1,073,741,824; raise spark.executor.memory");
  }

  @Test
  void refusesWhatTheDeviceHasNoPlaceFor() {
    CachedModel.requireFree(1 << 30, 1 << 30, "a device");
    assertThatThrownBy(() -> CachedModel.requireFree(3L << 30, 1 << 30, "a device"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3,221,225,472 bytes with its cache, 1,073,741,824 are free on a")
        .hasMessageContaining("lower spark.octavo.serve.cacheMemory");
  }

  @Test
  void failsOnWeightsThatAreNotSound() throws IOException {
    Path broken = copy("broken");
    Path shard = broken.resolve("model-00002-of-00002.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, java.util.Arrays.copyOf(bytes, bytes.length - 100));
    assertThatThrownBy(() -> lend("1g", broken)).hasMessageContaining("00002");
  }
}
