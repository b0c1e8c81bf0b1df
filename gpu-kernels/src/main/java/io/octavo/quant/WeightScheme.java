package io.octavo.quant;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import java.util.Optional;

/**
 * How a linear layer is served: what its weight is stored as, and how its input is cast.
 *
 * @param weight the cast of the weight {@code [N, K]}; empty where it is stored as numbers
 * @param activation the cast of the input
 */
public record WeightScheme(Optional<QuantSpec> weight, ActivationCast activation) {

  private static final WeightScheme DENSE = new WeightScheme(Optional.empty(), ActivationCast.NONE);

  /** A weight of plain numbers and an input as it is. */
  public static WeightScheme dense() {
    return DENSE;
  }

  /** W8A8 in FP8: E4M3 weights with FP32 scales, E4M3 inputs. */
  public static WeightScheme fp8(Granularity granularity) {
    return of(ElementFormat.E4M3, granularity, ActivationCast.E4M3);
  }

  /** W8A8 in INT8: a scale for each row of the weight, INT8 inputs. */
  public static WeightScheme int8() {
    return of(new IntegerFormat(8), new Granularity.PerRow(), ActivationCast.INT8);
  }

  /** W4A8: 4-bit weights in groups along a row, E4M3 inputs. */
  public static WeightScheme w4a8(ElementFormat element, int group) {
    return of(element, new Granularity.Group(group), ActivationCast.E4M3);
  }

  /** W4A16: 4-bit integer weights in groups along a row, inputs as they are. */
  public static WeightScheme w4a16(int group) {
    return of(new IntegerFormat(4), new Granularity.Group(group), ActivationCast.NONE);
  }

  private static WeightScheme of(
      ElementFormat element, Granularity granularity, ActivationCast activation) {
    return new WeightScheme(
        Optional.of(new QuantSpec(element, ScaleFormat.FP32, granularity, Rounding.NEAREST_EVEN)),
        activation);
  }

  @Override
  public String toString() {
    String input = activation == ActivationCast.NONE ? "" : ", inputs " + activation;
    return weight.map(spec -> spec.element() + " " + spec.granularity()).orElse("dense") + input;
  }
}
