package io.octavo.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Turns the header of a file into entries, or says what is wrong with it. */
final class HeaderParser {

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(8)
                          .maxNumberLength(20)
                          .maxStringLength(65_536)
                          .build())
                  .build())
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final int MAX_DIMENSIONS = 16;

  private final String file;
  private final long dataStart;
  private final long dataBytes;

  /**
   * A parser for one file.
   *
   * @param dataStart where the bytes of tensors start
   * @param dataBytes how many there are
   */
  HeaderParser(String file, long dataStart, long dataBytes) {
    this.file = file;
    this.dataStart = dataStart;
    this.dataBytes = dataBytes;
  }

  /** What a header holds. */
  record Header(Map<String, TensorEntry> tensors, Map<String, String> metadata) {}

  Header parse(byte[] header) {
    JsonNode root = json(header);
    if (!root.isObject()) {
      throw corrupt("its header is not a JSON object");
    }
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    root.properties()
        .forEach(
            field -> {
              if (field.getKey().equals("__metadata__")) {
                metadata.putAll(metadata(field.getValue()));
              } else {
                tensors.put(field.getKey(), entry(field.getKey(), field.getValue()));
              }
            });
    checkCoverage(tensors);
    return new Header(tensors, metadata);
  }

  private JsonNode json(byte[] header) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
      return JSON.readTree(text);
    } catch (CharacterCodingException e) {
      throw new CorruptDataException(message("its header is not UTF-8"), e);
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          message("its header is not valid JSON: " + e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new CorruptDataException(message("its header cannot be read"), e);
    }
  }

  private Map<String, String> metadata(JsonNode node) {
    Map<String, String> metadata = new LinkedHashMap<>();
    if (!node.isObject()) {
      throw corrupt("__metadata__ is not an object");
    }
    node.properties()
        .forEach(
            field -> {
              if (!field.getValue().isTextual()) {
                throw corrupt("__metadata__ entry " + field.getKey() + " is not a string");
              }
              metadata.put(field.getKey(), field.getValue().textValue());
            });
    return metadata;
  }

  private TensorEntry entry(String name, JsonNode node) {
    JsonNode dtype = node.path("dtype");
    TensorType type =
        TensorType.of(dtype.asText())
            .orElseThrow(
                () ->
                    corrupt(
                        "tensor %s has unknown dtype %s (expected one of %s)"
                            .formatted(name, dtype, List.of(TensorType.values()))));
    long[] extents = longs(name, "shape", node.path("shape"));
    long[] range = longs(name, "data_offsets", node.path("data_offsets"));
    if (range.length != 2 || range[0] > range[1] || range[1] > dataBytes) {
      throw corrupt(
          "tensor %s has data_offsets %s (expected begin <= end <= %d)"
              .formatted(name, node.path("data_offsets"), dataBytes));
    }
    long expected = size(name, extents, type);
    if (expected != range[1] - range[0]) {
      throw corrupt(
          "tensor %s of shape %s and type %s needs %d bytes, data_offsets give %d"
              .formatted(name, node.path("shape"), type, expected, range[1] - range[0]));
    }
    return new TensorEntry(name, type, new Shape(extents), dataStart + range[0], expected);
  }

  private long size(String name, long[] extents, TensorType type) {
    long size = type.bytes();
    try {
      for (long extent : extents) {
        size = Math.multiplyExact(size, extent);
      }
    } catch (ArithmeticException e) {
      throw new CorruptDataException(message("shape of tensor " + name + " overflows"), e);
    }
    return size;
  }

  private long[] longs(String name, String field, JsonNode node) {
    if (!node.isArray() || node.size() > MAX_DIMENSIONS) {
      throw corrupt(
          "tensor %s has no valid %s (expected an array of at most %d numbers)"
              .formatted(name, field, MAX_DIMENSIONS));
    }
    long[] values = new long[node.size()];
    for (int i = 0; i < values.length; i++) {
      if (!node.get(i).canConvertToLong()
          || !node.get(i).isIntegralNumber()
          || node.get(i).longValue() < 0) {
        throw corrupt("tensor %s has %s %s (expected 0 or more)".formatted(name, field, node));
      }
      values[i] = node.get(i).longValue();
    }
    return values;
  }

  /** Tensors fill the file: no overlap, no gap, nothing after the last. */
  private void checkCoverage(Map<String, TensorEntry> tensors) {
    List<TensorEntry> ordered = new ArrayList<>(tensors.values());
    ordered.sort(
        Comparator.comparingLong(TensorEntry::offset).thenComparingLong(TensorEntry::bytes));
    long at = dataStart;
    for (TensorEntry entry : ordered) {
      if (entry.offset() != at) {
        throw corrupt(
            "tensor %s starts at byte %d (expected %d: tensors may neither overlap nor leave gaps)"
                .formatted(entry.name(), entry.offset(), at));
      }
      at += entry.bytes();
    }
    if (at != dataStart + dataBytes) {
      throw corrupt(
          "its tensors end at byte %d, the file at %d".formatted(at, dataStart + dataBytes));
    }
  }

  private CorruptDataException corrupt(String why) {
    return new CorruptDataException(message(why));
  }

  private String message(String why) {
    return "Cannot read %s: %s; the file is damaged or not safetensors, fetch it again"
        .formatted(file, why);
  }
}
