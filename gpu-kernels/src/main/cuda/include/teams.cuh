// Teams of whole warps, each of which takes a row.
#pragma once

#include "reduce.cuh"
#include "vectors.cuh"

// Sum over the warps of a team: 1, 2 or a multiple of 4. Alternate between two rows of `shared`, so that one barrier a sum is
// enough.
__device__ __forceinline__ float team_sum(float x, int team_warps, float* shared) {
  x = warp_sum(x);
  if (team_warps == 1) {
    return x;
  }
  int warp = threadIdx.x / WARP;
  if (threadIdx.x % WARP == 0) {
    shared[warp] = x;
  }
  __syncthreads();
  const float* first = shared + warp / team_warps * team_warps;
  if (team_warps == 2) {
    return first[0] + first[1];
  }
  float sum = 0;
  for (int i = 0; i < team_warps; i += 4) {
    float4 four = *reinterpret_cast<const float4*>(first + i);
    sum += four.x + four.y + (four.z + four.w);
  }
  return sum;
}

// Where a thread stands: which team, and which columns.
struct Team {
  int warps;
  int threads;
  int index;
  int count;
  int thread;

  __device__ __forceinline__ explicit Team(int team_warps)
      : warps(team_warps),
        threads(team_warps * WARP),
        index(threadIdx.x / (team_warps * WARP)),
        count(blockDim.x / (team_warps * WARP)),
        thread(threadIdx.x % (team_warps * WARP)) {}

  __device__ __forceinline__ int column(int pack) const {
    return (pack * threads + thread) * WIDE;
  }
};
