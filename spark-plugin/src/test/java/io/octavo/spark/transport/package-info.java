@NullMarked
package io.octavo.spark.transport;

import org.jspecify.annotations.NullMarked;
