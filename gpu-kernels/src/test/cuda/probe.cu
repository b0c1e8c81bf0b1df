// Kernels of the tests of launching: every kind of argument, shared memory above 48 KiB, a fault.
#include <cuda.h>
#include <stdint.h>

struct Pair {
  float factor;
  int offset;
};

// y[i] = x[i] * pair.factor + pair.offset + a + b; n elements, one a thread.
extern "C" __global__ void affine(const float* x, float* y, long long n, Pair pair, float a, double b) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * pair.factor + pair.offset + a + (float)b;
}

// x[i] += 1
extern "C" __global__ void increment(float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] += 1;
}

// y = x reversed, one block, through dynamic shared memory of n floats.
extern "C" __global__ void reverse(const float* x, float* y, int n) {
  extern __shared__ float shared[];
  for (int i = threadIdx.x; i < n; i += blockDim.x) shared[i] = x[i];
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) y[i] = shared[n - 1 - i];
}

// Writes through an address that is nobody's.
extern "C" __global__ void stray() { *(volatile int*)16 = 1; }

// y[R,C] = the 8 x 16 box of a float matrix at row, column, through the bulk copy engine; one block of one warp.
extern "C" __global__ void box(const __grid_constant__ CUtensorMap map, float* y, int row, int column) {
#if __CUDA_ARCH__ >= 900
  __shared__ alignas(128) float tile[8 * 16];
  __shared__ alignas(8) uint64_t barrier;
  uint32_t at = (uint32_t)__cvta_generic_to_shared(&barrier);
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(at));
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"((uint32_t)sizeof(tile)) : "memory");
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"((uint32_t)__cvta_generic_to_shared(tile)), "l"(&map), "r"(at), "r"(column), "r"(row) : "memory");
  }
  __syncthreads();
  asm volatile("{ .reg .pred p; wait: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], 0; @!p bra wait; }" ::"r"(at) : "memory");
  for (int i = threadIdx.x; i < 8 * 16; i += blockDim.x) y[i] = tile[i];
#endif
}
