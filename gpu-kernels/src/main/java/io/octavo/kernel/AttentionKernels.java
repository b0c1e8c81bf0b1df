package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/**
 * Causal self-attention with grouped-query heads over packed documents, never materialising {@code
 * T x T}.
 *
 * <p>{@code q[M, Hq*D]}, {@code k, v[M, Hkv*D]}, {@code M = B T}; query head {@code h} uses
 * key/value head {@code h / (Hq/Hkv)}. Row {@code b T + i} attends to rows {@code b T + j} with
 * {@code start[b T + i] <= j <= i}: {@code documentStart} is the position within the sequence where
 * the row's document begins, 0 when the sequence is one document.
 */
public interface AttentionKernels {

  /** Extents of one attention call. */
  record Geometry(int batch, int time, int queryHeads, int keyValueHeads, int headSize) {

    public Geometry {
      if (queryHeads % keyValueHeads != 0) {
        throw new IllegalArgumentException(
            "Invalid attention heads: %d query heads are not a multiple of %d key/value heads"
                .formatted(queryHeads, keyValueHeads));
      }
    }

    /** Rows {@code B T}. */
    public int rows() {
      return batch * time;
    }

    /** The usual score scale {@code 1 / sqrt(D)}. */
    public float scale() {
      return (float) (1.0 / Math.sqrt(headSize));
    }
  }

  /**
   * Writes {@code out[M, Hq*D]} and the log-sum-exp of each row's scores, {@code lse[M, Hq]}
   * (natural log, of scaled scores).
   *
   * @param documentStart {@code I32 [M]}
   */
  void forward(
      Geometry geometry,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor documentStart,
      Tensor out,
      Tensor lse);

  /** Overwrites {@code dq}, {@code dk}, {@code dv} with the gradients of {@link #forward}. */
  void backward(
      Geometry geometry,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dq,
      Tensor dk,
      Tensor dv);
}
