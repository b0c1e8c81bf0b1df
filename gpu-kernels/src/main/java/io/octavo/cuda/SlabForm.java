package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.quant.ActivationCast;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.HostWeight;
import java.nio.ByteBuffer;

/**
 * How weights of one scheme lie in slabs of 64 rows, and which kernels take them; see linear.cu.
 *
 * @param name of the kernels that multiply, without their tile of tokens
 * @param packed how the kernel that packs them calls the result
 * @param numbers elements of a row in a slab
 * @param bytes of a slab
 * @param chunks runs of a slab's elements with a scale of their own for each row; 0 for none
 * @param factor what the scales make up for
 * @param casting whether there are kernels that cast their tokens as they multiply
 */
record SlabForm(
    String name, String packed, int numbers, int bytes, int chunks, float factor, boolean casting) {

  /** Rows of a slab. */
  static final int ROWS = 64;

  private static final IntegerFormat INT4 = new IntegerFormat(4);
  private static final IntegerFormat INT8 = new IntegerFormat(8);

  /** A shift of E2M1's codes to E4M3 gives 2^-6 of the number. */
  private static final float E2M1_FACTOR = 64;

  /** A shift of a magnitude to E4M3 gives 2^-9 of it. */
  private static final float INT4_FACTOR = 512;

  /** The code of -8, which has no magnitude of three bits. */
  private static final byte MOST_NEGATIVE = 8;

  private static final int BYTE_NUMBERS = 128;
  private static final int BF16_NUMBERS = 64;

  /**
   * The form for a scheme.
   *
   * @throws IllegalArgumentException where no kernel takes it
   */
  static SlabForm of(WeightScheme scheme) {
    if (scheme.weight().isEmpty() && scheme.activation() == ActivationCast.NONE) {
      return new SlabForm("bf16", "bf16", BF16_NUMBERS, ROWS * 128, 0, 1, false);
    }
    QuantSpec spec = scheme.weight().orElseThrow(() -> unsupported(scheme));
    boolean whole = isOfWholeRows(spec.granularity());
    int columns = columns(spec.granularity());
    ElementFormat element = spec.element();
    return switch (scheme.activation()) {
      case E4M3 -> {
        if (element.equals(ElementFormat.E4M3) && (whole || columns % BYTE_NUMBERS == 0)) {
          String name = whole ? "e4m3" : "e4m3_scaled";
          yield new SlabForm(name, "bytes", BYTE_NUMBERS, ROWS * 128, whole ? 0 : 1, 1, true);
        }
        yield fourBits(scheme, element, columns);
      }
      case INT8 -> {
        if (element.equals(INT8) && whole) {
          yield new SlabForm("int8", "bytes", BYTE_NUMBERS, ROWS * 128, 0, 1, false);
        }
        throw unsupported(scheme);
      }
      case NONE -> {
        int chunks = chunks(scheme, BF16_NUMBERS, columns);
        if (element.equals(INT4)) {
          yield new SlabForm(
              "int4_bf16_" + chunks, "int4_bf16", BF16_NUMBERS, ROWS * 32, chunks, 1, false);
        }
        throw unsupported(scheme);
      }
    };
  }

  private static SlabForm fourBits(WeightScheme scheme, ElementFormat element, int columns) {
    boolean integers = element.equals(INT4);
    if (!integers && !element.equals(ElementFormat.E2M1)) {
      throw unsupported(scheme);
    }
    int chunks = chunks(scheme, BYTE_NUMBERS, columns);
    return integers
        ? fourBits("int4_e4m3", chunks, INT4_FACTOR, true)
        : fourBits("e2m1_e4m3", chunks, E2M1_FACTOR, true);
  }

  private static SlabForm fourBits(String packed, int chunks, float factor, boolean casting) {
    String name = packed + "_" + chunks;
    return new SlabForm(name, packed, BYTE_NUMBERS, ROWS * 64, chunks, factor, casting);
  }

  /** The form for a weight: integers of 4 bits go by a table where one is -8. */
  static SlabForm of(HostWeight weight) {
    SlabForm form = of(weight.scheme());
    return form.packed().equals("int4_e4m3") && hasMostNegative(weight.values().duplicate())
        ? fourBits("int4_table_e4m3", form.chunks(), 1, false)
        : form;
  }

  private static boolean hasMostNegative(ByteBuffer codes) {
    boolean found = false;
    while (codes.hasRemaining()) {
      found |= (codes.get() & 0xF) == MOST_NEGATIVE;
    }
    return found;
  }

  private static boolean isOfWholeRows(Granularity granularity) {
    return granularity instanceof Granularity.PerTensor
        || granularity instanceof Granularity.PerRow;
  }

  /** Neighbours in a row that share a scale, as far as a slab goes. */
  private static int columns(Granularity granularity) {
    if (granularity instanceof Granularity.Group group) {
      return group.columns();
    }
    if (granularity instanceof Granularity.Block block) {
      return block.columns();
    }
    return BYTE_NUMBERS;
  }

  private static int chunks(WeightScheme scheme, int numbers, int columns) {
    if (columns % numbers == 0) {
      return 1;
    }
    if (columns < 32 || numbers % columns != 0) {
      throw unsupported(scheme);
    }
    return numbers / columns;
  }

  private static IllegalArgumentException unsupported(WeightScheme scheme) {
    return new IllegalArgumentException(
        "Cannot serve weights of scheme %s on cuda (expected numbers; E4M3 per tensor, row or"
                .formatted(scheme)
            + " multiples of 128 and E4M3 inputs; INT8 per row and INT8 inputs; INT4 or E2M1 in"
            + " groups of 32, 64 or multiples of 128 and E4M3 inputs; INT4 in groups and inputs as"
            + " they are)");
  }

  /** Slabs along a row of {@code columns} elements. */
  int slabs(int columns) {
    return (columns + numbers - 1) / numbers;
  }

  /** Slabs one above the other for {@code rows} rows: a block may take two. */
  static int tiles(int rows) {
    return (rows + 2 * ROWS - 1) / (2 * ROWS) * 2;
  }
}
