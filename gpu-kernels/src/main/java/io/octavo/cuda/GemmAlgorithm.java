package io.octavo.cuda;

/**
 * How a product is computed.
 *
 * @param milliseconds its fastest run during the search; 0 where there was no room to measure
 * @param gain how many times faster it is than the first of the methods that were tried
 */
record GemmAlgorithm(GemmMethod method, double milliseconds, double gain) {}
