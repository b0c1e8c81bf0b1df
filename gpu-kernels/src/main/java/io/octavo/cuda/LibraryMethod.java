package io.octavo.cuda;

import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;

/**
 * An algorithm that cuBLASLt proposed for a product.
 *
 * @param rank its place among the proposals, 0 cuBLASLt's favourite
 */
record LibraryMethod(
    CublasLt library, GemmPlan plan, cublasLtMatmulHeuristicResult_t proposal, int rank)
    implements GemmMethod {

  @Override
  public String name() {
    return "cuBLASLt " + rank;
  }

  @Override
  public int run(GemmOperand a, GemmOperand b, GemmAddresses at) {
    plan.pointAtScales(a, b);
    return plan.run(library, proposal.algo(), at);
  }
}
