package io.octavo.cuda;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.global.cublas;

/**
 * cuBLASLt on one stream, with the algorithm of each product found once by measuring; where our own
 * kernels are faster they compute it.
 */
final class CublasLt implements AutoCloseable {

  /** A described product and how it is computed. */
  private record Prepared(GemmPlan plan, GemmAlgorithm algorithm) {}

  private final Stream stream;
  private final Optional<BlockGemm> own;
  private final cublasLtContext handle = new cublasLtContext();
  private final Map<GemmProblem, Prepared> prepared = new HashMap<>();

  CublasLt(Stream stream, Optional<BlockGemm> own) {
    this.stream = stream;
    this.own = own;
    stream.device().makeCurrent();
    CublasStatus.check(cublas.cublasLtCreate(handle), "start cuBLASLt");
  }

  cublasLtContext handle() {
    return handle;
  }

  Stream stream() {
    return stream;
  }

  /**
   * Appends {@code D = A B^T + C} to the stream. The first product of a kind chooses its algorithm
   * by running several, on this data.
   *
   * @throws IllegalStateException where the first one comes while a step is being captured
   */
  void multiply(GemmProblem problem, GemmOperand a, GemmOperand b, GemmAddresses at) {
    stream.device().makeCurrent();
    Prepared known = prepared.get(problem);
    if (known == null) {
      known = prepare(problem, a, b, at);
      prepared.put(problem, known);
    }
    int status = known.algorithm().method().run(a, b, at);
    if (status != 0) {
      CublasStatus.check(status, "multiply " + problem);
    }
    stream.remember("gemm");
  }

  private Prepared prepare(GemmProblem problem, GemmOperand a, GemmOperand b, GemmAddresses at) {
    if (stream.isCapturing()) {
      throw new IllegalStateException(
          "Cannot choose an algorithm for %s while a step is captured: run the step once before"
              .formatted(problem));
    }
    GemmPlan plan = new GemmPlan(problem);
    plan.pointAtScales(a, b);
    return new Prepared(plan, new AlgorithmSearch(this, own).search(plan, a, b, at));
  }

  /** What was chosen for each product so far, in no order. */
  Map<GemmProblem, GemmAlgorithm> choices() {
    Map<GemmProblem, GemmAlgorithm> choices = new LinkedHashMap<>();
    prepared.forEach((problem, known) -> choices.put(problem, known.algorithm()));
    return choices;
  }

  @Override
  public void close() {
    prepared.values().forEach(known -> known.plan().close());
    CublasStatus.check(cublas.cublasLtDestroy(handle), "end cuBLASLt");
  }
}
