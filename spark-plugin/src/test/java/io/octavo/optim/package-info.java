@NullMarked
package io.octavo.optim;

import org.jspecify.annotations.NullMarked;
