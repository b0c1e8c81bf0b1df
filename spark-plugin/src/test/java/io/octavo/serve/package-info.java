@NullMarked
package io.octavo.serve;

import org.jspecify.annotations.NullMarked;
