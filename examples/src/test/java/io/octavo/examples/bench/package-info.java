/** Tests of the benchmark's parts. */
@NullMarked
package io.octavo.examples.bench;

import org.jspecify.annotations.NullMarked;
