@NullMarked
package io.octavo.spark;

import org.jspecify.annotations.NullMarked;
