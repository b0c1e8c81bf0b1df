// What the forward and the backward pass of attention on Hopper share: order of work, masks, packing.
#pragma once
#include <cuda_bf16.h>

#include "bf16.cuh"
#include "hopper.cuh"

namespace octavo {

struct Item {
  int head;  // sequence * heads + head
  int tile;
};

// Items in sections of heads that share the L2 cache; within one, tile by tile from the last, all heads of a tile together.
struct Items {
  int heads, tiles, section;

  __device__ __forceinline__ Items(int heads, int tiles, int section) : heads(heads), tiles(tiles), section(section) {}

  __device__ __forceinline__ int count() const { return heads * tiles; }

  __device__ __forceinline__ Item at(int index) const {
    int first = index / (section * tiles) * section;
    int inside = index - first * tiles;
    int width = min(section, heads - first);
    return {first + inside % width, tiles - 1 - inside / width};
  }
};

// The last block to finish clears the tickets for the next launch.
__device__ __forceinline__ void release_tickets(int* tickets) {
  __threadfence();
  if (atomicAdd(tickets + 1, 1) == static_cast<int>(gridDim.x) - 1) {
    tickets[0] = 0;
    tickets[1] = 0;
  }
}

__device__ __forceinline__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Columns first..last of a row take part.
struct Limits {
  int first, last;
};

// Accumulators of 64 rows whose first column of this thread is `column`; excluded ones become -infinity.
template <int n>
__device__ __forceinline__ void mask(float (&s)[n], const Limits (&limits)[2], int column) {
#pragma unroll
  for (int i = 0; i < n; i++) {
    int at = column + i / 4 * 8 + i % 2;
    const Limits& row = limits[i / 2 % 2];
    if (at < row.first || at > row.last) s[i] = -INFINITY;
  }
}

}  // namespace octavo
