package io.octavo.cuda;

import io.octavo.kernel.ActivationKernels;
import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.BackendUnavailableException;
import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.CastingKernels;
import io.octavo.kernel.ComposedCasting;
import io.octavo.kernel.EmbeddingKernels;
import io.octavo.kernel.GemmKernels;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.LossKernels;
import io.octavo.kernel.NormKernels;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.kernel.Placement;
import io.octavo.kernel.QuantizeKernels;
import io.octavo.kernel.RotaryKernels;
import io.octavo.kernel.SamplingKernels;
import io.octavo.kernel.ServedLayers;
import io.octavo.kernel.Support;
import io.octavo.quant.Recipe;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.driver.JCudaDriver;

/** One GPU with one stream. Work is asynchronous; {@code download} and {@code synchronize} wait. */
public final class CudaBackend implements Backend {

  private final Device device;
  private final CudaContext context;
  private final Staging staging;
  private final CudaPlanning planning = new CudaPlanning();
  private final CublasLt cublasLt;
  private final GemmKernels gemm;
  private final CudaQuantizeKernels quantize;
  private final CudaOptimizerKernels optimizer;
  private final CudaNormKernels norm;
  private final CudaRotaryKernels rotary;
  private final CudaActivationKernels activation;
  private final CudaEmbeddingKernels embedding;
  private final CudaLossKernels loss;
  private final CudaAttentionKernels attention;
  private final CudaLinearKernels linear;
  private final CudaCacheKernels cache;
  private final CudaSamplingKernels sampling;
  private final CudaServedLayers servedLayers;
  private final CudaCastingKernels casting;
  private final AtomicInteger live = new AtomicInteger();

  private CudaBackend(Device device) {
    this.device = device;
    this.context = new CudaContext(device);
    this.staging = new Staging(context.stream());
    this.cublasLt =
        new CublasLt(
            context.stream(),
            BlockGemm.supports(device) ? Optional.of(new BlockGemm(context)) : Optional.empty());
    this.attention = new CudaAttentionKernels(context);
    this.gemm = gemm(ProductSummation.FAST, ProductSummation.PROMOTED);
    this.quantize = new CudaQuantizeKernels(context);
    this.optimizer = new CudaOptimizerKernels(context);
    this.norm = new CudaNormKernels(context);
    this.rotary = new CudaRotaryKernels(context);
    this.activation = new CudaActivationKernels(context);
    this.embedding = new CudaEmbeddingKernels(context);
    this.loss = new CudaLossKernels(context);
    this.linear = new CudaLinearKernels(this, context);
    this.cache = new CudaCacheKernels(context);
    this.sampling = new CudaSamplingKernels(context);
    this.servedLayers = new CudaServedLayers(linear, cache);
    this.casting =
        new CudaCastingKernels(
            context,
            new ComposedCasting(quantize, norm, activation, optimizer),
            new WeightUpdates(optimizer.update(), new TileUpdates(context, quantize), quantize));
  }

  /**
   * Opens a device by its number among those that this process may see.
   *
   * @throws BackendUnavailableException where this machine or this build lacks what it needs
   * @throws IllegalStateException where the driver refuses
   */
  public static CudaBackend open(int ordinal) {
    return open(Placement.of(1, ordinal));
  }

