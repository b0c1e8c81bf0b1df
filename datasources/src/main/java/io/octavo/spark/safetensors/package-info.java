/**
 * {@code spark.read().format("safetensors").load(directory)}: one row a tensor, with statistics of
 * its numbers. Statistics are computed only where they are asked for; without them no tensor is
 * read.
 */
@NullMarked
package io.octavo.spark.safetensors;

import org.jspecify.annotations.NullMarked;
