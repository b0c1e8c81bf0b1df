// Rows of a table by token id. The table and out are F32 or BF16; gradients of the table are F32.
//
// gather_<table>_<out>_x<WIDTH>   out[m] = table[ids[m]]; any grid. WIDTH 8 needs C % 8 == 0 and
//     pointers aligned to 16 bytes.
// scatter_add_<dout>_x<WIDTH>     dtable[ids[m]] += dout[m], for each row in the order of m, so that
//     sums are those of a plain loop. No atomics, no scratch: block b owns the ids that are b modulo
//     the grid, sorts their tokens by id (SPAN tokens at a time), and its warps add them up. Any grid
//     of at least vocabulary / MOST_BINS blocks gives the same bits; 512 threads. WIDTH 8 needs
//     C % 8 == 0 and pointers aligned to 16 bytes.

#include "vectors.cuh"

// ------------------------------------------------------------------------------------------------
// Gather

template <int WIDTH, typename Table, typename T>
__device__ __forceinline__ void gather(const Table* table, const int* ids, T* out, int rows,
                                       int columns) {
  // Warps take pieces of WARP * AHEAD packs of a row.
  constexpr int AHEAD = 4;
  int lane = threadIdx.x % WARP;
  int pieces = (columns + WARP * AHEAD * WIDTH - 1) / (WARP * AHEAD * WIDTH);
  int64_t count = static_cast<int64_t>(rows) * pieces;
  int64_t warps = static_cast<int64_t>(gridDim.x) * (blockDim.x / WARP);
  int64_t first = static_cast<int64_t>(blockIdx.x) * (blockDim.x / WARP) + threadIdx.x / WARP;
  for (int64_t piece = first; piece < count; piece += warps) {
    int64_t row = piece / pieces;
    int start = (static_cast<int>(piece % pieces) * AHEAD * WARP + lane) * WIDTH;
    const Table* from = table + static_cast<int64_t>(ids[row]) * columns;
    Pack<Table, WIDTH> packs[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      int column = start + a * WARP * WIDTH;
      if (column < columns) {
        packs[a].load(from + column);
      }
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      int column = start + a * WARP * WIDTH;
      if (column < columns) {
        float values[WIDTH];
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
          values[i] = packs[a].value(i);
        }
        Pack<T, WIDTH> packed;
        packed.set(values);
        packed.store(out + row * columns + column);
      }
    }
  }
}

// ------------------------------------------------------------------------------------------------
// Scatter

constexpr int SPAN = 6144;
constexpr int MOST_BINS = 1024;
constexpr int SCATTER_THREADS = 512;
constexpr int SCATTER_WARPS = SCATTER_THREADS / WARP;
constexpr uint16_t NO_BIN = 0xFFFF;

__device__ __forceinline__ unsigned lanes_below() {
  unsigned mask;
  asm("mov.u32 %0, %lanemask_lt;" : "=r"(mask));
  return mask;
}

// The block's tokens among `count` (at most SPAN) at ids[0...]. A bin is one id: bin * grid + block.
struct Owned {
  // Of each token in order: its bin, its place among the `count`.
  uint16_t bin[SPAN];
  uint16_t place[SPAN];
  // Places by bin, in order within a bin.
  uint16_t sorted[SPAN];
  // Of each bin: how many tokens, and where in `sorted` they end.
  uint16_t size[MOST_BINS];
  uint16_t end[MOST_BINS];
  // Bins that have tokens.
  uint16_t filled[MOST_BINS];
  int filled_bins;
  int warp_counts[SCATTER_WARPS];

  __device__ __forceinline__ void find(const int* ids, int count) {
    int found = collect(ids, count);
    if (threadIdx.x < WARP) {
      sort(found);
    }
    __syncthreads();
  }

