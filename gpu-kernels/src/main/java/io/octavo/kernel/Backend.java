package io.octavo.kernel;

import io.octavo.quant.Recipe;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;

/** A device with its memory and its kernels. Used by one thread at a time. */
public interface Backend extends AutoCloseable {

  /** How a backend is found: named in {@code META-INF/services}, asked once by {@link Backends}. */
  interface Provider {

    /** The {@link Backend#name} of what it opens. */
    String name();

    /** Which of several supported backends is taken where none is asked for: the highest. */
    int preference();

    /** Whether this machine has what the backend needs; loads native code, allocates nothing. */
    Support probe();

    /** What planning must know of it; needs no device and probes none. */
    Planning planning();

    /** Opens the backend. */
    Backend open(Placement placement);
  }

  /**
   * Short name as in {@code spark.octavo.backend}: {@code reference}, {@code cpu}, {@code cuda}.
   */
  String name();

  /** One line on the device: processor, threads, instruction set. */
  String description();

  /** Zeroed memory of {@code bytes} bytes, seen as U8; the caller closes it. */
  Buffer allocate(long bytes);

  /** Copies host bytes (native order, {@code source.remaining()} long) to {@code target}. */
  void upload(ByteBuffer source, Tensor target);

  /** Copies {@code source} to host bytes (native order, {@code target.remaining()} long). */
  void download(Tensor source, ByteBuffer target);

  /** Copies elements of equal type and count. */
  void copy(Tensor source, Tensor target);

  /** Sets every byte to zero. */
  void zero(Tensor target);

  QuantizeKernels quantize();

  GemmKernels gemm();

  NormKernels norm();

  RotaryKernels rotary();

  AttentionKernels attention();

  ActivationKernels activation();

  EmbeddingKernels embedding();

  LossKernels loss();

  OptimizerKernels optimizer();

  /** Layers and updates whose results are cast at once. */
  default CastingKernels casting() {
    return new ComposedCasting(quantize(), norm(), activation(), optimizer());
  }

  /** Linear layers of served models. */
  default LinearKernels linear() {
    throw cannotServe();
  }

  /** Keys and values of served models. */
  default CacheKernels cache() {
    throw cannotServe();
  }

  /** Next tokens of served models. */
  default SamplingKernels sampling() {
    throw cannotServe();
  }

  /** Runs of operations in layers of served models. */
  default ServedLayers servedLayers() {
    return new ComposedLayers(this);
  }

  private UnsupportedOperationException cannotServe() {
    return new UnsupportedOperationException(
        "Cannot serve models on backend %s: it trains only; set spark.octavo.serve.backend=cpu"
            .formatted(name()));
  }

  /** How activations are stored between layers: BF16 where the device computes in it, else F32. */
  DataType activationType(Recipe recipe);

  /**
   * Runs {@code work}, which only gives work to this backend, and returns what gives the same work
   * again on the same memory, with one call where the device can. Nothing in {@code work} may wait
   * for the device, and all of it has run once before, so that nothing is chosen or made in it.
   */
  Replay capture(Runnable work);

  /** Whether work that is captured costs the host less than the work itself. */
  default boolean replaysSteps() {
    return false;
  }

  /** Bytes this backend takes for itself beside what callers allocate. */
  long ownBytes();

  /** Bytes that can still be allocated; the largest number where the device does not say. */
  long freeBytes();

  /** Waits until all work given so far is done. */
  void synchronize();

  @Override
  void close();
}
