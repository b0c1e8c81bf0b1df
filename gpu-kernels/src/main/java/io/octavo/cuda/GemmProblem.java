package io.octavo.cuda;

/**
 * What decides which algorithm of cuBLASLt is fastest for {@code D[M,N] = A[M,K] B[N,K]^T + C}.
 *
 * @param a types, order and alignment of A
 * @param b types, order and alignment of B
 * @param result how an element of C and D is stored
 * @param resultAlignment bytes that the addresses of C and D are multiples of
 * @param addend what C is
 * @param summation how FP8 products are summed
 * @param workspaceBytes scratch that an algorithm may use
 */
record GemmProblem(
    long m,
    long n,
    long k,
    Side a,
    Side b,
    GemmElement result,
    int resultAlignment,
    Addend addend,
    ProductSummation summation,
    long workspaceBytes) {

  /** Alignments above this make no difference. */
  private static final int MOST_ALIGNMENT = 256;

  /** What is added to the product. */
  enum Addend {
    NONE,
    /** What D holds. */
    TARGET,
    /** Another matrix, which stays as it is. */
    OTHER
  }

  /** One operand without its addresses; its alignment is that of scales of groups or blocks too. */
  record Side(GemmElement element, GemmScaling scaling, GemmOperand.Order order, int alignment) {

    static Side of(GemmOperand operand) {
      return new Side(
          operand.element(),
          operand.scaling(),
          operand.order(),
          GemmProblem.alignment(
              operand.scaling().isBlockwise()
                  ? operand.address() | operand.scales()
                  : operand.address()));
    }

    @Override
    public String toString() {
      return element
          + (scaling == GemmScaling.NONE ? "" : " by " + scaling)
          + (order == GemmOperand.Order.CONTRACTED_LAST ? "" : ", contracted first");
    }
  }

  /** The power of two that an address is a multiple of. */
  static int alignment(long address) {
    return (int) Math.min(MOST_ALIGNMENT, Long.lowestOneBit(address | MOST_ALIGNMENT));
  }

  @Override
  public String toString() {
    return "[%d, %d] of %s times [%d, %d] of %s to %s%s"
        .formatted(m, k, a, n, k, b, result, addend == Addend.NONE ? "" : " plus " + addend);
  }
}
