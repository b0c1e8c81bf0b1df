package io.octavo.ptq;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Schemes by the names that users type. */
public final class SchemeNames {

  /** All names, as errors and manuals list them. */
  public static final String KNOWN =
      "fp8-tensor, fp8-row, fp8-block, int8-row, w4a8-int4-G, w4a8-e2m1-G, w4a16-int4-G with groups G of 32, 64, 128 or 256, none";

  private static final int BLOCK = 128;
  private static final Pattern GROUPED =
      Pattern.compile("(w4a8-int4|w4a8-e2m1|w4a16-int4)-(32|64|128|256)");

  private SchemeNames() {}

  /**
   * The scheme of a name; {@code none} is plain numbers.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  public static WeightScheme of(String name) {
    return switch (name) {
      case "none" -> WeightScheme.dense();
      case "fp8-tensor" -> WeightScheme.fp8(new Granularity.PerTensor());
      case "fp8-row" -> WeightScheme.fp8(new Granularity.PerRow());
      case "fp8-block" -> WeightScheme.fp8(new Granularity.Block(BLOCK, BLOCK));
      case "int8-row" -> WeightScheme.int8();
      default -> grouped(name);
    };
  }

  private static WeightScheme grouped(String name) {
    Matcher match = GROUPED.matcher(name);
    if (!match.matches()) {
      throw new IllegalArgumentException(
          "Invalid quantization scheme: %s (expected one of %s)".formatted(name, KNOWN));
    }
    int group = Integer.parseInt(match.group(2));
    return switch (match.group(1)) {
      case "w4a8-int4" -> WeightScheme.w4a8(new IntegerFormat(4), group);
      case "w4a8-e2m1" -> WeightScheme.w4a8(ElementFormat.E2M1, group);
      default -> WeightScheme.w4a16(group);
    };
  }
}
