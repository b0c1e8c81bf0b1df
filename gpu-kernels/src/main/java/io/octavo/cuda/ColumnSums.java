package io.octavo.cuda;

import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/**
 * The second half of sums over rows: a kernel leaves partial sums, some rows of all columns, in
 * scratch, and these are added up in an order that depends on nothing but their number.
 */
final class ColumnSums {

  /** Columns and threads of a block of add_partials. */
  private static final int COLUMNS = 16;

  private static final int THREADS = 512;

  private final Tensor partials;
  private final Kernel addPartials;

  /**
   * @param elements room for partial sums; wider rows get fewer of them
   */
  ColumnSums(CudaContext context, KernelModule module, int elements) {
    this.partials = context.reserve(DataType.F32, elements);
    this.addPartials = module.kernel("add_partials");
  }

  Tensor partials() {
    return partials;
  }

  /**
   * How many rows of partial sums there is room for.
   *
   * @throws IllegalArgumentException where there is not even one
   */
  int mostRows(int columns) {
    if (columns > partials.elements()) {
      throw new IllegalArgumentException(
          "Cannot sum %,d columns on cuda: there is room for %,d"
              .formatted(columns, partials.elements()));
    }
    return (int) (partials.elements() / columns);
  }

  /** Adds the column sums of the first {@code rows} rows of partial sums to {@code target}. */
  void addTo(Tensor target, int rows) {
    int columns = (int) target.elements();
    addPartials.launch(Grid.covering(columns, COLUMNS, THREADS), partials, rows, columns, target);
  }
}
