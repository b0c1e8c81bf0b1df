@NullMarked
package io.octavo.gguf;

import org.jspecify.annotations.NullMarked;
