package io.octavo.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Takes the fastest way to compute a product by running each: cuBLASLt's proposals, whose own order
 * is a guess that is often several percent off, and kernels of our own.
 */
final class AlgorithmSearch {

  private static final int CANDIDATES = 8;
  private static final int ROUNDS = 5;

  /** A timing shorter than this is mostly the launch: runs in a row make it up. */
  private static final double LEAST_MILLISECONDS = 0.25;

  private static final int MOST_RUNS = 20;

  /** Below this gain the first proposal stays: a choice should not hang on noise. */
  private static final double WORTHWHILE = 0.985;

  private final CublasLt library;
  private final Optional<BlockGemm> own;

  AlgorithmSearch(CublasLt library, Optional<BlockGemm> own) {
    this.library = library;
    this.own = own;
  }

  /**
   * The fastest algorithm for {@code plan} on the given operands. Runs the product several times;
   * where something is added, which may be the target itself, the target is spared by taking
   * scratch of its size for the time.
   */
  GemmAlgorithm search(GemmPlan plan, GemmOperand a, GemmOperand b, GemmAddresses at) {
    GemmProblem problem = plan.problem();
    List<GemmMethod> candidates = new ArrayList<>(proposals(plan));
    own.ifPresent(kernels -> candidates.addAll(kernels.methods(problem)));
    if (candidates.isEmpty()) {
      throw unsupported(problem);
    }
    if (problem.addend() == GemmProblem.Addend.NONE) {
      return fastest(candidates, a, b, at);
    }
    long bytes = problem.m() * problem.n() * problem.result().bytes();
    if (library.stream().device().memory().free() < bytes + (64L << 20)) {
      return new GemmAlgorithm(candidates.get(0), 0, 1);
    }
    try (DeviceBuffer scratch =
        DeviceBuffer.allocate(library.stream().device(), bytes, AlgorithmSearch::keep)) {
      return fastest(candidates, a, b, at.withResult(scratch.address()));
    }
  }

  private static void keep() {
    // The scratch is not counted among the backend's buffers.
  }

  private static IllegalArgumentException unsupported(GemmProblem problem) {
    String remedy =
        problem.a().element().isFp8()
            ? ": FP8 products need extents and addresses that are multiples of 16, both operands"
                + " contracted along their last axis, and one of them E4M3"
            : ": cuBLASLt has no algorithm for these types";
    return new IllegalArgumentException("Cannot multiply " + problem + remedy);
  }

  private GemmAlgorithm fastest(
      List<GemmMethod> candidates, GemmOperand a, GemmOperand b, GemmAddresses at) {
    double[] best = new double[candidates.size()];
    Arrays.fill(best, Double.POSITIVE_INFINITY);
    try (Event start = new Event(library.stream().device());
        Event end = new Event(library.stream().device())) {
      for (GemmMethod candidate : candidates) {
        time(candidate, a, b, at, 1, start, end); // loads code
      }
      double once = time(candidates.get(0), a, b, at, 1, start, end);
      int runs = (int) Math.max(1, Math.min(MOST_RUNS, LEAST_MILLISECONDS / once));
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < best.length; i++) {
          best[i] = Math.min(best[i], time(candidates.get(i), a, b, at, runs, start, end));
        }
      }
    }
    int chosen = 0;
    for (int i = 1; i < best.length; i++) {
      if (best[i] < best[chosen] && best[i] < WORTHWHILE * best[0]) {
        chosen = i;
      }
    }
    return new GemmAlgorithm(candidates.get(chosen), best[chosen], best[0] / best[chosen]);
  }

  private double time(
      GemmMethod candidate,
      GemmOperand a,
      GemmOperand b,
      GemmAddresses at,
      int runs,
      Event start,
      Event end) {
    int status = 0;
    start.record(library.stream());
    for (int run = 0; run < runs && status == 0; run++) {
      status = candidate.run(a, b, at);
    }
    end.record(library.stream());
    end.synchronize();
    return status == 0 ? end.millisecondsSince(start) / runs : Double.POSITIVE_INFINITY;
  }

  private List<GemmMethod> proposals(GemmPlan plan) {
    cublasLtMatmulHeuristicResult_t results = new cublasLtMatmulHeuristicResult_t(CANDIDATES);
    try (cublasLtMatmulPreferenceOpaque_t preference = preference(plan.problem());
        IntPointer found = new IntPointer(1).put(0)) {
      int status =
          cublas.cublasLtMatmulAlgoGetHeuristic(
              library.handle(),
              plan.description(),
              plan.first(),
              plan.second(),
              plan.result(),
              plan.result(),
              preference,
              CANDIDATES,
              results,
              found);
      if (status != CublasStatus.NOT_SUPPORTED && status != 7) {
        CublasStatus.check(status, "ask for algorithms of " + plan.problem());
      }
      List<GemmMethod> list = new ArrayList<>();
      for (int i = 0; i < found.get(); i++) {
        cublasLtMatmulHeuristicResult_t one = results.getPointer(i);
        if (one.state() == 0) {
          list.add(new LibraryMethod(library, plan, one, i));
        }
      }
      return list;
    }
  }

  private static cublasLtMatmulPreferenceOpaque_t preference(GemmProblem problem) {
    cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t();
    CublasStatus.check(cublas.cublasLtMatmulPreferenceInit(preference), "describe preferences");
    try (LongPointer bytes = new LongPointer(1).put(problem.workspaceBytes())) {
      set(preference, cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, Long.BYTES);
    }
    // Sums over parts of K in a fixed order and in FP32: never by atomics, never in the result.
    int schemes =
        cublas.CUBLASLT_REDUCTION_SCHEME_NONE | cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    set(preference, cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
    set(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, problem.b().alignment());
    set(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, problem.a().alignment());
    set(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, problem.resultAlignment());
    set(preference, cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, problem.resultAlignment());
    return preference;
  }

  private static void set(cublasLtMatmulPreferenceOpaque_t preference, int attribute, int value) {
    try (IntPointer memory = new IntPointer(1).put(value)) {
      set(preference, attribute, memory, Integer.BYTES);
    }
  }

  private static void set(
      cublasLtMatmulPreferenceOpaque_t preference, int attribute, Pointer value, long bytes) {
    CublasStatus.check(
        cublas.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes),
        "set preference " + attribute);
  }
}
