@NullMarked
package io.octavo.spark.ptq;

import org.jspecify.annotations.NullMarked;
