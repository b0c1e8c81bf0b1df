package io.octavo.cuda;

import io.octavo.kernel.OptimizerKernels;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** AdamW in one pass over memory, and sums in two stages without atomics. */
final class CudaOptimizerKernels implements OptimizerKernels {

  private static final int THREADS = 256;

  /** Elements that keep a block of a sum busy: four vectors of 4 a thread. */
  private static final int SUMMED_BY_BLOCK = 16 * THREADS;

  private static final int SUM_BLOCKS_PER_MULTIPROCESSOR = 8;

  private final CudaContext context;
  private final AdamWLaunch update;
  private final Kernel fill;
  private final Kernel sum;
  private final Kernel sumOfSquares;
  private final Kernel finishSum;
  private final Kernel addSum;
  private final Kernel finishNorm;

  /** Doubles, one a block; a double takes two F32. */
  private final Tensor partials;

  private final Tensor result;

  CudaOptimizerKernels(CudaContext context) {
    this.context = context;
    KernelModule module = context.module("optimizer");
    this.update = new AdamWLaunch(context, module);
    this.fill = module.kernel("fill_f32");
    this.sum = module.kernel("sum_f32");
    this.sumOfSquares = module.kernel("sum_of_squares_f32");
    this.finishSum = module.kernel("finish_sum");
    this.addSum = module.kernel("add_sum");
    this.finishNorm = module.kernel("finish_norm");
    this.partials = context.reserve(DataType.F32, 2L * CudaContext.MOST_BLOCKS);
    this.result = context.reserve(DataType.F32, 2);
  }

  @Override
  public void addSum(Tensor values, Tensor totals, int total) {
    int blocks = leavePartials(sum, values);
    addSum.launch(Grid.of(1, THREADS), partials, blocks, totals, total);
  }

  @Override
  public void addSumOfSquares(Tensor values, Tensor totals, int total) {
    int blocks = leavePartials(sumOfSquares, values);
    addSum.launch(Grid.of(1, THREADS), partials, blocks, totals, total);
  }

  /** Sums of what each block takes; their number depends on the device and the size alone. */
  private int leavePartials(Kernel kernel, Tensor values) {
    long elements = values.elements();
    int blocks =
        context.persistentBlocks(
            SUM_BLOCKS_PER_MULTIPROCESSOR, (elements + SUMMED_BY_BLOCK - 1) / SUMMED_BY_BLOCK);
    kernel.launch(Grid.of(blocks, THREADS), values, elements, partials);
    return blocks;
  }

  @Override
  public void finishNorm(Tensor totals, Tensor control) {
    finishNorm.launch(Grid.of(1, 1), totals, control, LOSS_SUM, SQUARES);
  }

  @Override
  public void adamW(
      Tensor parameters,
      Tensor gradients,
      Moment first,
      Moment second,
      AdamWRule rule,
      Tensor control) {
    update.launch(new AdamWLaunch.Update(parameters, gradients, first, second, rule, control));
  }

  /** The kernels of {@link #adamW}. */
  AdamWLaunch update() {
    return update;
  }

  @Override
  public void reset(Moment moment) {
    if (moment instanceof PlainMoment plain) {
      context.zero(DeviceBuffer.of(plain.values()));
      return;
    }
    Fp8Moment stored = (Fp8Moment) moment;
    context.zero(DeviceBuffer.of(stored.codes()));
    context.zero(DeviceBuffer.of(stored.scales()));
    fillOne(stored.exponents());
    fillOne(stored.centres());
  }

  private void fillOne(Tensor tensor) {
    long elements = tensor.elements();
    fill.launch(Grid.covering(elements, THREADS, THREADS), tensor, elements, 1f);
  }

  @Override
  public double sumOfSquares(Tensor values) {
    int blocks = leavePartials(sumOfSquares, values);
    finishSum.launch(Grid.of(1, THREADS), partials, blocks, result);
    double[] sumOnHost = new double[1];
    context.stream().synchronize();
    Status.check(
        JCudaDriver.cuMemcpyDtoH(
            Pointer.to(sumOnHost), DeviceBuffer.of(result).pointer(), Double.BYTES),
        "download a sum");
    return sumOnHost[0];
  }
}
