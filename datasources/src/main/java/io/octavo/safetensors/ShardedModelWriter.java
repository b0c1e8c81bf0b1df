package io.octavo.safetensors;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;

/**
 * Writes the weights of a model directory: one file where they fit, else shards with an index,
 * split between tensors in the order they come.
 */
public final class ShardedModelWriter implements AutoCloseable {

  private static final Map<String, String> METADATA = Map.of("format", "pt");

  private final Path directory;
  private final Configuration hadoop;
  private final List<List<SafetensorsWriter.Declaration>> shards = new ArrayList<>();
  private int shard = -1;
  private int inShard;
  private @Nullable SafetensorsWriter writer;

  /**
   * A writer of the declared tensors.
   *
   * @param maxShardBytes a shard is closed before it grows past this
   */
  public ShardedModelWriter(
      Path directory,
      Configuration hadoop,
      List<SafetensorsWriter.Declaration> declarations,
      long maxShardBytes) {
    this.directory = directory;
    this.hadoop = hadoop;
    long size = Long.MAX_VALUE;
    for (SafetensorsWriter.Declaration declaration : declarations) {
      if (size > maxShardBytes - declaration.bytes()) {
        shards.add(new ArrayList<>());
        size = 0;
      }
      shards.get(shards.size() - 1).add(declaration);
      size += declaration.bytes();
    }
  }

  /** Writes the next declared tensor from numbers, rounded to its type. */
  public void write(FloatBuffer values) {
    next().writeFloats(values);
  }

  /** Writes the next declared tensor from its bytes. */
  public void writeBytes(ByteBuffer bytes) {
    next().writeBytes(bytes);
  }

  private SafetensorsWriter next() {
    SafetensorsWriter current = writer;
    if (current == null || inShard == shards.get(shard).size()) {
      if (current != null) {
        current.close();
      }
      shard++;
      inShard = 0;
      current =
          SafetensorsWriter.create(
              new Path(directory, fileName(shard)), hadoop, shards.get(shard), METADATA);
      writer = current;
    }
    inShard++;
    return current;
  }

  private String fileName(int index) {
    return shards.size() == 1
        ? ModelWeights.SINGLE
        : "model-%05d-of-%05d.safetensors".formatted(index + 1, shards.size());
  }

  @Override
  public void close() {
    if (writer != null) {
      writer.close();
    }
    if (shards.size() > 1) {
      writeIndex();
    }
  }

  private void writeIndex() {
    WeightIndex index = new WeightIndex();
    for (int i = 0; i < shards.size(); i++) {
      for (SafetensorsWriter.Declaration declaration : shards.get(i)) {
        index.add(declaration, fileName(i));
      }
    }
    index.write(directory, hadoop);
  }
}
