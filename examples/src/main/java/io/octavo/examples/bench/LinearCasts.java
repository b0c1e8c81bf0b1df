package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.List;

/**
 * The casts of one matrix of a linear layer, as training makes them.
 *
 * @param casts what is made of {@code values}; empty where they enter products as they are
 * @param rowwise operand of the product that contracts over columns
 * @param columnwise operand of the product that contracts over rows
 */
record LinearCasts(Tensor values, List<Operand> casts, Operand rowwise, Operand columnwise) {

  static LinearCasts of(DeviceTensors memory, Backend backend, Recipe.Cast cast, Tensor values) {
    if (cast instanceof Recipe.Cast.Quantize quantize) {
      return quantized(memory, backend, quantize.spec(), values);
    }
    if (cast instanceof Recipe.Cast.ToBf16 && values.type() != DataType.BF16) {
      Tensor rounded = memory.empty(DataType.BF16, values.rows(), values.columns());
      return new LinearCasts(values, List.of(rounded), rounded, rounded);
    }
    return new LinearCasts(values, List.of(), values, values);
  }

  private static LinearCasts quantized(
      DeviceTensors memory, Backend backend, QuantSpec spec, Tensor values) {
    QuantizedTensor rowwise = codes(memory, spec, values.rows(), values.columns());
    if (spec.transposesExactly() && !backend.gemm().contractsLastAxisOnly()) {
      return new LinearCasts(values, List.of(rowwise), rowwise, rowwise);
    }
    Transposed columnwise = transposed(memory, spec, values);
    return new LinearCasts(values, List.of(rowwise, columnwise), rowwise, columnwise);
  }

  static QuantizedTensor codes(DeviceTensors memory, QuantSpec spec, long rows, long columns) {
    Tensor codes = memory.empty(DataType.U8, rows, columns);
    long scales = QuantizedTensor.scaleCapacity(spec.granularity(), codes.shape());
    return new QuantizedTensor(spec, codes, memory.empty(QuantizedTensor.scaleType(spec), scales));
  }

  /** A place for the cast of the transpose. */
  static Transposed transposed(DeviceTensors memory, QuantSpec spec, Tensor values) {
    return new Transposed(codes(memory, spec.ofTransposed(), values.columns(), values.rows()));
  }

  void fill(Backend backend) {
    fill(backend, casts);
  }

  /** Only the cast for the product that contracts over columns. */
  void fillRowwise(Backend backend) {
    fill(backend, casts.stream().filter(rowwise::equals).toList());
  }

  private void fill(Backend backend, List<Operand> wanted) {
    if (!wanted.isEmpty()) {
      backend.quantize().cast(new CastTarget(values, wanted), RandomStream.NONE);
    }
  }
}
