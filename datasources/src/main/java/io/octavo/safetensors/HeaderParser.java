package io.octavo.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.octavo.format.CorruptDataException;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns the header of a file into entries, or says what is wrong with it. The header is read as a
 * stream and never held whole: what it costs is what its sound entries are worth.
 */
final class HeaderParser {

  /** The key that names no tensor. */
  static final String METADATA = "__metadata__";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxNumberLength(20)
                  .maxNameLength(4096)
                  .maxStringLength(1 << 20)
                  .build())
          .build()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private static final int MAX_DIMENSIONS = 16;
  private static final int MAX_TENSORS = 1 << 17;
  private static final int MAX_METADATA = 16 << 20;

  private final String file;
  private final long dataStart;
  private final long dataBytes;
  private final Map<String, TensorEntry> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

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

  Header parse(InputStream header) {
    try (JsonParser json =
        JSON.createParser(new InputStreamReader(header, StandardCharsets.UTF_8.newDecoder()))) {
      read(json);
    } catch (CharacterCodingException e) {
      throw new CorruptDataException(message("its header is not UTF-8"), e);
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          message("its header is not valid JSON: " + e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new CorruptDataException(message("its header cannot be read: " + e.getMessage()), e);
    }
    checkCoverage();
    return new Header(tensors, metadata);
  }

  private void read(JsonParser json) throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw corrupt("its header is not a JSON object");
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      if (name.equals(METADATA)) {
        readMetadata(json);
      } else if (tensors.size() == MAX_TENSORS) {
        throw corrupt("it has more than %d tensors".formatted(MAX_TENSORS));
      } else {
        tensors.put(name, entry(name, json));
      }
    }
    if (json.nextToken() != null) {
      throw corrupt("its header goes on after its JSON object");
    }
  }

  private void readMetadata(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw corrupt("__metadata__ is not an object");
    }
    long length = 0;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw corrupt("__metadata__ entry " + key + " is not a string");
      }
      length += key.length() + json.getTextLength();
      if (length > MAX_METADATA) {
        throw corrupt("__metadata__ is longer than %d characters".formatted(MAX_METADATA));
      }
      metadata.put(key, json.getText());
    }
  }

  private TensorEntry entry(String name, JsonParser json) throws IOException {
    String dtype = "missing";
    Optional<long[]> shape = Optional.empty();
    Optional<long[]> range = Optional.empty();
    if (json.currentToken() == JsonToken.START_OBJECT) {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "dtype" -> dtype = json.getText();
          case "shape" -> shape = Optional.of(longs(name, field, json));
          case "data_offsets" -> range = Optional.of(longs(name, field, json));
          default -> json.skipChildren();
        }
      }
    }
    return checked(
        name,
        type(name, dtype),
        shape.orElseThrow(() -> corrupt("tensor %s has no shape".formatted(name))),
        range.orElseThrow(() -> corrupt("tensor %s has no data_offsets".formatted(name))));
  }

  private TensorType type(String name, String dtype) {
    return TensorType.of(dtype)
        .orElseThrow(
            () ->
                corrupt(
                    "tensor %s has unknown dtype %s (expected one of %s)"
                        .formatted(
                            name,
                            dtype.length() > 40 ? dtype.substring(0, 40) : dtype,
                            List.of(TensorType.values()))));
  }

  private TensorEntry checked(String name, TensorType type, long[] extents, long[] range) {
    if (range.length != 2 || range[0] > range[1] || range[1] > dataBytes) {
      throw corrupt(
          "tensor %s has data_offsets %s (expected begin <= end <= %d)"
              .formatted(name, Arrays.toString(range), dataBytes));
    }
    long expected = size(name, extents, type);
    if (expected != range[1] - range[0]) {
      throw corrupt(
          "tensor %s of shape %s and type %s needs %d bytes, data_offsets give %d"
              .formatted(name, Arrays.toString(extents), type, expected, range[1] - range[0]));
    }
    return new TensorEntry(name, type, new Shape(extents), dataStart + range[0], expected);
  }

  private long size(String name, long[] extents, TensorType type) {
    try {
      long elements = 1;
      for (long extent : extents) {
        elements = Math.multiplyExact(elements, extent);
      }
      return type.bytes(elements);
    } catch (ArithmeticException e) {
      throw new CorruptDataException(message("shape of tensor " + name + " overflows"), e);
    } catch (IllegalArgumentException e) {
      throw new CorruptDataException(message("tensor " + name + ": " + e.getMessage()), e);
    }
  }

  private long[] longs(String name, String field, JsonParser json) throws IOException {
    long[] values = new long[MAX_DIMENSIONS];
    int count = 0;
    boolean array = json.currentToken() == JsonToken.START_ARRAY;
    while (array && json.nextToken() != JsonToken.END_ARRAY) {
      if (count == MAX_DIMENSIONS) {
        array = false;
      } else if (json.currentToken() != JsonToken.VALUE_NUMBER_INT || outside(json)) {
        throw corrupt(
            "tensor %s has %s in its %s (expected whole numbers of 0 or more)"
                .formatted(name, json.getText(), field));
      } else {
        values[count++] = json.getLongValue();
      }
    }
    if (!array) {
      throw corrupt(
          "tensor %s has no valid %s (expected an array of at most %d numbers)"
              .formatted(name, field, MAX_DIMENSIONS));
    }
    return Arrays.copyOf(values, count);
  }

  private static boolean outside(JsonParser json) throws IOException {
    return json.getNumberType() == JsonParser.NumberType.BIG_INTEGER || json.getLongValue() < 0;
  }

  /** Tensors fill the file: no overlap, no gap, nothing after the last. */
  private void checkCoverage() {
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
