/**
 * From a DataFrame to the samples of every step, in an order that depends on the data and the seed
 * alone.
 *
 * <p>{@link io.octavo.spark.feed.SampleBuilder} orders documents by a hash of their content, packs
 * them and numbers the samples. {@link io.octavo.spark.feed.EpochOrder} orders the samples of each
 * epoch by a hash of seed, epoch and number; the place in that order decides step and rank. {@link
 * io.octavo.spark.feed.ArrowFeed} hands a rank its steps as Arrow batches, built ahead.
 */
@NullMarked
package io.octavo.spark.feed;

import org.jspecify.annotations.NullMarked;
