@NullMarked
package io.octavo.spark.serve;

import org.jspecify.annotations.NullMarked;
