package io.octavo.cpu;

/** Formats of codes that have scales within a row. */
enum GroupedCodes {
  INT8,
  E4M3,
  INT4,
  E2M1;

  /** Columns that are in a byte. */
  int columnsOfByte() {
    return this == INT4 || this == E2M1 ? 2 : 1;
  }
}
