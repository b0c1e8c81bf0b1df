@NullMarked
package io.octavo.model;

import org.jspecify.annotations.NullMarked;
