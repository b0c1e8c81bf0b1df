@NullMarked
package io.octavo.layout;

import org.jspecify.annotations.NullMarked;
