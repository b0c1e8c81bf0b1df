package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** Rows of a table by token id. */
public interface EmbeddingKernels {

  /** {@code out[m] = table[ids[m]]}; {@code table[V,C]}, {@code ids I32 [M]}, {@code out[M,C]}. */
  void gather(Tensor table, Tensor ids, Tensor out);

  /** {@code dtable[ids[m]] += dout[m]}, in the order of {@code m} for each row. */
  void scatterAdd(Tensor dout, Tensor ids, Tensor dtable);
}
