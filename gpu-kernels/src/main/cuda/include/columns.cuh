// Sums of columns in an order that depends on nothing but the shape of what is summed.
#pragma once

#include "reduce.cuh"

// One block sums SUM_COLUMNS columns; SUM_LANES threads share a column.
constexpr int SUM_COLUMNS = 16;
constexpr int SUM_LANES = 32;

// target[columns] += column sums of addends[rows, columns]. Grid: columns / SUM_COLUMNS, rounded up;
// block: SUM_COLUMNS * SUM_LANES threads.
__device__ __forceinline__ void add_column_sums(const float* addends, int rows, int columns,
                                                float* target) {
  __shared__ float sums[SUM_LANES][SUM_COLUMNS + 1];
  int lane = threadIdx.x / SUM_COLUMNS;
  int offset = threadIdx.x % SUM_COLUMNS;
  int column = blockIdx.x * SUM_COLUMNS + offset;
  float sum = 0;
  if (column < columns) {
#pragma unroll 8
    for (int row = lane; row < rows; row += SUM_LANES) {
      sum += addends[static_cast<int64_t>(row) * columns + column];
    }
  }
  sums[lane][offset] = sum;
  __syncthreads();
  // A warp now takes whole columns.
  int warp = threadIdx.x / WARP;
  column = blockIdx.x * SUM_COLUMNS + warp;
  float total = warp_sum(sums[threadIdx.x % WARP][warp]);
  if (threadIdx.x % WARP == 0 && column < columns) {
    target[column] += total;
  }
}
