package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Attention on tensor cores where there is a kernel for them (Hopper, BF16, heads of 64 or 128
 * columns), else by the plain kernels, which take everything else and are slow.
 */
final class CudaAttentionKernels implements AttentionKernels {

  private final PlainAttention plainF32;
  private final PlainAttention plainBf16;
  private final Map<Integer, HopperAttention> byHeadSize = new HashMap<>();

  CudaAttentionKernels(CudaContext context) {
    KernelModule plain = context.module("attention");
    plainF32 = new PlainAttention(plain, DataType.F32);
    plainBf16 = new PlainAttention(plain, DataType.BF16);
    if (HopperAttentionLaunch.supports(context.device())) {
      KernelModule forward = context.module("attention_forward");
      KernelModule backward = context.module("attention_backward");
      for (int headSize : HopperAttentionLaunch.HEAD_SIZES) {
        byHeadSize.put(headSize, new HopperAttention(context, forward, backward, headSize));
      }
    }
  }

  @Override
  public void forward(Geometry g, Tensor qkv, Tensor documentStart, Tensor out, Tensor lse) {
    HopperAttention fast = byHeadSize.get(g.headSize());
    if (fast != null && qkv.type() == DataType.BF16) {
      fast.forward(g, qkv, documentStart, out, lse);
    } else {
      plain(g, qkv).forward(g, qkv, documentStart, out, lse);
    }
  }

  @Override
  public long workspaceElements(Geometry g) {
    return new AttentionWorkspace(g).elements();
  }

  @Override
  public void backward(
      Geometry g,
      Tensor qkv,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dqkv,
      Tensor workspace) {
    HopperAttention fast = byHeadSize.get(g.headSize());
    if (fast != null && qkv.type() == DataType.BF16) {
      fast.backward(g, qkv, documentStart, out, lse, dout, dqkv, workspace);
    } else {
      Tensor delta = new AttentionWorkspace(g).delta(workspace);
      plain(g, qkv).backward(g, qkv, documentStart, out, lse, dout, dqkv, delta);
    }
  }

  private PlainAttention plain(Geometry g, Tensor qkv) {
    if (g.headSize() > PlainAttention.LARGEST_HEAD) {
      throw new IllegalArgumentException(
          "Cannot attend with heads of %d columns on cuda: at most %d"
              .formatted(g.headSize(), PlainAttention.LARGEST_HEAD));
    }
    return qkv.type() == DataType.F32 ? plainF32 : plainBf16;
  }
}
