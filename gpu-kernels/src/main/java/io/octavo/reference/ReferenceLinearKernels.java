package io.octavo.reference;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.HostWeights;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.util.Optional;

/** {@code y = x w^T + b} over the values of codes and scales, summed in double. */
final class ReferenceLinearKernels implements LinearKernels {

  private record Kept(HostWeight weight) implements PackedWeight {
    @Override
    public Shape shape() {
      return weight.shape();
    }

    @Override
    public WeightScheme scheme() {
      return weight.scheme();
    }

    @Override
    public long bytes() {
      return weight.values().remaining() + 4L * weight.scales().remaining();
    }

    @Override
    public void close() {
      // The garbage collector's.
    }
  }

  @Override
  public PackedWeight pack(HostWeight weight) {
    return new Kept(weight);
  }

  @Override
  public long workspaceElements(Shape weight, WeightScheme scheme, int rows) {
    return 0;
  }

  @Override
  public void apply(PackedWeight packed, Tensor x, Tensor y, Tensor workspace) {
    HostWeight weight = ((Kept) packed).weight();
    int inputs = weight.columns();
    int outputs = weight.rows();
    double[][] rows = new double[x.rows()][];
    for (int m = 0; m < rows.length; m++) {
      rows[m] = cast(HostBuffer.of(x).floats(), m * inputs, inputs, weight.scheme());
    }
    FloatBuffer result = HostBuffer.of(y).floats();
    float[] codes = new float[inputs];
    for (int n = 0; n < outputs; n++) {
      HostWeights.row(weight, n, codes);
      int output = n;
      float bias = weight.bias().map(values -> values[output]).orElse(0f);
      for (int m = 0; m < rows.length; m++) {
        double sum = 0;
        for (int k = 0; k < inputs; k++) {
          sum += rows[m][k] * codes[k] * weight.scale(n, k);
        }
        result.put(m * outputs + n, (float) (sum + bias));
      }
    }
  }

  /** A token's numbers after its cast. */
  private static double[] cast(FloatBuffer x, int from, int count, WeightScheme scheme) {
    double[] values = new double[count];
    Optional<ElementFormat> element = scheme.activation().element();
    float amax = 0;
    for (int k = 0; k < count; k++) {
      amax = Math.max(amax, Math.abs(x.get(from + k)));
    }
    float largest = amax;
    float scale = element.map(e -> ScaleFormat.FP32.scaleFor(largest, e)).orElse(1f);
    for (int k = 0; k < count; k++) {
      float value = x.get(from + k);
      values[k] =
          element
              .map(
                  e -> (double) e.decode(e.encode(value / scale, Rounding.NEAREST_EVEN, 0)) * scale)
              .orElse((double) value);
    }
    return values;
  }
}
