package io.octavo.cpu;

import io.octavo.kernel.ActivationKernels;
import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.EmbeddingKernels;
import io.octavo.kernel.GemmKernels;
import io.octavo.kernel.HostMemory;
import io.octavo.kernel.HostSamplingKernels;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.LossKernels;
import io.octavo.kernel.NormKernels;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.kernel.QuantizeKernels;
import io.octavo.kernel.RotaryKernels;
import io.octavo.kernel.SamplingKernels;

/** The host on a fixed number of threads, the caller's included. */
public final class CpuBackend extends HostMemory {

  private final Workers workers;
  private final FloatLoops loops;
  private final NativeScratch scratch = new NativeScratch();
  private final QuantizeKernels quantize;
  private final GemmKernels gemm;
  private final NormKernels norm;
  private final RotaryKernels rotary;
  private final AttentionKernels attention;
  private final ActivationKernels activation;
  private final EmbeddingKernels embedding;
  private final LossKernels loss;
  private final OptimizerKernels optimizer;
  private final LinearKernels linear;
  private final CacheKernels cache;
  private final SamplingKernels sampling = new HostSamplingKernels();

  /**
   * A backend on {@code threads} threads.
   *
   * @throws IllegalArgumentException where there is less than one
   */
  public CpuBackend(int threads) {
    this(threads, FloatLoops.best(), PanelLoops.best(), CacheLoops.best());
  }

  CpuBackend(int threads, FloatLoops loops) {
    this(threads, loops, new ScalarPanelLoops(), new ScalarCacheLoops());
  }

  private CpuBackend(int threads, FloatLoops loops, PanelLoops panelLoops, CacheLoops cacheLoops) {
    if (threads < 1) {
      throw new IllegalArgumentException("Invalid threads: " + threads + " (expected 1 or more)");
    }
    Blas.load();
    this.workers = new Workers(threads);
    this.loops = loops;
    Tiles tiles = new Tiles(workers);
    quantize = new CpuQuantizeKernels(tiles, loops);
    gemm = new CpuGemmKernels(tiles, threads);
    norm = new CpuNormKernels(tiles, loops);
    rotary = new CpuRotaryKernels(tiles);
    attention = new CpuAttentionKernels(tiles, loops, scratch);
    activation = new CpuActivationKernels(tiles, loops);
    embedding = new CpuEmbeddingKernels(tiles);
    loss = new CpuLossKernels(tiles, loops);
    optimizer = new CpuOptimizerKernels(tiles, loops);
    linear = new CpuLinearKernels(tiles, loops, panelLoops);
    cache = new CpuCacheKernels(tiles, loops, cacheLoops);
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return "%d threads, %s loops, OpenBLAS".formatted(workers.threads(), loops.name());
  }

  @Override
  public QuantizeKernels quantize() {
    return quantize;
  }

  @Override
  public GemmKernels gemm() {
    return gemm;
  }

  @Override
  public NormKernels norm() {
    return norm;
  }

  @Override
  public RotaryKernels rotary() {
    return rotary;
  }

  @Override
  public AttentionKernels attention() {
    return attention;
  }

  @Override
  public ActivationKernels activation() {
    return activation;
  }

  @Override
  public EmbeddingKernels embedding() {
    return embedding;
  }

  @Override
  public LossKernels loss() {
    return loss;
  }

  @Override
  public OptimizerKernels optimizer() {
    return optimizer;
  }

  @Override
  public LinearKernels linear() {
    return linear;
  }

  @Override
  public CacheKernels cache() {
    return cache;
  }

  @Override
  public SamplingKernels sampling() {
    return sampling;
  }

  @Override
  public void close() {
    workers.close();
    scratch.close();
    super.close();
  }
}
