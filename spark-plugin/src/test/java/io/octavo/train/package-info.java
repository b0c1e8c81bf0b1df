@NullMarked
package io.octavo.train;

import org.jspecify.annotations.NullMarked;
