/**
 * The backend written to be read: plain loops in the order of the formulas. It is the oracle of the
 * faster twins and the last fallback. Sums are taken in double and rounded once.
 */
@NullMarked
package io.octavo.reference;

import org.jspecify.annotations.NullMarked;
