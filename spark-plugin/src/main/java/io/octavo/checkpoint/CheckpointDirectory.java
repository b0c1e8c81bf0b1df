package io.octavo.checkpoint;

import io.octavo.checkpoint.CheckpointManifest.RankFile;
import io.octavo.format.CorruptDataException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The checkpoints of one run under one path. */
public final class CheckpointDirectory {

  static final String MANIFEST = "manifest.json";
  static final String LATEST = "latest";
  private static final Logger LOGGER = LoggerFactory.getLogger(CheckpointDirectory.class);
  private static final Pattern STEP = Pattern.compile("step-(\\d+)");

  private final Path root;
  private final FileSystem files;
  private final Configuration hadoop;

  public CheckpointDirectory(String path, Configuration hadoop) {
    this.hadoop = hadoop;
    try {
      Path given = new Path(path);
      this.files = given.getFileSystem(hadoop);
      this.root = files.makeQualified(given);
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "Cannot use checkpointPath %s: %s".formatted(path, e.getMessage()), e);
    }
  }

  /** The path, with its scheme. */
  public Path root() {
    return root;
  }

  FileSystem files() {
    return files;
  }

  Configuration hadoop() {
    return hadoop;
  }

  Path step(long step) {
    return new Path(root, "step-" + step);
  }

  Path temporary(long step, String attempt) {
    return new Path(root, "step-%d.%s.tmp".formatted(step, attempt));
  }

  /** Why nothing can be written here, in one sentence; empty where it can. */
  public Optional<String> problem() {
    Path probe = new Path(root, ".probe-" + UUID.randomUUID());
    try {
      files.mkdirs(root);
      files.create(probe, true).close();
      files.delete(probe, false);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          "checkpointPath %s cannot be written (%s): choose another checkpointPath"
              .formatted(root, e.getMessage()));
    }
  }

  /** Removes what dead attempts have left. Only for a moment when no rank is writing. */
  public void removeLeftovers() {
    for (FileStatus status : list()) {
      if (status.getPath().getName().endsWith(".tmp")) {
        delete(status.getPath());
      }
    }
  }

  /** The newest checkpoint that is whole; damaged ones are passed over with a warning. */
  public Optional<Checkpoint> latest() {
    for (long step : steps()) {
      try {
        return Optional.of(verified(step));
      } catch (CorruptDataException | IOException e) {
        LOGGER.warn("Checkpoint {} is passed over: {}", step(step), e.getMessage());
      }
    }
    return Optional.empty();
  }

  /**
   * The checkpoint after {@code step} steps, as {@link #latest} has found it.
   *
   * @throws CorruptDataException where it is not there or not whole
   */
  public Checkpoint at(long step) {
    try {
      return new Checkpoint(this, CheckpointManifest.parse(read(new Path(step(step), MANIFEST))));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read checkpoint " + step(step), e);
    }
  }

  private Checkpoint verified(long step) throws IOException {
    Path directory = step(step);
    CheckpointManifest manifest = CheckpointManifest.parse(read(new Path(directory, MANIFEST)));
    if (manifest.files().size() != manifest.worldSize() || manifest.step() != step) {
      throw new CorruptDataException("its manifest is of another checkpoint");
    }
    for (RankFile file : manifest.files()) {
      RankFile found = describe(new Path(directory, file.name()));
      if (!found.equals(file)) {
        throw new CorruptDataException("file %s is damaged".formatted(file.name()));
      }
    }
    return new Checkpoint(this, manifest);
  }

  RankFile describe(Path path) throws IOException {
    CRC32C checksum = new CRC32C();
    byte[] chunk = new byte[1 << 20];
    long bytes = 0;
    try (InputStream in = files.open(path)) {
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        checksum.update(chunk, 0, count);
        bytes += count;
      }
    }
    return new RankFile(path.getName(), bytes, checksum.getValue());
  }

  String read(Path path) throws IOException {
    try (InputStream in = files.open(path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** Writes a small file so that readers see the old or the new one whole. */
  void replace(Path path, String text) throws IOException {
    Path fresh = path.suffix(".new");
    try (var out = files.create(fresh, true)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    if (!files.rename(fresh, path)) {
      // Not every file system replaces by renaming.
      files.delete(path, false);
      files.rename(fresh, path);
    }
  }

  /** Steps of finished checkpoints, newest first. */
  public List<Long> steps() {
    List<Long> steps = new ArrayList<>();
    for (FileStatus status : list()) {
      Matcher matcher = STEP.matcher(status.getPath().getName());
      if (matcher.matches()) {
        steps.add(Long.parseLong(matcher.group(1)));
      }
    }
    steps.sort(Comparator.reverseOrder());
    return steps;
  }

  /** Removes every checkpoint: the run starts afresh. */
  public void removeAll() {
    steps().forEach(step -> delete(step(step)));
  }

  /**
   * Removes all but {@code keep} of those up to {@code newest}. What is newer was passed over when
   * the run resumed, so it must not count for the ones that are good.
   */
  void prune(long newest, int keep) {
    steps().stream().filter(step -> step <= newest).skip(keep).forEach(step -> delete(step(step)));
  }

  private FileStatus[] list() {
    try {
      return files.exists(root) ? files.listStatus(root) : new FileStatus[0];
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list checkpoints in " + root, e);
    }
  }

  private void delete(Path path) {
    try {
      files.delete(path, true);
    } catch (IOException e) {
      LOGGER.warn("Cannot remove {}: {}", path, e.getMessage());
    }
  }
}
