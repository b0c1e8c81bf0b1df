package io.octavo.checkpoint;

import io.octavo.checkpoint.CheckpointManifest.RankFile;
import io.octavo.kernel.Backend;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.TensorType;
import io.octavo.train.StateShard;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes one rank's part of checkpoints. The step thread only copies the state; a thread of its own
 * writes the file, and on rank 0 waits for the others' files and publishes.
 */
public final class CheckpointWriter implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(CheckpointWriter.class);
  private static final Duration PUBLISH_DEADLINE = Duration.ofMinutes(10);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final int TOLERATED_FAILURES = 3;

  private final CheckpointDirectory directory;
  private final Backend backend;
  private final int rank;
  private final int worldSize;
  private final String attempt;
  private final int keep;
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "octavo-checkpoint");
            thread.setDaemon(true);
            return thread;
          });
  private final List<Future<?>> pending = new ArrayList<>();
  private int failuresInARow;

  /**
   * A writer for one rank.
   *
   * @param attempt tells apart what attempts leave; the same for all ranks of one
   * @param keep checkpoints that stay
   */
  public CheckpointWriter(
      CheckpointDirectory directory,
      Backend backend,
      int rank,
      int worldSize,
      String attempt,
      int keep) {
    this.directory = directory;
    this.backend = backend;
    this.rank = rank;
    this.worldSize = worldSize;
    this.attempt = attempt;
    this.keep = keep;
  }

  /**
   * Copies the state and returns; waits only where the previous checkpoint is still being written.
   *
   * @throws IllegalStateException after {@value #TOLERATED_FAILURES} checkpoints in a row that
   *     could not be written
   */
  public void write(long step, List<StateShard> shards, Map<String, String> properties) {
    flush();
    List<Copy> copies = shards.stream().map(this::copy).toList();
    pending.add(background.submit(() -> store(step, copies, properties)));
  }

  /** Waits until all that was begun is written. */
  public void flush() {
    for (Future<?> task : pending) {
      try {
        task.get();
        failuresInARow = 0;
      } catch (ExecutionException e) {
        failed(e.getCause() == null ? e : e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Cannot finish checkpoint: interrupted", e);
      }
    }
    pending.clear();
  }

  private void failed(Throwable cause) {
    failuresInARow++;
    LOGGER.warn(
        "Checkpoint was not written ({} in a row, {} end the run): {}",
        failuresInARow,
        TOLERATED_FAILURES,
        cause.toString());
    if (failuresInARow >= TOLERATED_FAILURES) {
      throw new IllegalStateException(
          "Cannot write checkpoints to %s: %s; free space or choose another checkpointPath"
              .formatted(directory.root(), cause.getMessage()),
          cause);
    }
  }

  /** A shard's numbers as they were. */
  private record Copy(StateShard shard, ByteBuffer bytes) {}

  private Copy copy(StateShard shard) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(shard.values().buffer().bytes()))
            .order(ByteOrder.nativeOrder());
    backend.download(shard.values(), bytes);
    return new Copy(shard, bytes);
  }

  private Void store(long step, List<Copy> copies, Map<String, String> properties)
      throws IOException, InterruptedException {
    Path temporary = directory.temporary(step, attempt);
    directory.files().mkdirs(temporary);
    RankFile written = storeRank(temporary, copies);
    directory.replace(
        new Path(temporary, written.name() + ".done"), written.bytes() + " " + written.checksum());
    if (rank == 0) {
      publish(step, temporary, properties);
    }
    return null;
  }

  private String fileName(int ofRank) {
    return "rank-%05d-of-%05d.safetensors".formatted(ofRank, worldSize);
  }

  private RankFile storeRank(Path temporary, List<Copy> copies) throws IOException {
    List<SafetensorsWriter.Declaration> declarations = new ArrayList<>();
    Map<String, String> places = new LinkedHashMap<>();
    for (Copy copy : copies) {
      StateShard shard = copy.shard();
      declarations.add(
          new SafetensorsWriter.Declaration(
              shard.name(),
              TensorType.of(Checkpoint.typeOf(shard.values())).orElseThrow(),
              shard.values().shape()));
      places.put(shard.name(), shard.offset() + "/" + shard.wholeElements());
    }
    String name = fileName(rank);
    CRC32C checksum = new CRC32C();
    OutputStream out =
        new CheckedOutputStream(
            directory.files().create(new Path(temporary, name), true), checksum);
    try (SafetensorsWriter writer = SafetensorsWriter.to(out, declarations, places)) {
      copies.forEach(copy -> writer.writeBytes(copy.bytes()));
    }
    long bytes = directory.files().getFileStatus(new Path(temporary, name)).getLen();
    return new RankFile(name, bytes, checksum.getValue());
  }

  private void publish(long step, Path temporary, Map<String, String> properties)
      throws IOException, InterruptedException {
    List<RankFile> files = new ArrayList<>();
    long deadline = System.nanoTime() + PUBLISH_DEADLINE.toNanos();
    for (int other = 0; other < worldSize; other++) {
      Path done = new Path(temporary, fileName(other) + ".done");
      while (!directory.files().exists(done)) {
        if (System.nanoTime() > deadline) {
          throw new IOException(
              "rank %d has not written its part of step %d within %s"
                  .formatted(other, step, PUBLISH_DEADLINE));
        }
        Thread.sleep(POLL.toMillis());
      }
      String[] numbers = directory.read(done).split(" ");
      files.add(
          new RankFile(fileName(other), Long.parseLong(numbers[0]), Long.parseLong(numbers[1])));
      directory.files().delete(done, false);
    }
    CheckpointManifest manifest = new CheckpointManifest(step, worldSize, properties, files);
    directory.replace(new Path(temporary, CheckpointDirectory.MANIFEST), manifest.toJson());
    Path target = directory.step(step);
    directory.files().delete(target, true);
    if (!directory.files().rename(temporary, target)) {
      throw new IOException("cannot rename %s to %s".formatted(temporary, target));
    }
    directory.replace(new Path(directory.root(), CheckpointDirectory.LATEST), target.getName());
    directory.prune(step, keep);
  }

  @Override
  public void close() {
    background.shutdownNow();
  }
}
