package io.octavo.cuda;

import io.octavo.tensor.Tensor;

/**
 * The amax that a tensor-wise scale is taken from: the largest of the first numbers of a vector on
 * the device.
 *
 * @param values F32
 * @param count how many of them
 */
record TensorAmax(Tensor values, int count) {}