 private:
  // Warps look at neighbouring stretches, lanes at neighbouring tokens.
  __device__ __forceinline__ int collect(const int* ids, int count) {
    constexpr int STRETCH = SPAN / SCATTER_WARPS;
    constexpr int ROUNDS = STRETCH / WARP;
    int warp = threadIdx.x / WARP;
    int first = warp * STRETCH + threadIdx.x % WARP;
    uint16_t mine[ROUNDS];
    int found = 0;
#pragma unroll
    for (int r = 0; r < ROUNDS; r++) {
      int at = first + r * WARP;
      unsigned id = at < count ? ids[at] : 0;
      bool is_mine = at < count && id % gridDim.x == blockIdx.x;
      mine[r] = is_mine ? id / gridDim.x : NO_BIN;
      found += __popc(__ballot_sync(ALL_LANES, is_mine));
    }
    for (int b = threadIdx.x; b < MOST_BINS; b += SCATTER_THREADS) {
      size[b] = 0;
    }
    if (threadIdx.x % WARP == 0) {
      warp_counts[warp] = found;
    }
    __syncthreads();
    int total = 0;
    int to = 0;
    for (int w = 0; w < SCATTER_WARPS; w++) {
      to += w < warp ? warp_counts[w] : 0;
      total += warp_counts[w];
    }
#pragma unroll
    for (int r = 0; r < ROUNDS; r++) {
      unsigned owners = __ballot_sync(ALL_LANES, mine[r] != NO_BIN);
      if (mine[r] != NO_BIN) {
        int at = to + __popc(owners & lanes_below());
        bin[at] = mine[r];
        place[at] = first + r * WARP;
      }
      to += __popc(owners);
    }
    __syncthreads();
    return total;
  }

  // By one warp, 32 tokens at a time: sizes of bins, their ends, then every token to its place.
  __device__ __forceinline__ void sort(int found) {
    int lane = threadIdx.x % WARP;
    int bins = 0;
    for (int from = 0; from < found; from += WARP) {
      uint16_t of = from + lane < found ? bin[from + lane] : NO_BIN;
      unsigned same = __match_any_sync(ALL_LANES, of);
      bool leads = of != NO_BIN && (same & lanes_below()) == 0;
      bool is_new = leads && size[of] == 0;
      unsigned news = __ballot_sync(ALL_LANES, is_new);
      if (leads) {
        size[of] += __popc(same);
      }
      if (is_new) {
        filled[bins + __popc(news & lanes_below())] = of;
      }
      bins += __popc(news);
      __syncwarp();
    }
    int start = 0;
    for (int from = 0; from < bins; from += WARP) {
      int tokens = from + lane < bins ? size[filled[from + lane]] : 0;
      int through = tokens;
#pragma unroll
      for (int distance = 1; distance < WARP; distance <<= 1) {
        int below = __shfl_up_sync(ALL_LANES, through, distance);
        through += lane >= distance ? below : 0;
      }
      if (from + lane < bins) {
        end[filled[from + lane]] = start + through - tokens;
      }
      start += __shfl_sync(ALL_LANES, through, WARP - 1);
    }
    __syncwarp();
    for (int from = 0; from < found; from += WARP) {
      uint16_t of = from + lane < found ? bin[from + lane] : NO_BIN;
      unsigned same = __match_any_sync(ALL_LANES, of);
      if (of != NO_BIN) {
        sorted[end[of] + __popc(same & lanes_below())] = place[from + lane];
      }
      __syncwarp();
      if (of != NO_BIN && (same & lanes_below()) == 0) {
        end[of] += __popc(same);
      }
      __syncwarp();
    }
    if (lane == 0) {
      filled_bins = bins;
    }
  }
};

// sum += the rows at COUNT places, in order; all of them on their way at once.
template <int COUNT, int WIDTH, typename T>
__device__ __forceinline__ void add_rows(Pack<float, WIDTH>& sum, const T* from, int columns,
                                         const uint16_t* places) {
  Pack<T, WIDTH> addends[COUNT];
#pragma unroll
  for (int a = 0; a < COUNT; a++) {
    addends[a].load(from + static_cast<int64_t>(places[a]) * columns);
  }
#pragma unroll
  for (int a = 0; a < COUNT; a++) {
    float values[WIDTH];
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
      values[i] = sum.value(i) + addends[a].value(i);
    }
    sum.set(values);
  }
}

// Which bins a pass over them takes: those of many tokens, those of few, or all.
enum Bins { MANY_TOKENS, FEW_TOKENS, ALL_TOKENS };

// Tokens from which on a bin is one of many.
constexpr int MANY_FROM = 9;

