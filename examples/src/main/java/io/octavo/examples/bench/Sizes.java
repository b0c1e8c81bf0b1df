package io.octavo.examples.bench;

import io.octavo.kernel.AttentionKernels.Geometry;
import java.util.List;

/**
 * How much is measured.
 *
 * @param name as it is given by option
 * @param copyBytes of the copy that bandwidths are compared with
 * @param rows tokens: rows of activations
 * @param hidden columns of the residual stream
 * @param feedForward columns of SwiGLU's result
 * @param vocabulary rows of the embedding table
 * @param products shapes of matrix products
 * @param castProducts shapes of matrix products that are measured with their casts
 * @param attention extents of attention
 * @param parameters of an optimizer step, a multiple of 128
 * @param training models and batches that are trained with each recipe
 * @param warmup training steps before those that count
 * @param steps training steps that count
 */
record Sizes(
    String name,
    long copyBytes,
    int rows,
    int hidden,
    int feedForward,
    int vocabulary,
    List<ProductShape> products,
    List<ProductShape> castProducts,
    List<Geometry> attention,
    long parameters,
    List<String> training,
    int warmup,
    int steps) {

  /** {@code y[M,N] = x[M,K] w[N,K]^T}. */
  record ProductShape(int m, int n, int k) {

    /** Multiplications and additions of one product. */
    double flops() {
      return 2.0 * m * n * k;
    }

    @Override
    public String toString() {
      return m + "x" + n + "x" + k;
    }
  }

  /** For an accelerator: the shapes of models of 0.1 to 7 billion weights. */
  static final Sizes LARGE =
      new Sizes(
          "large",
          2L << 30,
          16384,
          4096,
          11008,
          32000,
          List.of(
              new ProductShape(8192, 8192, 8192),
              new ProductShape(16384, 4096, 4096),
              new ProductShape(16384, 16384, 4096),
              new ProductShape(16384, 4096, 16384),
              new ProductShape(4096, 22016, 4096),
              new ProductShape(16384, 2560, 2048),
              new ProductShape(16384, 11264, 2048),
              new ProductShape(16384, 2048, 5632),
              new ProductShape(65536, 4096, 768)),
          List.of(
              new ProductShape(16384, 4096, 4096),
              new ProductShape(16384, 16384, 4096),
              new ProductShape(16384, 4096, 16384)),
          List.of(
              new Geometry(8, 2048, 32, 32, 64),
              new Geometry(8, 2048, 32, 4, 64),
              new Geometry(64, 1024, 12, 12, 64),
              new Geometry(8, 2048, 32, 32, 128),
              new Geometry(4, 4096, 32, 32, 128)),
          128L << 20,
          List.of("m124:64x1024", "m350:32x1024", "b1:8x2048", "b7:2x2048"),
          5,
          10);

  /** For a host. */
  static final Sizes SMALL =
      new Sizes(
          "small",
          256L << 20,
          1024,
          512,
          1408,
          4096,
          List.of(new ProductShape(512, 512, 512), new ProductShape(1024, 1408, 512)),
          List.of(new ProductShape(1024, 1408, 512)),
          List.of(new Geometry(1, 256, 4, 2, 64), new Geometry(1, 256, 2, 2, 128)),
          4L << 20,
          List.of("byte-tiny:4x128"),
          2,
          3);

  /** To see that everything runs. */
  static final Sizes TINY =
      new Sizes(
          "tiny",
          1L << 16,
          24,
          128,
          160,
          97,
          List.of(new ProductShape(16, 32, 48)),
          List.of(new ProductShape(16, 32, 48)),
          List.of(new Geometry(1, 13, 2, 1, 64), new Geometry(1, 7, 1, 1, 128)),
          1024,
          List.of("byte-nano:2x13"),
          2,
          1);

  /**
   * Sizes of a name.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  static Sizes of(String name) {
    return List.of(LARGE, SMALL, TINY).stream()
        .filter(sizes -> sizes.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid --sizes: %s (expected large, small or tiny)".formatted(name)));
  }

  /** What suits a backend of that name. */
  static Sizes suiting(String backend) {
    return backend.equals("cuda") ? LARGE : SMALL;
  }
}
