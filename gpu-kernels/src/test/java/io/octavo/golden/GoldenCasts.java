package io.octavo.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values of codes and casts written by ml_dtypes. */
public final class GoldenCasts {

  private final String header;
  private final ByteBuffer data;
  private final String formats;

  public GoldenCasts() {
    try {
      byte[] all = Files.readAllBytes(GoldenFiles.file("casts.safetensors"));
      ByteBuffer buffer = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
      int length = Math.toIntExact(buffer.getLong(0));
      header = new String(all, 8, length, StandardCharsets.UTF_8);
      data = buffer.slice(8 + length, all.length - 8 - length);
      formats = Files.readString(GoldenFiles.file("formats.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Inputs of a format's casts. */
  public float[] inputs(String format) {
    ByteBuffer bytes = bytes(format + ".x");
    float[] values = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  /** Codes of a format's casts, one byte each. */
  public byte[] codes(String format) {
    ByteBuffer bytes = bytes(format + ".code");
    byte[] codes = new byte[bytes.remaining()];
    bytes.get(codes);
    return codes;
  }

  /** Codes of BF16 casts of the first inputs of any format. */
  public short[] bf16() {
    ByteBuffer bytes = bytes("bfloat16");
    short[] codes = new short[bytes.remaining() / 2];
    bytes.asShortBuffer().get(codes);
    return codes;
  }

  private ByteBuffer bytes(String tensor) {
    Matcher entry =
        Pattern.compile(
                "\""
                    + Pattern.quote(tensor)
                    + "\":\\s*\\{[^}]*\"data_offsets\":\\s*\\[(\\d+),\\s*(\\d+)\\]")
            .matcher(header);
    if (!entry.find()) {
      throw new IllegalArgumentException("No tensor " + tensor + " in casts.safetensors");
    }
    int from = Integer.parseInt(entry.group(1));
    int to = Integer.parseInt(entry.group(2));
    return data.slice(from, to - from).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Formats by name in the order of the file. */
  public List<String> formats() {
    List<String> names = new ArrayList<>();
    Matcher matcher = Pattern.compile("\"([a-z0-9_]+)\":\\s*\\[").matcher(formats);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }

  /** The value of every code of a format, in order. */
  public double[] values(String format) {
    Matcher list = Pattern.compile("\"" + format + "\":\\s*\\[([^\\]]*)\\]").matcher(formats);
    if (!list.find()) {
      throw new IllegalArgumentException("No format " + format + " in formats.json");
    }
    String[] items = list.group(1).split(",");
    double[] values = new double[items.length];
    for (int i = 0; i < items.length; i++) {
      values[i] = number(items[i].strip().replace("\"", ""));
    }
    return values;
  }

  private static double number(String text) {
    return switch (text) {
      case "nan" -> Double.NaN;
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }
}
