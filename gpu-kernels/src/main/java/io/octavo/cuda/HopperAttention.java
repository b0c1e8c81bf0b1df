package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/** Attention by Hopper's tensor cores and copy engine: BF16, one head size of 64 or 128. */
final class HopperAttention {

  private final CudaContext context;
  private final HopperAttentionLaunch launch;
  private final Tensor tickets;
  private final Kernel forward;
  private final Kernel backwardPrepare;
  private final Kernel backward;
  private final Kernel backwardQuery;

  HopperAttention(
      CudaContext context, KernelModule forwards, KernelModule backwards, int headSize) {
    this.context = context;
    this.launch = new HopperAttentionLaunch(headSize);
    this.tickets = context.reserve(DataType.I32, 2);
    String suffix = "_bf16_d" + headSize;
    forward = forwards.kernel("attention_forward" + suffix);
    backwardPrepare = backwards.kernel("attention_backward_prepare" + suffix);
    backward = backwards.kernel("attention_backward" + suffix);
    backwardQuery = backwards.kernel("attention_backward_query" + suffix);
  }

  void forward(Geometry g, Tensor qkv, Tensor documentStart, Tensor out, Tensor lse) {
    QkvAddresses x = QkvAddresses.of(g, qkv);
    Grid grid = launch.forward(g, context.device().multiprocessors());
    int queryBox = HopperAttentionLaunch.FORWARD_QUERY_BOX;
    forward.launch(
        grid,
        queries(g, x.queries(), x.rowElements(), queryBox),
        keys(g, x.keys(), x.rowElements()),
        keys(g, x.values(), x.rowElements()),
        queries(g, DeviceBuffer.address(out), out.columns(), queryBox),
        documentStart,
        lse,
        context.blockAmax(),
        tickets,
        g.batch(),
        g.time(),
        g.queryHeads(),
        g.keyValueHeads(),
        launch.forwardSection(g),
        g.scale());
    context.amaxNote().leave(out, grid.x());
  }

  void backward(
      Geometry g,
      Tensor qkv,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dqkv,
      Tensor memory) {
    QkvAddresses x = QkvAddresses.of(g, qkv);
    QkvAddresses dx = QkvAddresses.of(g, dqkv);
    AttentionWorkspace workspace = new AttentionWorkspace(g);
    Tensor sums = workspace.querySums(memory);
    Tensor logSumExp = workspace.logSumExp(memory);
    Tensor delta = workspace.delta(memory);
    Tensor documentEnd = workspace.documentEnd(memory);
    int blocksOfRows = workspace.paddedTime() / 64;
    backwardPrepare.launch(
        Grid.of(blocksOfRows, g.queryHeads(), g.batch(), 256),
        out,
        dout,
        lse,
        documentStart,
        logSumExp,
        delta,
        documentEnd,
        sums,
        g.time());
    backward.launch(
        launch.backward(g, context.device().multiprocessors()),
        queries(g, x.queries(), x.rowElements(), launch.backwardQueryRows()),
        keys(g, x.keys(), x.rowElements()),
        keys(g, x.values(), x.rowElements()),
        queries(g, DeviceBuffer.address(dout), dout.columns(), launch.backwardQueryRows()),
        logSumExp,
        delta,
        documentEnd,
        sums,
        dx.keys(),
        dx.values(),
        dx.rowElements(),
        tickets,
        g.batch(),
        g.time(),
        g.queryHeads(),
        g.keyValueHeads(),
        launch.backwardSection(g, context.device().multiprocessors()),
        g.scale());
    backwardQuery.launch(
        Grid.of((long) blocksOfRows * g.headSize() / 64, g.queryHeads(), g.batch(), 128),
        sums,
        dx.queries(),
        dx.rowElements(),
        g.time(),
        g.scale());
  }

  private static byte[] queries(Geometry g, long address, long rowElements, int boxRows) {
    return heads(g, g.queryHeads(), address, rowElements, boxRows);
  }

  private static byte[] keys(Geometry g, long address, long rowElements) {
    return heads(g, g.keyValueHeads(), address, rowElements, HopperAttentionLaunch.KEY_ROWS);
  }

  /**
   * Heads as {@code {column, head, time, batch}}: with the batch a dimension of its own, boxes past
   * the end of a sequence read zeros and write nothing.
   */
  private static byte[] heads(Geometry g, int heads, long address, long rowElements, int boxRows) {
    long headBytes = (long) g.headSize() * DataType.BF16.bytes();
    long rowBytes = rowElements * DataType.BF16.bytes();
    return TensorMap.of(
        address,
        DataType.BF16,
        new long[] {g.headSize(), heads, g.time(), g.batch()},
        new long[] {headBytes, rowBytes, g.time() * rowBytes},
        new int[] {64, 1, boxRows, 1},
        TensorMap.Swizzle.B128);
  }
}
