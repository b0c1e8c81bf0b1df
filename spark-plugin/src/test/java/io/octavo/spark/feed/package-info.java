/** Tests of the way from a DataFrame to a step. */
@NullMarked
package io.octavo.spark.feed;

import org.jspecify.annotations.NullMarked;
