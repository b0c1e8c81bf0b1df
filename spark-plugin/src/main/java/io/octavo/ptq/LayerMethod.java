package io.octavo.ptq;

import io.octavo.quant.WeightScheme;
import java.io.Serializable;

/**
 * How a linear layer is cast.
 *
 * @param schemeName one of {@link SchemeNames}
 * @param constraint what numbers the scales may be
 */
public record LayerMethod(String schemeName, ScaleConstraint constraint) implements Serializable {

  /** A layer that stays as it is. */
  public static final LayerMethod NONE = new LayerMethod("none", new ScaleConstraint.Free());

  public LayerMethod {
    SchemeNames.of(schemeName);
  }

  /** What its codes are and how its input is cast. */
  public WeightScheme scheme() {
    return SchemeNames.of(schemeName);
  }
}
