package io.octavo.quant;

/** How many neighbouring elements of a matrix share one scale. */
public sealed interface Granularity {

  /** Rows of the matrix of scales that a matrix of {@code rows} rows has. */
  long scaleRows(long rows);

  /** Columns of the matrix of scales that a matrix of {@code columns} columns has. */
  long scaleColumns(long columns);

  /**
   * How the cast of the transposed matrix shares scales. Groups lie along rows and stay so: their
   * transposed cast is another cast, of groups along what were columns.
   */
  Granularity ofTransposed();

  /** Whether the cast of the transposed matrix has the transposed numbers of the matrix's cast. */
  boolean transposesExactly();

  /** One scale for the whole tensor. */
  record PerTensor() implements Granularity {
    @Override
    public long scaleRows(long rows) {
      return 1;
    }

    @Override
    public long scaleColumns(long columns) {
      return 1;
    }

    @Override
    public Granularity ofTransposed() {
      return this;
    }

    @Override
    public boolean transposesExactly() {
      return true;
    }
  }

  /** One scale for each row. */
  record PerRow() implements Granularity {
    @Override
    public long scaleRows(long rows) {
      return rows;
    }

    @Override
    public long scaleColumns(long columns) {
      return 1;
    }

    @Override
    public Granularity ofTransposed() {
      return this;
    }

    @Override
    public boolean transposesExactly() {
      return false;
    }
  }

  /**
   * One scale for each {@code 1 x columns} group along a row; the last group of a row may be short.
   */
  record Group(int columns) implements Granularity {
    public Group {
      if (columns < 1) {
        throw new IllegalArgumentException(
            "Invalid group: " + columns + " (expected 1 column or more)");
      }
    }

    @Override
    public long scaleRows(long rows) {
      return rows;
    }

    @Override
    public long scaleColumns(long columns) {
      return (columns + this.columns - 1) / this.columns;
    }

    @Override
    public Granularity ofTransposed() {
      return this;
    }

    @Override
    public boolean transposesExactly() {
      return false;
    }
  }

  /** One scale for each {@code rows x columns} block; blocks at the edges may be smaller. */
  record Block(int rows, int columns) implements Granularity {
    public Block {
      if (rows < 1 || columns < 1) {
        throw new IllegalArgumentException(
            "Invalid block: %d x %d (expected 1 x 1 or more)".formatted(rows, columns));
      }
    }

    @Override
    public long scaleRows(long rows) {
      return (rows + this.rows - 1) / this.rows;
    }

    @Override
    public long scaleColumns(long columns) {
      return (columns + this.columns - 1) / this.columns;
    }

    @Override
    public Granularity ofTransposed() {
      return new Block(columns, rows);
    }

    @Override
    public boolean transposesExactly() {
      return true;
    }
  }
}
