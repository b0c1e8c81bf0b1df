package io.octavo.cuda;

import io.octavo.kernel.ActivationKernels;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/** SwiGLU, residual add, scaling and bias; see activation.cu. */
final class CudaActivationKernels implements ActivationKernels {

  private static final int THREADS = 256;

  /** Packs that a thread has on their way at once: AHEAD of activation.cu. */
  private static final int AHEAD = 2;

  private static final int BLOCKS_PER_MULTIPROCESSOR = 4;

  /** Gates and ups in codes are half the bytes: more of them must be on their way. */
  private static final int BLOCKS_OF_CODES = 6;

  /** Threads side by side in a row, and rows side by side in a block, of bias_partials. */
  private static final int BIAS_LANES = 32;

  private static final int BIAS_ROWS = 8;

  /** Blocks that sum a bias's gradient, whatever the device: they decide the order of the sum. */
  private static final int BIAS_BLOCKS = 528;

  /** Blocks along the rows of a bias; each keeps its part of the bias in registers. */
  private static final int BIAS_STRIDES = 1056;

  private static final int PARTIAL_SUMS = 1 << 20;

  private final CudaContext context;
  private final WidthVariants swiGlu;
  private final WidthVariants swiGluBackward;
  private final WidthVariants add;
  private final WidthVariants scale;
  private final WidthVariants addBias;
  private final WidthVariants biasPartials;
  private final ColumnSums columnSums;

  CudaActivationKernels(CudaContext context) {
    this.context = context;
    KernelModule module = context.module("activation");
    this.swiGlu = readingOperands(module, "swiglu");
    this.swiGluBackward = readingOperands(module, "swiglu_backward");
    this.add = ofOneType(module, "add");
    this.scale = ofOneType(module, "scale");
    this.addBias = ofOneType(module, "add_bias");
    this.biasPartials = ofOneType(module, "bias_partials");
    this.columnSums = new ColumnSums(context, module, PARTIAL_SUMS);
  }

  private static WidthVariants readingOperands(KernelModule module, String operation) {
    return new WidthVariants(suffix -> KernelVariants.readingOperands(module, operation, suffix));
  }

  private static WidthVariants ofOneType(KernelModule module, String operation) {
    return new WidthVariants(suffix -> KernelVariants.ofOneType(module, operation, suffix));
  }

  @Override
  public void swiGlu(Operand gateUp, Tensor out) {
    Tensor data = Storage.data(gateUp);
    Storage in = Storage.of(gateUp);
    AccessWidth width = AccessWidth.of(out.columns(), data, out);
    int perMultiprocessor = in == Storage.GROUP_16 ? BLOCKS_OF_CODES : BLOCKS_PER_MULTIPROCESSOR;
    int blocks = persistentBlocks(perMultiprocessor, out.elements(), width);
    swiGlu
        .of(width, in, Storage.of(out))
        .launch(
            Grid.of(blocks, THREADS),
            data,
            Storage.scales(gateUp),
            out,
            out.rows(),
            out.columns(),
            context.blockAmax());
    context.amaxNote().leave(out, blocks);
  }

  @Override
  public void swiGluBackward(Tensor dout, Operand gateUp, Tensor dGateUp) {
    Tensor data = Storage.data(gateUp);
    AccessWidth width = AccessWidth.of(dout.columns(), dout, data, dGateUp);
    int blocks = persistentBlocks(BLOCKS_PER_MULTIPROCESSOR, dout.elements(), width);
    swiGluBackward
        .of(width, Storage.of(gateUp), Storage.of(dGateUp))
        .launch(
            Grid.of(blocks, THREADS),
            dout,
            data,
            Storage.scales(gateUp),
            dGateUp,
            dout.rows(),
            dout.columns(),
            context.blockAmax());
    context.amaxNote().leave(dGateUp, blocks);
  }

  @Override
  public void add(Tensor source, Tensor target) {
    AccessWidth width = AccessWidth.ofLine(source, target);
    add.of(width, Storage.of(target))
        .launch(elementwise(target.elements(), width), source, target, target.elements());
  }

  @Override
  public void scale(Tensor target, float factor) {
    AccessWidth width = AccessWidth.ofLine(target);
    scale
        .of(width, Storage.of(target))
        .launch(elementwise(target.elements(), width), target, factor, target.elements());
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    AccessWidth width = AccessWidth.of(y.columns(), bias, y);
    int across = THREADS * width.numbers();
    addBias
        .of(width, Storage.of(y))
        .launch(
            Grid.of((y.columns() + across - 1) / across, Math.min(y.rows(), BIAS_STRIDES), THREADS),
            bias,
            y,
            y.rows(),
            y.columns());
  }

  @Override
  public void biasBackward(Tensor dy, Tensor dbias) {
    AccessWidth width = AccessWidth.of(dy.columns(), dy);
    int across = BIAS_LANES * width.numbers();
    int tiles = (dy.columns() + across - 1) / across;
    int parts = Math.min(Math.max(1, BIAS_BLOCKS / tiles), columnSums.mostRows(dy.columns()));
    parts = Math.min(parts, (dy.rows() + BIAS_ROWS - 1) / BIAS_ROWS);
    biasPartials
        .of(width, Storage.of(dy))
        .launch(
            Grid.of(tiles, parts, BIAS_LANES * BIAS_ROWS),
            dy,
            dy.rows(),
            dy.columns(),
            columnSums.partials());
    columnSums.addTo(dbias, parts);
  }

  private int persistentBlocks(int perMultiprocessor, long elements, AccessWidth width) {
    long each = (long) THREADS * AHEAD * width.numbers();
    return context.persistentBlocks(perMultiprocessor, (elements + each - 1) / each);
  }

  private Grid elementwise(long elements, AccessWidth width) {
    return Grid.of(persistentBlocks(BLOCKS_PER_MULTIPROCESSOR, elements, width), THREADS);
  }
}
