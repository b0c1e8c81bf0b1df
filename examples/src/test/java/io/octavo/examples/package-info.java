/** Tests of the examples. */
@NullMarked
package io.octavo.examples;

import org.jspecify.annotations.NullMarked;
