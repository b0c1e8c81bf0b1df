package io.octavo.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.format.CorruptDataException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a checkpoint consists of.
 *
 * @param step steps done
 * @param worldSize ranks that wrote it
 * @param properties what the run wants to know of itself: model, settings, data
 * @param files one a rank
 */
public record CheckpointManifest(
    long step, int worldSize, Map<String, String> properties, List<RankFile> files) {

  /** Version of the layout that this class writes and reads. */
  public static final int SCHEMA = 1;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A rank's file with its size and CRC-32C. */
  public record RankFile(String name, long bytes, long checksum) {}

  /** As JSON. */
  public String toJson() {
    ObjectNode root = JSON.createObjectNode();
    root.put("schemaVersion", SCHEMA);
    root.put("step", step);
    root.put("worldSize", worldSize);
    ObjectNode propertiesNode = root.putObject("properties");
    properties.forEach(propertiesNode::put);
    var list = root.putArray("files");
    for (RankFile file : files) {
      list.addObject()
          .put("name", file.name())
          .put("bytes", file.bytes())
          .put("crc32c", file.checksum());
    }
    return root.toPrettyString();
  }

  /**
   * From JSON.
   *
   * @throws CorruptDataException where it is not a manifest of this version
   */
  public static CheckpointManifest parse(String json) {
    try {
      JsonNode root = JSON.readTree(json);
      int schema = root.path("schemaVersion").asInt(-1);
      if (schema != SCHEMA) {
        throw new CorruptDataException(
            "Cannot read checkpoint: schema version %d (expected %d); resume with the version of Octavo that wrote it"
                .formatted(schema, SCHEMA));
      }
      Map<String, String> properties = new LinkedHashMap<>();
      root.path("properties")
          .properties()
          .forEach(field -> properties.put(field.getKey(), field.getValue().asText()));
      List<RankFile> files = new ArrayList<>();
      for (JsonNode file : root.path("files")) {
        files.add(
            new RankFile(
                file.path("name").asText(),
                file.path("bytes").asLong(-1),
                file.path("crc32c").asLong(-1)));
      }
      return new CheckpointManifest(
          root.path("step").asLong(-1), root.path("worldSize").asInt(-1), properties, files);
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read checkpoint manifest: not valid JSON: " + e.getOriginalMessage(), e);
    }
  }
}
