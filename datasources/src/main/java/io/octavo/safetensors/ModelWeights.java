package io.octavo.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The weights of a Hugging Face directory: {@code model.safetensors}, or shards that {@code
 * model.safetensors.index.json} names.
 */
public final class ModelWeights implements AutoCloseable {

  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";
  private static final long MAX_INDEX = 64L << 20;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private final Path directory;
  private final Map<String, SafetensorsFile> files = new LinkedHashMap<>();
  private final Map<String, SafetensorsFile> fileOf = new LinkedHashMap<>();

  private ModelWeights(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens a directory.
   *
   * @throws IllegalArgumentException where it holds no weights
   * @throws CorruptDataException where index and shards disagree or a file is not sound
   */
  public static ModelWeights open(Path directory, Configuration hadoop) {
    ModelWeights weights = new ModelWeights(directory);
    try {
      FileSystem system = directory.getFileSystem(hadoop);
      if (system.exists(new Path(directory, INDEX))) {
        weights.openShards(system, hadoop);
      } else if (system.exists(new Path(directory, SINGLE))) {
        weights.openFile(SINGLE, hadoop).entries().forEach(entry -> weights.own(entry, SINGLE));
      } else {
        throw new IllegalArgumentException(
            "Cannot load model from %s: it has neither %s nor %s"
                .formatted(directory, SINGLE, INDEX));
      }
      return weights;
    } catch (IOException e) {
      weights.close();
      throw new UncheckedIOException("Cannot read " + directory + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private void openShards(FileSystem system, Configuration hadoop) throws IOException {
    JsonNode map = index(system).path("weight_map");
    if (!map.isObject()) {
      throw corrupt("it has no weight_map");
    }
    Map<String, String> named = new LinkedHashMap<>();
    map.properties().forEach(field -> named.put(field.getKey(), shardName(field.getValue())));
    for (String shard : new LinkedHashSet<>(named.values())) {
      for (TensorEntry entry : openFile(shard, hadoop).entries()) {
        if (!shard.equals(named.get(entry.name()))) {
          throw corrupt(
              "tensor %s is in %s but not there in the index".formatted(entry.name(), shard));
        }
        own(entry, shard);
      }
    }
    named.forEach(
        (name, shard) -> {
          if (!fileOf.containsKey(name)) {
            throw corrupt("tensor %s is not in %s".formatted(name, shard));
          }
        });
  }

  private JsonNode index(FileSystem system) throws IOException {
    Path path = new Path(directory, INDEX);
    long length = system.getFileStatus(path).getLen();
    if (length > MAX_INDEX) {
      throw corrupt("it has %d bytes (limit %d)".formatted(length, MAX_INDEX));
    }
    try (var in = system.open(path)) {
      return JSON.readTree(in.readNBytes((int) length));
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read index of %s: not valid JSON: %s"
              .formatted(directory, e.getOriginalMessage()),
          e);
    }
  }

  /** A plain file name: an index must not lead out of its directory. */
  private String shardName(JsonNode value) {
    String name = value.asText();
    if (!value.isTextual() || !name.matches("[A-Za-z0-9._-]+") || name.startsWith(".")) {
      throw corrupt("it names shard %s (expected a file name in the directory)".formatted(value));
    }
    return name;
  }

  private CorruptDataException corrupt(String why) {
    return new CorruptDataException("Cannot read index of %s: %s".formatted(directory, why));
  }

  private SafetensorsFile openFile(String name, Configuration hadoop) {
    SafetensorsFile file = SafetensorsFile.open(new Path(directory, name), hadoop);
    files.put(name, file);
    return file;
  }

  private void own(TensorEntry entry, String shard) {
    SafetensorsFile file = files.get(shard);
    if (file != null && fileOf.put(entry.name(), file) != null) {
      throw corrupt("tensor %s is in two shards".formatted(entry.name()));
    }
  }

  /** Names of all tensors. */
  public Set<String> names() {
    return Set.copyOf(fileOf.keySet());
  }

  /** Whether there is a tensor of this name. */
  public boolean has(String name) {
    return fileOf.containsKey(name);
  }

  /** Shape of a tensor. */
  public Shape shape(String name) {
    return file(name).entry(name).shape();
  }

  /** Stored type of a tensor. */
  public TensorType type(String name) {
    return file(name).entry(name).type();
  }

  /** Reads elements {@code [from, from + target.remaining())} of a tensor as F32. */
  public void read(String name, long from, FloatBuffer target) {
    SafetensorsFile file = file(name);
    file.readFloats(file.entry(name), from, target);
  }

  /** Reads bytes {@code [from, from + target.remaining())} of a tensor as they are stored. */
  public void readBytes(String name, long from, ByteBuffer target) {
    SafetensorsFile file = file(name);
    TensorEntry entry = file.entry(name);
    if (from < 0 || from + target.remaining() > entry.bytes()) {
      throw new IndexOutOfBoundsException(
          "Cannot read bytes [%d, %d) of tensor %s: it has %d"
              .formatted(from, from + target.remaining(), name, entry.bytes()));
    }
    file.read(entry, from, target);
  }

  private SafetensorsFile file(String name) {
    SafetensorsFile file = fileOf.get(name);
    if (file == null) {
      throw new IllegalArgumentException(
          "Cannot find tensor %s in %s: it has %d others"
              .formatted(name, directory, fileOf.size()));
    }
    return file;
  }

  @Override
  public void close() {
    files.values().forEach(SafetensorsFile::close);
  }
}
