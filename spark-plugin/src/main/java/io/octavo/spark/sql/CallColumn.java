package io.octavo.spark.sql;

import java.io.Serializable;
import org.apache.spark.sql.types.DataType;

/**
 * A call as a task runs it.
 *
 * @param text place of the texts among the child's columns
 * @param type of the answers
 */
record CallColumn(ModelFunction function, CallOptions options, int text, DataType type)
    implements Serializable {}
