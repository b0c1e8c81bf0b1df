package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/**
 * Causal self-attention with grouped-query heads over packed documents, never materialising {@code
 * T x T}.
 *
 * <p>{@code qkv[M, (Hq + 2 Hkv) D]}, {@code M = B T}: a row holds its query heads, then its key
 * heads, then its value heads, as one projection leaves them. Query head {@code h} uses key/value
 * head {@code h / (Hq/Hkv)}. Row {@code b T + i} attends to rows {@code b T + j} with {@code
 * start[b T + i] <= j <= i}: {@code documentStart} is the position within the sequence where the
 * row's document begins, 0 when the sequence is one document.
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

    /** Columns of the queries, and of the result: {@code Hq D}. */
    public int queryWidth() {
      return queryHeads * headSize;
    }

    /** Columns of queries, keys and values together. */
    public int qkvWidth() {
      return (queryHeads + 2 * keyValueHeads) * headSize;
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
  void forward(Geometry geometry, Tensor qkv, Tensor documentStart, Tensor out, Tensor lse);

  /** F32 elements of scratch that {@link #backward} needs. */
  long workspaceElements(Geometry geometry);

  /**
   * Overwrites {@code dqkv} with the gradients of {@link #forward}.
   *
   * @param workspace F32, at least {@link #workspaceElements}
   */
  void backward(
      Geometry geometry,
      Tensor qkv,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dqkv,
      Tensor workspace);
}
