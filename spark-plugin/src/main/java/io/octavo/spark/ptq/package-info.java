/**
 * Quantization of model directories as a Spark job: a task for each decoder layer reads its
 * weights, casts them and writes their shard; the driver writes index and config and gives the
 * errors as a DataFrame.
 */
@NullMarked
package io.octavo.spark.ptq;

import org.jspecify.annotations.NullMarked;
