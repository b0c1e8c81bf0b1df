package io.octavo.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** {@code model.safetensors.index.json}: which shard holds which tensor. */
public final class WeightIndex {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode map = JSON.createObjectNode();
  private long total;

  /** Adds a tensor. */
  public void add(SafetensorsWriter.Declaration tensor, String shard) {
    map.put(tensor.name(), shard);
    total += tensor.bytes();
  }

  /** Writes the file, replacing what is there. */
  public void write(Path directory, Configuration hadoop) {
    ObjectNode root = JSON.createObjectNode();
    root.putObject("metadata").put("total_size", total);
    root.set("weight_map", map);
    Path path = new Path(directory, ModelWeights.INDEX);
    try (var out = path.getFileSystem(hadoop).create(path, true)) {
      out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + path + ": " + e.getMessage(), e);
    }
  }
}
