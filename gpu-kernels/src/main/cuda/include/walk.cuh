#pragma once

#include <cstdint>

// A thread's walk over packs of a matrix [rows, packs_per_row], all threads of the grid side by side;
// one division at the start, none a step.
struct Walk {
  int row;
  int pack;
  int row_step;
  int pack_step;
  int packs;

  __device__ __forceinline__ explicit Walk(int packs_per_row) : packs(packs_per_row) {
    uint32_t start = blockIdx.x * blockDim.x + threadIdx.x;
    uint32_t step = gridDim.x * blockDim.x;
    row = start / packs;
    pack = start % packs;
    row_step = step / packs;
    pack_step = step % packs;
  }

  __device__ __forceinline__ void next() {
    row += row_step;
    pack += pack_step;
    if (pack >= packs) {
      pack -= packs;
      row++;
    }
  }
};
