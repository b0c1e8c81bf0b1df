package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/** A warp for each row and head: any head size up to 256, any GPU, F32 or BF16. */
final class PlainAttention {

  /** Columns that a warp holds of one head. */
  static final int LARGEST_HEAD = 256;

  private static final int THREADS = 128;
  private static final int WARPS = THREADS / 32;

  private final Kernel forward;
  private final Kernel delta;
  private final Kernel backwardQuery;
  private final Kernel backwardKey;

  PlainAttention(KernelModule module, DataType type) {
    String suffix = type == DataType.F32 ? "_f32" : "_bf16";
    forward = module.kernel("attention_forward" + suffix);
    delta = module.kernel("attention_delta" + suffix);
    backwardQuery = module.kernel("attention_backward_query" + suffix);
    backwardKey = module.kernel("attention_backward_key" + suffix);
  }

  void forward(Geometry g, Tensor qkv, Tensor documentStart, Tensor out, Tensor lse) {
    QkvAddresses x = QkvAddresses.of(g, qkv);
    forward.launch(
        warps(g, g.queryHeads()),
        x.queries(),
        x.keys(),
        x.values(),
        x.rowElements(),
        x.rowElements(),
        documentStart,
        out,
        lse,
        g.rows(),
        g.time(),
        g.queryHeads(),
        g.keyValueHeads(),
        g.headSize(),
        g.scale());
  }

  void backward(
      Geometry g,
      Tensor qkv,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dqkv,
      Tensor deltas) {
    QkvAddresses x = QkvAddresses.of(g, qkv);
    QkvAddresses dx = QkvAddresses.of(g, dqkv);
    delta.launch(
        warps(g, g.queryHeads()), out, dout, deltas, g.rows(), g.queryHeads(), g.headSize());
    backwardQuery.launch(
        warps(g, g.queryHeads()),
        x.queries(),
        x.keys(),
        x.values(),
        x.rowElements(),
        x.rowElements(),
        documentStart,
        dout,
        lse,
        deltas,
        dx.queries(),
        g.rows(),
        g.time(),
        g.queryHeads(),
        g.keyValueHeads(),
        g.headSize(),
        g.scale());
    backwardKey.launch(
        warps(g, g.keyValueHeads()),
        x.queries(),
        x.keys(),
        x.values(),
        x.rowElements(),
        x.rowElements(),
        documentStart,
        dout,
        lse,
        deltas,
        dx.keys(),
        dx.values(),
        g.rows(),
        g.time(),
        g.queryHeads(),
        g.keyValueHeads(),
        g.headSize(),
        g.scale());
  }

  private static Grid warps(Geometry g, int heads) {
    return Grid.covering((long) g.rows() * heads, WARPS, THREADS);
  }
}
