package io.octavo.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.CorruptDataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestCheckpoints {

  @TempDir Path directory;

  private CheckpointDirectory checkpoints;

  @BeforeEach
  void open() {
    checkpoints = at(directory);
  }

  private static CheckpointDirectory at(Path path) {
    return new CheckpointDirectory(path.toUri().toString(), new Configuration());
  }

  private static CheckpointWriter writer(
      CheckpointDirectory to, RankState state, int rank, int worldSize, int keep) {
    return new CheckpointWriter(to, state.backend(), rank, worldSize, "run-0", keep);
  }

  /** A checkpoint of all ranks. */
  private void write(long step, int worldSize, int salt, int keep) {
    List<RankState> states = new ArrayList<>();
    List<CheckpointWriter> writers = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      RankState state = new RankState(rank, worldSize);
      state.fill(salt);
      states.add(state);
      writers.add(writer(checkpoints, state, rank, worldSize, keep));
      writers.get(rank).write(step, state.shards(), Map.of("model", "{\"é\":1}"));
    }
    writers.forEach(CheckpointWriter::flush);
    writers.forEach(CheckpointWriter::close);
    states.forEach(RankState::close);
  }

  private static void assertRestores(Checkpoint checkpoint, int worldSize, int salt) {
    for (int rank = 0; rank < worldSize; rank++) {
      try (RankState state = new RankState(rank, worldSize)) {
        checkpoint.restore(state.shards(), state.backend());
        assertThat(state.holds(salt)).as("rank %d of %d", rank, worldSize).isTrue();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,4", "2,3", "3,2", "4,1"})
  void anyNumberOfRanksReadsWhatAnyNumberWrote(int wrote, int reads) {
    write(7, wrote, 40, 2);
    Checkpoint checkpoint = checkpoints.latest().orElseThrow();

    assertThat(checkpoint.manifest().worldSize()).isEqualTo(wrote);
    assertThat(checkpoint.manifest().properties()).containsEntry("model", "{\"é\":1}");
    assertRestores(checkpoint, reads, 40);
  }

  @Test
  void theStepThreadGoesOnAndTheCheckpointIsThereOnlyWhenEveryRankHasWritten() {
    try (RankState zero = new RankState(0, 2);
        RankState one = new RankState(1, 2);
        CheckpointWriter first = writer(checkpoints, zero, 0, 2, 2);
        CheckpointWriter second = writer(checkpoints, one, 1, 2, 2)) {
      zero.fill(5);
      one.fill(5);
      // Rank 0 cannot publish before rank 1 has written: that this returns says it does not wait.
      first.write(3, zero.shards(), Map.of());
      zero.fill(6);
      assertThat(checkpoints.steps()).isEmpty();
      assertThat(checkpoints.latest()).isEmpty();

      second.write(3, one.shards(), Map.of());
      one.fill(6);
      first.flush();
      second.flush();
    }
    assertThat(checkpoints.steps()).containsExactly(3L);
    assertRestores(checkpoints.latest().orElseThrow(), 1, 5);
  }

  @Test
  void theNewestStayAndLatestNamesTheLast() throws IOException {
    for (int step = 1; step <= 5; step++) {
      write(step * 10L, 2, step, 3);
    }
    assertThat(checkpoints.steps()).containsExactly(50L, 40L, 30L);
    assertThat(Files.readString(directory.resolve("latest"))).isEqualTo("step-50");
    assertThat(names()).containsExactlyInAnyOrder("latest", "step-30", "step-40", "step-50");
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .toList();
    }
  }

  @Test
  void whatADeadAttemptHasLeftIsNoCheckpointAndGoes() throws IOException {
    write(10, 1, 1, 2);
    Files.createDirectories(directory.resolve("step-20.run-0.tmp"));
    assertThat(checkpoints.latest().orElseThrow().manifest().step()).isEqualTo(10);
    checkpoints.removeLeftovers();
    assertThat(names()).containsExactlyInAnyOrder("latest", "step-10");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"truncated", "flipped", "missing", "no manifest", "cut manifest", "other"})
  void aDamagedCheckpointIsPassedOverAndDoesNotPushOutGoodOnes(String how) throws IOException {
    write(10, 2, 1, 1);
    write(20, 2, 2, 2);
    damage(directory.resolve("step-20"), how);

    Checkpoint checkpoint = checkpoints.latest().orElseThrow();
    assertThat(checkpoint.manifest().step()).isEqualTo(10);
    write(15, 2, 3, 1);
    assertRestores(checkpoints.latest().orElseThrow(), 1, 3);
  }

  /** Without Hadoop's checksum files, which would find it first. */
  private static void damage(Path step, String how) throws IOException {
    Path file = step.resolve("rank-00001-of-00002.safetensors");
    Path manifest = step.resolve("manifest.json");
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(step.resolve(".rank-00001-of-00002.safetensors.crc"));
    Files.deleteIfExists(step.resolve(".manifest.json.crc"));
    switch (how) {
      case "truncated" -> Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
      case "flipped" -> {
        bytes[bytes.length - 100] ^= 1;
        Files.write(file, bytes);
      }
      case "missing" -> Files.delete(file);
      case "no manifest" -> Files.delete(manifest);
      case "cut manifest" ->
          Files.writeString(manifest, Files.readString(manifest).substring(0, 80));
      default ->
          Files.writeString(
              manifest, Files.readString(manifest).replace("\"step\" : 20", "\"step\" : 21"));
    }
  }

  @Test
  void theManifestSaysItsVersionAndAnotherIsRefused() throws IOException {
    write(10, 1, 1, 1);
    Path manifest = directory.resolve("step-10").resolve("manifest.json");
    String json = Files.readString(manifest);
    assertThat(json).contains("\"schemaVersion\" : 1");
    assertThatThrownBy(
            () ->
                CheckpointManifest.parse(
                    json.replace("\"schemaVersion\" : 1", "\"schemaVersion\" : 2")))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("schema version 2 (expected 1)");
    assertThat(CheckpointManifest.parse(json).toJson()).isEqualTo(json);
  }

  @Test
  void anotherModelsCheckpointIsRefusedWithTheSettingsToChange() {
    write(10, 1, 1, 1);
    try (RankState state = new RankState(0, 1)) {
      var other =
          state.shards().stream()
              .map(
                  shard ->
                      new io.octavo.train.StateShard(
                          "b/" + shard.name(),
                          shard.values(),
                          shard.offset(),
                          shard.wholeElements(),
                          shard.need()))
              .toList();
      Checkpoint checkpoint = checkpoints.latest().orElseThrow();
      assertThatThrownBy(() -> checkpoint.restore(other, state.backend()))
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining("choose another checkpointPath, or set resume to never");
    }
  }

  @Test
  void oneFailureIsReportedAndThreeInARowEndTheRun() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "in the way");
    CheckpointDirectory nowhere = at(file.resolve("below"));
    assertThat(nowhere.problem().orElseThrow()).contains("choose another checkpointPath");
    try (RankState state = new RankState(0, 1);
        CheckpointWriter writer = writer(nowhere, state, 0, 1, 2)) {
      writer.write(1, state.shards(), Map.of());
      writer.write(2, state.shards(), Map.of());
      writer.write(3, state.shards(), Map.of());
      assertThatThrownBy(writer::flush)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageStartingWith("Cannot write checkpoints to ")
          .hasMessageEndingWith("free space or choose another checkpointPath");
    }
  }
}
