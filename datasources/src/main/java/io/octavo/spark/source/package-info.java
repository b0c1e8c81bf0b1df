/** What Octavo's data sources share. */
@NullMarked
package io.octavo.spark.source;

import org.jspecify.annotations.NullMarked;