  /** Opens the device of a placement, as {@link #open(int)}. */
  static CudaBackend open(Placement placement) {
    if (CudaDriver.support() instanceof Support.Unsupported unsupported) {
      throw new BackendUnavailableException("Cannot open backend cuda: " + unsupported.reason());
    }
    return new CudaBackend(Device.open(DeviceAddresses.ordinal(placement)));
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public String description() {
    return "%s, sm_%d, %d multiprocessors, %,d MiB, cuBLASLt"
        .formatted(
            device.name(),
            device.capability(),
            device.multiprocessors(),
            device.memory().total() >> 20);
  }

  @Override
  public Buffer allocate(long bytes) {
    DeviceBuffer memory = DeviceBuffer.allocate(device, bytes, live::decrementAndGet);
    live.incrementAndGet();
    context.zero(memory);
    return memory;
  }

  /** Host memory for asynchronous copies; the caller closes it. */
  public PinnedBuffer pin(int bytes) {
    return new PinnedBuffer(device, bytes);
  }

  @Override
  public void upload(ByteBuffer source, Tensor target) {
    device.makeCurrent();
    context.stream().remember("(an upload)");
    staging.upload(source, DeviceBuffer.of(target));
  }

  /**
   * Appends a copy of the first bytes of {@code source}, which stay as they are until it is done.
   */
  public void upload(PinnedBuffer source, Tensor target) {
    device.makeCurrent();
    context.stream().remember("(an upload)");
    DeviceBuffer buffer = DeviceBuffer.of(target);
    Status.check(
        JCudaDriver.cuMemcpyHtoDAsync(
            buffer.pointer(), source.pointer(), buffer.bytes(), context.stream().handle()),
        "upload %,d bytes".formatted(buffer.bytes()));
  }

  @Override
  public void download(Tensor source, ByteBuffer target) {
    device.makeCurrent();
    staging.download(DeviceBuffer.of(source), target);
  }

  /** Appends a copy to the first bytes of {@code target}, there once the stream has got so far. */
  public void download(Tensor source, PinnedBuffer target) {
    device.makeCurrent();
    DeviceBuffer buffer = DeviceBuffer.of(source);
    Status.check(
        JCudaDriver.cuMemcpyDtoHAsync(
            target.pointer(), buffer.pointer(), buffer.bytes(), context.stream().handle()),
        "download %,d bytes".formatted(buffer.bytes()));
  }

  @Override
  public void copy(Tensor source, Tensor target) {
    device.makeCurrent();
    context.stream().remember("(a copy)");
    DeviceBuffer from = DeviceBuffer.of(source);
    Status.check(
        JCudaDriver.cuMemcpyDtoDAsync(
            DeviceBuffer.of(target).pointer(),
            from.pointer(),
            from.bytes(),
            context.stream().handle()),
        "copy %,d bytes".formatted(from.bytes()));
  }

  @Override
  public void zero(Tensor target) {
    context.zero(DeviceBuffer.of(target));
  }

  @Override
  public DataType activationType(Recipe recipe) {
    return planning.activationType(recipe);
  }

  @Override
  public StepGraph capture(Runnable work) {
    StepGraph graph = StepGraph.capture(context.stream(), work);
    graph.run();
    return graph;
  }

  @Override
  public boolean replaysSteps() {
    return true;
  }

  @Override
  public long ownBytes() {
    return planning.ownBytes();
  }

  @Override
  public long freeBytes() {
    return device.memory().free();
  }

  @Override
  public QuantizeKernels quantize() {
    return quantize;
  }

  @Override
  public GemmKernels gemm() {
    return gemm;
  }

  /** Products whose FP8 sums are taken as chosen, sharing the algorithms found so far. */
  GemmKernels gemm(ProductSummation forward, ProductSummation gradients) {
    return new CudaGemmKernels(cublasLt, forward, gradients);
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
  public ServedLayers servedLayers() {
    return servedLayers;
  }

  @Override
  public CastingKernels casting() {
    return casting;
  }

  /** The library of products, for what it has chosen. */
  CublasLt cublasLt() {
    return cublasLt;
  }

  /** What the op families share. */
  CudaContext context() {
    return context;
  }

  /** The order of this backend's work. */
  Stream stream() {
    return context.stream();
  }

  @Override
  public void synchronize() {
    context.stream().synchronize();
  }

  /**
   * Ends the backend.
   *
   * @throws IllegalStateException where buffers are still open
   */
  @Override
  public void close() {
    synchronize();
    cublasLt.close();
    staging.close();
    context.close();
    device.close();
    if (live.get() != 0) {
      throw new IllegalStateException(
          "Cannot close backend cuda: %d buffers are still open".formatted(live.get()));
    }
  }
}
