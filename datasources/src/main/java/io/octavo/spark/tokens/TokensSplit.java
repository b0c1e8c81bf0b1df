package io.octavo.spark.tokens;

import org.apache.spark.sql.connector.read.InputPartition;

/**
 * Bytes {@code [from, to)} of a file: the documents that start there.
 *
 * @param index of the split among all, the upper part of row ids
 * @param whole whether the file is one document
 */
record TokensSplit(int index, String path, String format, boolean whole, long from, long to)
    implements InputPartition {}
