package io.octavo.layout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.format.CorruptDataException;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.WeightIndex;
import io.octavo.tensor.HostWeight;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;

/**
 * Writes a model directory shard by shard, so that several processes can each write some: {@link
 * #shard} anywhere, {@link #finish} once, when all are there.
 */
public final class ModelDirectoryWriter {

  private static final Map<String, String> METADATA = Map.of("format", "pt");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final Configuration hadoop;
  private final PublishedLayout layout;

  /** A writer into a directory that is made where it is not there. */
  public ModelDirectoryWriter(Path directory, Configuration hadoop, PublishedLayout layout) {
    this.directory = directory;
    this.hadoop = hadoop;
    this.layout = layout;
  }

  /** Name of a shard. */
  public static String shardName(int shard, int shards) {
    return "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards);
  }

  /** Gives the contents of the weights of a shard, in their order. */
  @FunctionalInterface
  public interface Contents {
    void writeTo(ShardWriter shard);
  }

  /** Takes weights in the order of their plans. */
  public static final class ShardWriter {
    private final SafetensorsWriter file;

    private ShardWriter(SafetensorsWriter file) {
      this.file = file;
    }

    /** The next weight from numbers, rounded to its type. */
    public void numbers(FloatBuffer values) {
      file.writeFloats(values);
    }

    /** The next weight from codes and scales. */
    public void codes(HostWeight weight) {
      WeightTensors.write(weight, file);
    }
  }

  /**
   * Writes a shard. It has its name only when it is whole: a task that is tried again, or twice at
   * once, leaves one good file.
   *
   * @param attempt names the try
   */
  public void shard(String name, String attempt, List<WeightPlan> plans, Contents contents) {
    Path unfinished = new Path(directory, "." + name + "." + attempt);
    Path finished = new Path(directory, name);
    List<SafetensorsWriter.Declaration> declarations =
        plans.stream().flatMap(plan -> plan.declarations(layout).stream()).toList();
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(unfinished, hadoop, declarations, METADATA)) {
      contents.writeTo(new ShardWriter(writer));
    }
    try {
      FileSystem files = directory.getFileSystem(hadoop);
      files.delete(finished, false);
      if (!files.rename(unfinished, finished)) {
        throw new IOException("the file system did not rename " + unfinished);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + finished + ": " + e.getMessage(), e);
    }
  }

  /**
   * Writes index and config, and copies what else the source has: tokenizer, generation settings.
   *
   * @param shards plans of every shard by its name
   * @param linears names of the weights that are linear layers
   */
  public void finish(Path source, Map<String, List<WeightPlan>> shards, List<String> linears) {
    DirectoryText target = new DirectoryText(directory, hadoop);
    WeightIndex index = new WeightIndex();
    shards.forEach(
        (name, plans) ->
            plans.forEach(plan -> plan.declarations(layout).forEach(one -> index.add(one, name))));
    index.write(directory, hadoop);
    copyOthers(source);
    target.write(
        DirectoryText.CONFIG,
        config(new DirectoryText(source, hadoop).config(), shards, linears)
            .getBytes(StandardCharsets.UTF_8));
  }

  private String config(
      String sourceConfig, Map<String, List<WeightPlan>> shards, List<String> linears) {
    try {
      ObjectNode root = (ObjectNode) JSON.readTree(sourceConfig);
      root.remove("quantization_config");
      List<WeightPlan> plans =
          shards.values().stream()
              .flatMap(List::stream)
              .filter(plan -> linears.contains(plan.name()))
              .toList();
      if (plans.stream().anyMatch(plan -> plan.scheme().weight().isPresent())) {
        root.set("quantization_config", QuantizationJson.of(plans, layout));
      }
      return root.toPrettyString() + "\n";
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read config.json: not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private void copyOthers(Path source) {
    try {
      FileSystem from = source.getFileSystem(hadoop);
      FileSystem to = directory.getFileSystem(hadoop);
      for (FileStatus status : from.listStatus(source)) {
        String name = status.getPath().getName();
        boolean weights = name.endsWith(".safetensors") || name.endsWith(".safetensors.index.json");
        if (status.isFile() && !weights && !name.equals(DirectoryText.CONFIG)) {
          FileUtil.copy(from, status.getPath(), to, new Path(directory, name), false, true, hadoop);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot copy %s to %s: %s".formatted(source, directory, e.getMessage()), e);
    }
  }
}
