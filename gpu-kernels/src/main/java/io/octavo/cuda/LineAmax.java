package io.octavo.cuda;

/**
 * Room for the amax of every row of a matrix and then of every column, all 0.
 *
 * @param ofRows address of the first row's, 0 where they are not wanted
 * @param ofColumns address of the first column's, 0 where they are not wanted
 * @param all as casts with a scale a row read them
 */
record LineAmax(long ofRows, long ofColumns, TensorAmax all) {}
