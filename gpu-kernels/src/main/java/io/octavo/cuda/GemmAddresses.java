package io.octavo.cuda;

/** Where the matrices of one product {@code D = A B^T + C} lie; C is D where nothing is added. */
record GemmAddresses(long a, long b, long c, long d, long workspace) {

  GemmAddresses withResult(long address) {
    return new GemmAddresses(a, b, address, address, workspace);
  }
}
