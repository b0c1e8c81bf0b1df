@NullMarked
package io.octavo.ptq;

import org.jspecify.annotations.NullMarked;
