package io.octavo.layout;

import io.octavo.quant.Granularity;
import io.octavo.tensor.QuantizedTensor;
import java.nio.FloatBuffer;

/**
 * The scales of a weight by place.
 *
 * @param rows rows of the weight that share a row of scales
 * @param columns columns that share a column of scales
 * @param width scales of a row
 */
record ScaleGrid(FloatBuffer values, long rows, long columns, long width) {

  static ScaleGrid of(StoredWeight weight) {
    Granularity granularity = weight.scheme().weight().orElseThrow().granularity();
    long width = QuantizedTensor.scaleShape(granularity, weight.shape()).columns();
    long all = Long.MAX_VALUE;
    if (granularity instanceof Granularity.Block block) {
      return new ScaleGrid(weight.scaleValues(), block.rows(), block.columns(), width);
    }
    if (granularity instanceof Granularity.Group group) {
      return new ScaleGrid(weight.scaleValues(), 1, group.columns(), width);
    }
    boolean whole = granularity instanceof Granularity.PerTensor;
    return new ScaleGrid(weight.scaleValues(), whole ? all : 1, all, width);
  }

  float at(long row, long column) {
    return values.get((int) (row / rows * width + column / columns));
  }
}
