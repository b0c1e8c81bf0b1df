@NullMarked
package io.octavo.spark.sql;

import org.jspecify.annotations.NullMarked;