// Adds up the bins. Warps take slices of WARP * WIDTH columns of a bin; AT_ONCE rows are on their way.
template <int WIDTH, int AT_ONCE, Bins BINS, typename T>
__device__ __forceinline__ void add_bins(const Owned& owned, const T* dout, float* dtable,
                                         int columns) {
  constexpr int FEW = 4;
  int slices = (columns + WARP * WIDTH - 1) / (WARP * WIDTH);
  int tasks = owned.filled_bins * slices;
  for (int task = threadIdx.x / WARP; task < tasks; task += SCATTER_WARPS) {
    int column = (task % slices * WARP + threadIdx.x % WARP) * WIDTH;
    int bin = owned.filled[task / slices];
    bool wanted = BINS == ALL_TOKENS || (owned.size[bin] >= MANY_FROM) == (BINS == MANY_TOKENS);
    if (column >= columns || !wanted) {
      continue;
    }
    int64_t id = static_cast<int64_t>(bin) * gridDim.x + blockIdx.x;
    const T* from = dout + column;
    const uint16_t* place = owned.sorted + owned.end[bin] - owned.size[bin];
    const uint16_t* end = owned.sorted + owned.end[bin];
    Pack<float, WIDTH> sum;
    sum.load(dtable + id * columns + column);
    for (; place + AT_ONCE <= end; place += AT_ONCE) {
      add_rows<AT_ONCE>(sum, from, columns, place);
    }
    for (; AT_ONCE > FEW && place + FEW <= end; place += FEW) {
      add_rows<FEW>(sum, from, columns, place);
    }
    for (; place < end; place++) {
      add_rows<1>(sum, from, columns, place);
    }
    sum.store(dtable + id * columns + column);
  }
}

// Bins of many tokens come first, and in narrow slices: their rows follow each other, so that all warps
// should have a part. Bins of few are one access deep: wide slices put more bytes on their way.
template <bool VECTORS, typename T>
__device__ __forceinline__ void scatter_add(const T* dout, const int* ids, float* dtable, int rows,
                                            int columns) {
  __shared__ Owned owned;
  for (int base = 0; base < rows; base += SPAN) {
    owned.find(ids + base, min(SPAN, rows - base));
    const T* from = dout + static_cast<int64_t>(base) * columns;
    if constexpr (VECTORS) {
      add_bins<HALF_WIDE, 16, MANY_TOKENS>(owned, from, dtable, columns);
      add_bins<WIDE, 4, FEW_TOKENS>(owned, from, dtable, columns);
    } else {
      add_bins<1, 16, ALL_TOKENS>(owned, from, dtable, columns);
    }
    // Before the next tokens replace these; and what a warp added may be another's next time.
    __syncthreads();
  }
}

#define GATHER(IN, OUT, TABLE, T, WIDTH)                                                            \
  extern "C" __global__ void gather_##IN##_##OUT##_x##WIDTH(const TABLE* table, const int* ids,     \
                                                            T* out, int rows, int columns) {        \
    gather<WIDTH>(table, ids, out, rows, columns);                                                  \
  }
#define SCATTER_ADD(NAME, T, WIDTH)                                                                 \
  extern "C" __global__ void __launch_bounds__(SCATTER_THREADS, 2)                                  \
      scatter_add_##NAME##_x##WIDTH(const T* dout, const int* ids, float* dtable, int rows,         \
                                    int columns) {                                                  \
    scatter_add<(WIDTH > 1)>(dout, ids, dtable, rows, columns);                                     \
  }

GATHER(f32, f32, float, float, 8)
GATHER(f32, f32, float, float, 1)
GATHER(f32, bf16, float, bf16, 8)
GATHER(f32, bf16, float, bf16, 1)
GATHER(bf16, f32, bf16, float, 8)
GATHER(bf16, f32, bf16, float, 1)
GATHER(bf16, bf16, bf16, bf16, 8)
GATHER(bf16, bf16, bf16, bf16, 1)
SCATTER_ADD(f32, float, 8)
SCATTER_ADD(f32, float, 1)
SCATTER_ADD(bf16, bf16, 8)
SCATTER_ADD(bf16, bf16, 1)
