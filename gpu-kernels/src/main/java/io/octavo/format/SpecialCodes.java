package io.octavo.format;

/** What the highest codes of a minifloat mean. */
public enum SpecialCodes {
  /** Every code is a number (OCP FP4 and FP6). */
  NONE,
  /** Exponent and mantissa all ones is NaN, in both signs; no infinity (OCP E4M3). */
  FINITE_NAN,
  /** The top exponent holds infinity and NaN (OCP E5M2). */
  IEEE,
  /** The code of minus zero is the only NaN, and the bias is one larger (AMD, Graphcore). */
  FNUZ
}
