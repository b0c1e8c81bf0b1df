package io.octavo.serve;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.HostWeights;
import io.octavo.layout.ModelFiles;
import io.octavo.model.ModelConfig;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tokens.TokenizerSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * A model whose linear layers are cast to nearest while they are read: scales are the largest
 * magnitudes of their groups. Layers that are quantized already stay as they are.
 *
 * @param scheme of linear layers
 * @param headScheme of the output head
 */
record QuantizingFiles(ModelFiles files, WeightScheme scheme, WeightScheme headScheme)
    implements ModelFiles {

  private static final List<String> HEADS = List.of("lm_head.weight", "model.embed_tokens.weight");

  @Override
  public ModelConfig config() {
    return files.config();
  }

  @Override
  public TokenizerSpec tokenizer() {
    return files.tokenizer();
  }

  @Override
  public List<Integer> endsOfText() {
    return files.endsOfText();
  }

  @Override
  public HostWeight linear(List<String> names) {
    HostWeight weight = files.linear(names);
    WeightScheme target = HEADS.contains(names.get(0)) ? headScheme : scheme;
    return weight.type() == DataType.U8 || target.weight().isEmpty()
        ? weight
        : cast(weight, target, target.weight().get());
  }

  private static HostWeight cast(HostWeight weight, WeightScheme scheme, QuantSpec spec) {
    int rows = weight.rows();
    int columns = weight.columns();
    Shape grid = QuantizedTensor.scaleShape(spec.granularity(), weight.shape());
    float[] scales = new float[Math.toIntExact(grid.elements())];
    ByteBuffer codes = ByteBuffer.allocate(rows * columns).order(ByteOrder.LITTLE_ENDIAN);
    HostWeight result =
        new HostWeight(
            weight.shape(), scheme, DataType.U8, codes, FloatBuffer.wrap(scales), weight.bias());
    float[] row = new float[columns];
    for (int n = 0; n < rows; n++) {
      HostWeights.row(weight, n, row);
      for (int k = 0; k < columns; k++) {
        int group = result.scaleIndex(n, k);
        scales[group] = Math.max(scales[group], Math.abs(row[k]));
      }
    }
    ElementFormat element = spec.element();
    for (int i = 0; i < scales.length; i++) {
      scales[i] = spec.scale().scaleFor(scales[i], element);
    }
    for (int n = 0; n < rows; n++) {
      HostWeights.row(weight, n, row);
      for (int k = 0; k < columns; k++) {
        float value = row[k] / scales[result.scaleIndex(n, k)];
        codes.put(n * columns + k, (byte) element.encode(value, spec.rounding(), 0));
      }
    }
    return result;
  }

  @Override
  public boolean has(String name) {
    return files.has(name);
  }

  @Override
  public WeightScheme scheme(List<String> names) {
    return HEADS.contains(names.get(0)) ? headScheme : scheme;
  }

  @Override
  public void dense(String name, long from, FloatBuffer target) {
    files.dense(name, from, target);
  }

  @Override
  public void close() {
    files.close();
  }
}
