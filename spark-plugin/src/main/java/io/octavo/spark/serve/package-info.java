/** Models that an executor serves: loaded once, shared by its tasks, given back under pressure. */
@NullMarked
package io.octavo.spark.serve;

import org.jspecify.annotations.NullMarked;
