package io.octavo.checkpoint;

import io.octavo.format.CorruptDataException;
import io.octavo.kernel.Backend;
import io.octavo.safetensors.SafetensorsFile;
import io.octavo.safetensors.TensorEntry;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import io.octavo.train.StateShard;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.apache.hadoop.fs.Path;

/** One whole checkpoint. */
public final class Checkpoint {

  private final CheckpointDirectory directory;
  private final CheckpointManifest manifest;

  Checkpoint(CheckpointDirectory directory, CheckpointManifest manifest) {
    this.directory = directory;
    this.manifest = manifest;
  }

  public CheckpointManifest manifest() {
    return manifest;
  }

  /**
   * Fills shards of any number of ranks.
   *
   * @throws CorruptDataException where the checkpoint does not hold all of a shard, or holds it
   *     with another length or type
   */
  public void restore(List<StateShard> shards, Backend backend) {
    long[] filled = new long[shards.size()];
    for (CheckpointManifest.RankFile file : manifest.files()) {
      Path path = new Path(directory.step(manifest.step()), file.name());
      try (SafetensorsFile source = SafetensorsFile.open(path, directory.hadoop())) {
        for (int i = 0; i < filled.length; i++) {
          filled[i] += copy(source, shards.get(i), backend);
        }
      }
    }
    for (int i = 0; i < filled.length; i++) {
      StateShard shard = shards.get(i);
      boolean may = shard.need() == StateShard.Need.OPTIONAL && filled[i] == 0;
      if (filled[i] != shard.values().elements() && !may) {
        throw new CorruptDataException(
            "Cannot resume from step %d: checkpoint holds %d of %d elements of %s; it is of another model or other optimizerStates: choose another checkpointPath, or set resume to never"
                .formatted(manifest.step(), filled[i], shard.values().elements(), shard.name()));
      }
    }
  }

  /** Copies what a file has of a shard; returns the number of elements. */
  private long copy(SafetensorsFile source, StateShard shard, Backend backend) {
    String place = source.metadata().get(shard.name());
    if (place == null) {
      return 0;
    }
    TensorEntry entry = source.entry(shard.name());
    String[] numbers = place.split("/");
    long offset = Long.parseLong(numbers[0]);
    long whole = Long.parseLong(numbers[1]);
    if (whole != shard.wholeElements() || !entry.type().name().equals(typeOf(shard.values()))) {
      throw new CorruptDataException(
          "Cannot resume from step %d: %s is %d of %s in the checkpoint, %d of %s in this model"
              .formatted(
                  manifest.step(),
                  shard.name(),
                  whole,
                  entry.type(),
                  shard.wholeElements(),
                  typeOf(shard.values())));
    }
    long from = Math.max(offset, shard.offset());
    long to = Math.min(offset + entry.elements(), shard.offset() + shard.values().elements());
    if (from >= to) {
      return 0;
    }
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(entry.type().bytes(to - from)))
            .order(ByteOrder.nativeOrder());
    source.read(entry, entry.type().bytes(from - offset), bytes);
    bytes.flip();
    backend.upload(bytes, shard.values().range(from - shard.offset(), to - shard.offset()));
    return to - from;
  }

  /** The type of a tensor in safetensors' terms. */
  static String typeOf(Tensor tensor) {
    return tensor.type() == DataType.U8 ? "U8" : tensor.type().name();
  }
}
