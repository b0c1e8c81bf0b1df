package io.octavo.layout;

import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.safetensors.SafetensorsWriter.Declaration;
import io.octavo.safetensors.TensorType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import java.util.List;

/**
 * A weight that is to be written.
 *
 * @param name such as {@code model.layers.0.mlp.down_proj.weight}
 * @param scheme what it is stored as
 * @param type of its numbers; where it has codes, {@link TensorType#F32} for the scales
 */
public record WeightPlan(String name, Shape shape, WeightScheme scheme, TensorType type) {

  private static final String WEIGHT = ".weight";

  /** A weight of numbers, or a norm or bias. */
  public static WeightPlan numbers(String name, Shape shape, TensorType type) {
    return new WeightPlan(name, shape, WeightScheme.dense(), type);
  }

  /** A weight of codes. */
  public static WeightPlan codes(String name, Shape shape, WeightScheme scheme) {
    return new WeightPlan(name, shape, scheme, TensorType.F32);
  }

  /** Name of its layer. */
  public String module() {
    return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
  }

  /** Bytes it takes in the files. */
  public long bytes(PublishedLayout layout) {
    return declarations(layout).stream().mapToLong(Declaration::bytes).sum();
  }

  /** The tensors it is stored as, in the order of {@link WeightTensors}. */
  List<Declaration> declarations(PublishedLayout layout) {
    return scheme
        .weight()
        .map(spec -> coded(spec, layout))
        .orElseGet(() -> List.of(new Declaration(name, type, shape)));
  }

  private List<Declaration> coded(QuantSpec spec, PublishedLayout layout) {
    Declaration scales =
        new Declaration(
            module() + (layout == PublishedLayout.FP8 ? ".weight_scale_inv" : ".weight_scale"),
            TensorType.F32,
            scaleShape(spec.granularity(), layout));
    if (spec.element().bits() == 8) {
      TensorType codes =
          spec.element().equals(ElementFormat.E4M3) ? TensorType.F8_E4M3 : TensorType.I8;
      return List.of(new Declaration(name, codes, shape), scales);
    }
    String packed = module() + ".weight_packed";
    if (spec.element().equals(ElementFormat.E2M1)) {
      Shape bytes = Shape.of(shape.rows(), (shape.columns() + 1) / 2);
      return List.of(new Declaration(packed, TensorType.U8, bytes), scales);
    }
    Shape words = Shape.of(shape.rows(), CodePacking.words(shape.columns()));
    return List.of(
        new Declaration(packed, TensorType.I32, words),
        scales,
        new Declaration(module() + ".weight_shape", TensorType.I64, Shape.of(2)));
  }

  private Shape scaleShape(Granularity granularity, PublishedLayout layout) {
    return granularity instanceof Granularity.PerTensor
        ? layout == PublishedLayout.FP8 ? Shape.of() : Shape.of(1)
        : QuantizedTensor.scaleShape(granularity, shape);
  }
}
