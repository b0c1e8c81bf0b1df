package io.octavo.reference;

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

/** The oracle: one thread, plain loops. */
public final class ReferenceBackend extends HostMemory {

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "plain Java loops, one thread";
  }

  @Override
  public QuantizeKernels quantize() {
    return new ReferenceQuantizeKernels();
  }

  @Override
  public GemmKernels gemm() {
    return new ReferenceGemmKernels();
  }

  @Override
  public NormKernels norm() {
    return new ReferenceNormKernels();
  }

  @Override
  public RotaryKernels rotary() {
    return new ReferenceRotaryKernels();
  }

  @Override
  public AttentionKernels attention() {
    return new ReferenceAttentionKernels();
  }

  @Override
  public ActivationKernels activation() {
    return new ReferenceActivationKernels();
  }

  @Override
  public EmbeddingKernels embedding() {
    return new ReferenceEmbeddingKernels();
  }

  @Override
  public LossKernels loss() {
    return new ReferenceLossKernels();
  }

  @Override
  public OptimizerKernels optimizer() {
    return new ReferenceOptimizerKernels();
  }

  @Override
  public LinearKernels linear() {
    return new ReferenceLinearKernels();
  }

  @Override
  public CacheKernels cache() {
    return new ReferenceCacheKernels();
  }

  @Override
  public SamplingKernels sampling() {
    return new HostSamplingKernels();
  }
}
