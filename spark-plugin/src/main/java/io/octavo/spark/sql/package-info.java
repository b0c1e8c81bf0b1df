/**
 * Functions of SQL: quantized models and quantized vectors.
 *
 * <p>{@code octavo_generate}, {@code octavo_score}, {@code octavo_embed} and {@code octavo_tokens}
 * are calls of a model. A call is a Catalyst expression that is never evaluated row by row: a rule
 * of the optimizer lifts it out of whatever operator it stands in into a node of its own below,
 * whose physical operator hands the rows of a columnar batch to the executor's copy of the model
 * together. {@code octavo_quantize}, {@code octavo_dequantize} and {@code octavo_similarity} are
 * ordinary functions of one row.
 *
 * <p>Everything that touches Catalyst is here.
 */
@NullMarked
package io.octavo.spark.sql;

import org.jspecify.annotations.NullMarked;
