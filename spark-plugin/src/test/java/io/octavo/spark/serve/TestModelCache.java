package io.octavo.spark.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.golden.GoldenFiles;
import io.octavo.spark.OctavoConf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

  private static OctavoConf conf(String memory) {
    return OctavoConf.of(
        new SparkConf(false)
            .set("spark.octavo.backend", "cpu")
            .set("spark.octavo.serve.memory", memory)
            .set("spark.octavo.serve.cacheMemory", "8m"));
  }

  private ModelCache.Lease lend(Path model, String memory) {
    return cache.lend(model.toString(), conf(memory), new Configuration(false), 1, "0");
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

  @Test
  void loadsAModelOnceForAllWhoWait() {
    List<CompletableFuture<ModelCache.Lease>> leases =
        IntStream.range(0, 6)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> lend(wiki, "1g")))
            .toList();
    assertThat(leases.stream().map(lease -> lease.join().model()).distinct()).hasSize(1);
    leases.forEach(lease -> lease.join().close());
    assertThat(cache.size()).isEqualTo(1);
  }

  @Test
  void givesBackWhatNobodyUsesWhenMemoryIsWanted() throws IOException {
    Path other = copy("other");
    long bytes;
    try (ModelCache.Lease lease = lend(wiki, "1g")) {
      bytes = lease.model().bytes();
    }
    String room = bytes * 3 / 2 + "b";
    try (ModelCache.Lease lease = lend(other, room)) {
      assertThat(cache.size()).isEqualTo(1);
      try (ModelCache.Lease both = lend(wiki, room)) {
        assertThat(both.model()).isNotSameAs(lease.model());
        assertThat(cache.size()).as("both are in use").isEqualTo(2);
      }
    }
  }

  @Test
  void loadsAModelAgainWhenItsFilesHaveChanged() throws IOException {
    Path changing = copy("changing");
    try (ModelCache.Lease first = lend(changing, "1g")) {
      Files.setLastModifiedTime(changing.resolve("config.json"), FileTime.fromMillis(1_000_000));
      try (ModelCache.Lease second = lend(changing, "1g")) {
        assertThat(second.model()).isNotSameAs(first.model());
      }
    }
  }

  @Test
  void refusesAModelThatIsTooLargeWithTheNumbers() {
    assertThatThrownBy(() -> lend(wiki, "10m"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("spark.octavo.serve.memory allows 10,485,760");
    assertThatThrownBy(() -> lend(wiki, "10m")).hasMessageContaining("allows 10,485,760");
    assertThat(cache.size()).isZero();
  }

  @Test
  void failsOnWeightsThatAreNotSound() throws IOException {
    Path broken = copy("broken");
    Path shard = broken.resolve("model-00002-of-00002.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, java.util.Arrays.copyOf(bytes, bytes.length - 100));
    assertThatThrownBy(() -> lend(broken, "1g")).hasMessageContaining("00002");
  }
}
