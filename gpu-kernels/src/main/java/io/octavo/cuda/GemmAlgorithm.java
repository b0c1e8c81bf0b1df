package io.octavo.cuda;

import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;

/**
 * The algorithm chosen for a product.
 *
 * @param proposal which of cuBLASLt's proposals, 0 its favourite
 * @param milliseconds its fastest run during the search; 0 where there was no room to measure
 * @param gain how many times faster it is than the favourite
 */
record GemmAlgorithm(
    cublasLtMatmulHeuristicResult_t choice, int proposal, double milliseconds, double gain) {}
