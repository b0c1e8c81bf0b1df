// Reductions over the threads of a warp and of a block, in an order that depends on nothing but the
// size of the block. No atomics.
#pragma once

constexpr unsigned ALL_LANES = 0xFFFFFFFFu;
constexpr int WARP = 32;

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int lane = WARP / 2; lane > 0; lane >>= 1) {
    x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, lane));
  }
  return x;
}

template <typename T>
__device__ __forceinline__ T warp_sum(T x) {
#pragma unroll
  for (int lane = WARP / 2; lane > 0; lane >>= 1) {
    x += __shfl_xor_sync(ALL_LANES, x, lane);
  }
  return x;
}

// Maximum of the block's numbers, for every thread. `shared` has a float a warp; it may be used
// again after the next __syncthreads().
__device__ __forceinline__ float block_max(float x, float* shared) {
  x = warp_max(x);
  if (threadIdx.x % WARP == 0) {
    shared[threadIdx.x / WARP] = x;
  }
  __syncthreads();
  float all = shared[0];
  for (int warp = 1; warp < blockDim.x / WARP; warp++) {
    all = fmaxf(all, shared[warp]);
  }
  return all;
}

// Sum of the block's numbers, for every thread; as block_max.
template <typename T>
__device__ __forceinline__ T block_sum(T x, T* shared) {
  x = warp_sum(x);
  if (threadIdx.x % WARP == 0) {
    shared[threadIdx.x / WARP] = x;
  }
  __syncthreads();
  T all = shared[0];
  for (int warp = 1; warp < blockDim.x / WARP; warp++) {
    all += shared[warp];
  }
  return all;
}
