package io.octavo.cpu;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/** OpenBLAS's sgemm on row-major matrices, one thread a call: the callers share out the work. */
final class Blas {

  /** Elements that workspace parts start at multiples of. */
  static final int ALIGNMENT = 16;

  private static final int ROW_MAJOR = 101;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;

  private Blas() {}

  /**
   * Loads OpenBLAS and keeps it to the calling thread, for the whole process.
   *
   * @throws LinkageError where this machine has no build of it
   */
  static void load() {
    openblas_nolapack.blas_set_num_threads(1);
  }

  /** {@code C[m,n] = alpha op(A)[m,k] op(B)[k,n] + beta C}; strides are of the stored matrices. */
  static void sgemm(
      boolean aTransposed,
      boolean bTransposed,
      int m,
      int n,
      int k,
      float alpha,
      FloatPointer a,
      int aStride,
      FloatPointer b,
      int bStride,
      float beta,
      FloatPointer c,
      int cStride) {
    openblas_nolapack.cblas_sgemm(
        ROW_MAJOR,
        aTransposed ? TRANSPOSED : PLAIN,
        bTransposed ? TRANSPOSED : PLAIN,
        m,
        n,
        k,
        alpha,
        a,
        aStride,
        b,
        bStride,
        beta,
        c,
        cStride);
  }
}
