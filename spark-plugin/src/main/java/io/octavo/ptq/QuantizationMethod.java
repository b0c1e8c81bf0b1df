package io.octavo.ptq;

import java.io.Serializable;

/** How codes are chosen, and what was measured for it; sent to where the weights are read. */
public interface QuantizationMethod extends Serializable {

  /** Needs nothing but the weights. */
  QuantizationMethod ROUND_TO_NEAREST = RoundToNearest::new;

  /** The quantizer of layers whose scales are constrained so. */
  WeightQuantizer quantizer(ScaleConstraint constraint);

  /** What was measured of the layers' inputs. */
  default Calibration calibration() {
    return Calibration.NONE;
  }
}
