// Weights of linear layers from rows [N, K] of codes or numbers to the slabs of linear.cu. Once, when a model is loaded.
//
// pack_bytes                     8-bit codes
// pack_<type>_bf16               numbers, rounded to BF16
// pack_int4_e4m3, pack_int4_table_e4m3, pack_e2m1_e4m3, pack_int4_bf16   4-bit codes, one a byte, as registers of the first
//                                operand want them; int4_e4m3 as sign and magnitude, and without the code of -8
//
// One thread writes 4 bytes; what lies outside of [N, K] is zero. Grid-stride. Rows of gates above as many rows of ups (`gated`):
// a tile has 32 of the ones and the same 32 of the others.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "include/bf16.cuh"

namespace {

constexpr int TILE_ROWS = 64;

// Which row of the weight is row `row` of tile `tile`; N where it is none.
__device__ int64_t source_row(int64_t tile, int row, int n, bool gated) {
  if (!gated) return tile * TILE_ROWS + row;
  int64_t of_half = tile * (TILE_ROWS / 2) + row % (TILE_ROWS / 2);
  return of_half < n / 2 ? of_half + (row < TILE_ROWS / 2 ? 0 : n / 2) : n;
}

// Word `index` of the slabs: its slab, and its place in it.
struct Place {
  int64_t slab;
  int word;

  __device__ Place(int64_t index, int words) : slab(index / words), word(static_cast<int>(index % words)) {}
};

// Where a word of a swizzled slab comes from: row, and first byte of four.
struct Swizzled {
  int row, byte;

  __device__ explicit Swizzled(int word) {
    row = word / 32;
    int chunk = word % 32 / 4;
    byte = ((chunk ^ row % 8) * 4 + word % 4) * 4;
  }
};

__device__ uint32_t code_at(const uint8_t* codes, int n, int k, int64_t row, int64_t column) {
  return row < n && column < k ? codes[row * k + column] : 0;
}

__device__ void pack_bytes_at(const uint8_t* codes, uint32_t* out, int n, int k, int slabs, bool gated, int64_t index) {
  Place place(index, TILE_ROWS * 32);
  Swizzled from(place.word);
  int64_t row = source_row(place.slab / slabs, from.row, n, gated), column = place.slab % slabs * 128 + from.byte;
  uint32_t word = 0;
  for (int i = 0; i < 4; i++) word |= code_at(codes, n, k, row, column + i) << 8 * i;
  out[index] = word;
}

__device__ float number(float x) { return x; }
__device__ float number(bf16 x) { return to_float(x); }
__device__ float number(__half x) { return __half2float(x); }

template <typename T>
__device__ void pack_numbers_at(const T* values, uint32_t* out, int n, int k, int slabs, bool gated, int64_t index) {
  Place place(index, TILE_ROWS * 32);
  Swizzled from(place.word);
  int64_t row = source_row(place.slab / slabs, from.row, n, gated), column = place.slab % slabs * 64 + from.byte / 2;
  float pair[2];
  for (int i = 0; i < 2; i++) pair[i] = row < n && column + i < k ? number(values[row * k + column + i]) : 0;
  out[index] = to_bf16_pair(pair[0], pair[1]);
}

// Register `r` (0 to 3), byte or half `j` of step `step` of thread `thread`: row and k in the slab.
struct Fragment {
  int row, k;

  __device__ Fragment(int thread, int step, int r, int j, int numbers) {
    row = thread / 32 * 16 + thread % 32 / 4 + r % 2 * 8;
    k = step * 8 * numbers + r / 2 * 4 * numbers + thread % 4 * numbers + j;
  }
};

enum class Order { HALVES, NIBBLES };

__device__ uint32_t as_it_is(uint32_t code) { return code; }

// Two's complement to sign and magnitude.
__device__ uint32_t signed_magnitude(uint32_t code) { return code & 8 ? 8 | (8 - (code & 7)) % 8 : code; }

// Words [2][128 threads][4]: of half h, word w: step 2 h + w / 2, registers 2 (w % 2) and one more. The codes of a register are
// the high, of the next the low halves of bytes; or they follow each other.
template <Order ORDER, uint32_t (*STORED)(uint32_t)>
__device__ void pack_e4m3_at(const uint8_t* codes, uint32_t* out, int n, int k, int slabs, bool gated, int64_t index) {
  Place place(index, TILE_ROWS * 16);
  int half = place.word / 512, thread = place.word % 512 / 4, w = place.word % 4;
  int64_t tile = place.slab / slabs, first = place.slab % slabs * 128;
  uint32_t word = 0;
  for (int i = 0; i < 8; i++) {
    int r = w % 2 * 2 + i / 4, j = i % 4;
    Fragment from(thread, 2 * half + w / 2, r, j, 4);
    uint32_t code = STORED(code_at(codes, n, k, source_row(tile, from.row, n, gated), first + from.k) & 0xF);
    word |= code << (ORDER == Order::HALVES ? 8 * j + (i < 4 ? 4 : 0) : 4 * i);
  }
  out[index] = word;
}

// Words [128 threads][4 steps].
__device__ void pack_int4_bf16_at(const uint8_t* codes, uint32_t* out, int n, int k, int slabs, bool gated, int64_t index) {
  Place place(index, TILE_ROWS * 8);
  int thread = place.word / 4, step = place.word % 4;
  int64_t tile = place.slab / slabs, first = place.slab % slabs * 64;
  uint32_t word = 0;
  for (int i = 0; i < 8; i++) {
    Fragment from(thread, step, i % 4, i / 4, 2);
    uint32_t code = code_at(codes, n, k, source_row(tile, from.row, n, gated), first + from.k) + 8 & 0xF;
    word |= code << (i / 4 * 16 + i % 4 * 4);
  }
  out[index] = word;
}

}  // namespace

#define PACK(NAME, T, BODY)                                                                                     \
  extern "C" __global__ void pack_##NAME(const T* from, uint32_t* out, int n, int k, int slabs, int gated,      \
                                         long long words) {                                                     \
    for (long long i = blockIdx.x * 256LL + threadIdx.x; i < words; i += gridDim.x * 256LL) {                   \
      BODY(from, out, n, k, slabs, gated != 0, i);                                                              \
    }                                                                                                           \
  }

PACK(bytes, uint8_t, pack_bytes_at)
PACK(f32_bf16, float, pack_numbers_at)
PACK(bf16_bf16, bf16, pack_numbers_at)
PACK(f16_bf16, __half, pack_numbers_at)
PACK(int4_e4m3, uint8_t, (pack_e4m3_at<Order::HALVES, signed_magnitude>))
PACK(int4_table_e4m3, uint8_t, (pack_e4m3_at<Order::NIBBLES, as_it_is>))
PACK(e2m1_e4m3, uint8_t, (pack_e4m3_at<Order::HALVES, as_it_is>))
PACK(int4_bf16, uint8_t, pack_int4_bf16_at)
