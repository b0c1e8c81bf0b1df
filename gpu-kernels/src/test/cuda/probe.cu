// Kernels of the tests of launching: every kind of argument, shared memory above 48 KiB, a fault.

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
