/**
 * The backend of NVIDIA GPUs from compute capability 8.0 on: JCuda for the driver, cuBLASLt for
 * matrix products, kernels of our own for the rest.
 *
 * <p>One {@link io.octavo.cuda.CudaBackend} has one device, one stream and one thread of the host
 * at a time. Everything it is asked to do is appended to the stream and happens later, in order;
 * only {@code download}, {@code synchronize} and {@code sumOfSquares} wait. A whole training step
 * is captured once as a {@link io.octavo.cuda.StepGraph} and replayed, since a launch from Java
 * costs microseconds and a step has over a thousand.
 *
 * <p>An op family {@code X} is {@code src/main/cuda/x.cu}, compiled to the resource {@code
 * kernels/x.fatbin}, and its twin {@code CudaXKernels}: the twin gets a {@code CudaContext}, loads
 * the {@code KernelModule} of its name once, keeps each {@code Kernel} in a field and launches it
 * with tensors and numbers as arguments. Scratch that outlives a call is reserved from the context
 * when the twin is made, never inside a step.
 */
@NullMarked
package io.octavo.cuda;

import org.jspecify.annotations.NullMarked;
