@NullMarked
package io.octavo.collective;

import org.jspecify.annotations.NullMarked;
