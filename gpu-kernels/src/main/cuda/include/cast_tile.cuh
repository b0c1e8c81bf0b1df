// Casts by tiles of 128 x 128, of a matrix in memory or of one that is computed where it is cast.
// Bits are those of the reference backend (io.octavo.reference.ReferenceQuantizeKernels).
#pragma once

#include <cstdint>

#include "bf16.cuh"
#include "fp8.cuh"
#include "reduce.cuh"

// ------------------------------------------------------------------------------------------------
// Sixteen neighbouring numbers of a row, in registers.

template <typename T>
struct Sixteen;

template <>
struct Sixteen<bf16> {
  alignas(16) uint32_t pairs[8];

  __device__ __forceinline__ void load(const bf16* from) {
    const uint4* vectors = reinterpret_cast<const uint4*>(from);
    reinterpret_cast<uint4*>(pairs)[0] = __ldg(vectors);
    reinterpret_cast<uint4*>(pairs)[1] = __ldg(vectors + 1);
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      pairs[i] = 0;
    }
  }

  __device__ __forceinline__ float value(int i) const {
    return i % 2 == 0 ? bf16_low(pairs[i / 2]) : bf16_high(pairs[i / 2]);
  }
};

template <>
struct Sixteen<float> {
  alignas(16) float values[16];

  __device__ __forceinline__ void load(const float* from) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      reinterpret_cast<float4*>(values)[i] = __ldg(reinterpret_cast<const float4*>(from) + i);
    }
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < 16; i++) {
      values[i] = 0;
    }
  }

  __device__ __forceinline__ float value(int i) const { return values[i]; }
};

// Whether accesses of 16 bytes may start there.
__device__ __forceinline__ bool is_aligned(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % 16 == 0;
}

// Magnitude where finite, else 0.
__device__ __forceinline__ float finite_magnitude(float x) {
  float magnitude = fabsf(x);
  return magnitude < __uint_as_float(0x7F800000u) ? magnitude : 0;
}

// Larger of both numbers of two pairs of magnitudes; NaN where one is.
__device__ __forceinline__ uint32_t max_pair(uint32_t a, uint32_t b) {
  return as_bits(__hmax2_nan(as_bf16_pair(a), as_bf16_pair(b)));
}

__device__ __forceinline__ uint32_t magnitudes(uint32_t pair) { return pair & 0x7FFF7FFFu; }

// Magnitudes where finite, else 0.
__device__ __forceinline__ uint32_t finite_magnitudes(uint32_t pair) {
  uint32_t both = magnitudes(pair);
  return both & __hlt2_mask(as_bf16_pair(both), as_bf16_pair(0x7F807F80u));
}

__device__ __forceinline__ bool are_finite(uint32_t pair_of_magnitudes) {
  return (pair_of_magnitudes & 0x7F80u) != 0x7F80u &&
         (pair_of_magnitudes & 0x7F800000u) != 0x7F800000u;
}

// Amax of 16 numbers. The rare numbers that do not count take a second look.
__device__ __forceinline__ float amax_of_row(const Sixteen<bf16>& x) {
  uint32_t most = magnitudes(x.pairs[0]);
#pragma unroll
  for (int i = 1; i < 8; i++) {
    most = max_pair(most, magnitudes(x.pairs[i]));
  }
  if (!are_finite(most)) {
    most = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      most = max_pair(most, finite_magnitudes(x.pairs[i]));
    }
  }
  return fmaxf(bf16_low(most), bf16_high(most));
}

__device__ __forceinline__ float amax_of_row(const Sixteen<float>& x) {
  float amax = 0;
#pragma unroll
  for (int i = 0; i < 16; i++) {
    amax = fmaxf(amax, finite_magnitude(x.values[i]));
  }
  return amax;
}

template <typename T>
__device__ __forceinline__ void amax_of_rows(const Sixteen<T> (&x)[4], float (&amax)[4]) {
#pragma unroll
  for (int row = 0; row < 4; row++) {
    amax[row] = amax_of_row(x[row]);
  }
}

// Amax of each of 16 columns of 4 rows a lane, over the 4 lanes that are 8 apart: 16 rows.
__device__ __forceinline__ Sixteen<bf16> amax_of_columns(const Sixteen<bf16> (&x)[4]) {
  Sixteen<bf16> amax;
  uint32_t largest = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    uint32_t upper = max_pair(magnitudes(x[0].pairs[i]), magnitudes(x[1].pairs[i]));
    uint32_t lower = max_pair(magnitudes(x[2].pairs[i]), magnitudes(x[3].pairs[i]));
    amax.pairs[i] = max_pair(upper, lower);
    largest = max_pair(largest, amax.pairs[i]);
  }
  if (!are_finite(largest)) {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      uint32_t upper = max_pair(finite_magnitudes(x[0].pairs[i]), finite_magnitudes(x[1].pairs[i]));
      uint32_t lower = max_pair(finite_magnitudes(x[2].pairs[i]), finite_magnitudes(x[3].pairs[i]));
      amax.pairs[i] = max_pair(upper, lower);
    }
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
#pragma unroll
    for (int lane = 8; lane < WARP; lane *= 2) {
      uint32_t other = __shfl_xor_sync(ALL_LANES, amax.pairs[i], lane);
      amax.pairs[i] = max_pair(amax.pairs[i], other);
    }
  }
  return amax;
}

__device__ __forceinline__ Sixteen<float> amax_of_columns(const Sixteen<float> (&x)[4]) {
  Sixteen<float> amax;
#pragma unroll
  for (int i = 0; i < 16; i++) {
    float most = 0;
#pragma unroll
    for (int row = 0; row < 4; row++) {
      most = fmaxf(most, finite_magnitude(x[row].values[i]));
    }
#pragma unroll
    for (int lane = 8; lane < WARP; lane *= 2) {
      most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, lane));
    }
    amax.values[i] = most;
  }
  return amax;
}

// ------------------------------------------------------------------------------------------------
// A block of 256 threads takes a tile of 128 x 128; a thread takes 4 rows of 16
// columns, 8 threads side by side. Codes of the transpose pass through shared memory as words of 4
// rows, swizzled so that neither side meets a bank twice, and leave 16 bytes at a time.

constexpr int TILE = 128;
constexpr int CAST_THREADS = 256;

enum Granularity { TENSOR, ROW, GROUP16, GROUP128, BLOCK128 };

// A cast that is written: codes null where it is not. Scale (i, j) of the matrix of scales lies at
// i * scale_stride_row + j * scale_stride_column.
struct Target {
  uint8_t* codes;
  void* scales;
  int64_t scale_stride_row;
  int64_t scale_stride_column;
};

// Where column c of a tile lies in an array: threads that read columns 16 apart meet no bank twice.
__device__ __forceinline__ int padded(int c) { return c + c / 16; }

// What divides the columns of a tile; first the amax of each.
struct ColumnScales {
  float scale[TILE + TILE / 16];
  float reciprocal[TILE + TILE / 16];
};

union TileShared {
  float warps[CAST_THREADS / WARP];
  ColumnScales columns[CAST_THREADS / WARP];  // one a warp
};

// Sixteen columns of 4 rows, zeros outside of the matrix.
template <typename T>
__device__ __forceinline__ void load_rows(Sixteen<T> (&values)[4], const T* __restrict__ source,
                                          int row, int column, int rows, int columns) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (row + i < rows && column < columns) {
      values[i].load(source + static_cast<int64_t>(row + i) * columns + column);
    } else {
      values[i].clear();
    }
  }
}

// Words of 4 rows x 4 columns of bytes, transposed: byte r of word c becomes byte c of word r.
__device__ __forceinline__ void transpose4x4(uint32_t (&w)[4]) {
  uint32_t low01 = __byte_perm(w[0], w[1], 0x5140);
  uint32_t low23 = __byte_perm(w[2], w[3], 0x5140);
  uint32_t high01 = __byte_perm(w[0], w[1], 0x7362);
  uint32_t high23 = __byte_perm(w[2], w[3], 0x7362);
  w[0] = __byte_perm(low01, low23, 0x5410);
  w[1] = __byte_perm(low01, low23, 0x7632);
  w[2] = __byte_perm(high01, high23, 0x5410);
  w[3] = __byte_perm(high01, high23, 0x7632);
}

// Which word of shared memory holds rows 4 y .. 4 y + 3 of a column of the tile.
__device__ __forceinline__ int transposed_word(int column, int y) {
  return column * (TILE / 4) + (y ^ (column / 16 << 2));
}

template <typename Element>
__device__ __forceinline__ uint4 encode16(const Sixteen<bf16>& x, const Divisor<Element>& by) {
  return make_uint4(encode_pairs(x.pairs[0], x.pairs[1], by),
                    encode_pairs(x.pairs[2], x.pairs[3], by),
                    encode_pairs(x.pairs[4], x.pairs[5], by),
                    encode_pairs(x.pairs[6], x.pairs[7], by));
}

template <typename Element>
__device__ __forceinline__ uint4 encode16(const Sixteen<float>& x, const Divisor<Element>& by) {
  const float* v = x.values;
  return make_uint4(by.encode4(v[0], v[1], v[2], v[3]), by.encode4(v[4], v[5], v[6], v[7]),
                    by.encode4(v[8], v[9], v[10], v[11]), by.encode4(v[12], v[13], v[14], v[15]));
}

// Codes of 4 rows of two columns, 2 i and 2 i + 1, each with its divisor.
template <typename Element>
__device__ __forceinline__ uint2 encode_columns(const Sixteen<bf16> (&x)[4], int i,
                                                const Divisor<Element>& left,
                                                const Divisor<Element>& right) {
  uint32_t pairs[4];
#pragma unroll
  for (int row = 0; row < 4; row++) {
    pairs[row] = bounded_pair(x[row].pairs[i], left, right);
  }
  return make_uint2(Element::encode4(left.template quotient<1>(bf16_low(pairs[0])),
                                     left.template quotient<1>(bf16_low(pairs[1])),
                                     left.template quotient<1>(bf16_low(pairs[2])),
                                     left.template quotient<1>(bf16_low(pairs[3]))),
                    Element::encode4(right.template quotient<1>(bf16_high(pairs[0])),
                                     right.template quotient<1>(bf16_high(pairs[1])),
                                     right.template quotient<1>(bf16_high(pairs[2])),
                                     right.template quotient<1>(bf16_high(pairs[3]))));
}

template <typename Element>
__device__ __forceinline__ uint2 encode_columns(const Sixteen<float> (&x)[4], int i,
                                                const Divisor<Element>& left,
                                                const Divisor<Element>& right) {
  int j = 2 * i;
  return make_uint2(
      left.encode4(x[0].values[j], x[1].values[j], x[2].values[j], x[3].values[j]),
      right.encode4(x[0].values[j + 1], x[1].values[j + 1], x[2].values[j + 1],
                    x[3].values[j + 1]));
}

// Codes of the transpose from shared memory to device memory.
__device__ __forceinline__ void store_transposed(const uint32_t* words, uint8_t* codes, int rows,
                                                 int columns, int tile_row, int tile_column) {
#pragma unroll
  for (int i = 0; i < TILE * TILE / 16 / CAST_THREADS; i++) {
    int unit = threadIdx.x + i * CAST_THREADS;
    int column = unit / (TILE / 16);
    int part = unit % (TILE / 16);
    if (tile_column + column < columns && tile_row + 16 * part < rows) {
      uint4 sixteen = *reinterpret_cast<const uint4*>(words + transposed_word(column, 4 * part));
      int64_t at = static_cast<int64_t>(tile_column + column) * rows + tile_row + 16 * part;
      *reinterpret_cast<uint4*>(codes + at) = sixteen;
    }
  }
}

// Codes of 4 rows of 16 columns into shared memory, turned.
__device__ __forceinline__ void turn_codes(const uint4 (&codes)[4], uint32_t* words) {
  int x = threadIdx.x % 8;
  int y = threadIdx.x / 8;
  uint32_t quads[4][4] = {{codes[0].x, codes[1].x, codes[2].x, codes[3].x},
                          {codes[0].y, codes[1].y, codes[2].y, codes[3].y},
                          {codes[0].z, codes[1].z, codes[2].z, codes[3].z},
                          {codes[0].w, codes[1].w, codes[2].w, codes[3].w}};
#pragma unroll
  for (int quad = 0; quad < 4; quad++) {
    transpose4x4(quads[quad]);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      words[transposed_word(16 * x + 4 * quad + i, y)] = quads[quad][i];
    }
  }
}

// The scale of a tensor from its partial amax, for every thread; the first block of the grid stores it.
// `partials` are aligned to 16 bytes, `shared` has a float a warp.
template <typename Element>
__device__ __forceinline__ float scale_of_partials(const Target& plain, const Target& transposed,
                                                   const float* __restrict__ partials, int count,
                                                   int scale_format, float* shared) {
  float most = 0;
  for (int i = 4 * threadIdx.x; i < count; i += 4 * CAST_THREADS) {
    if (i + 4 <= count) {
      float4 four = __ldg(reinterpret_cast<const float4*>(partials + i));
      most = fmaxf(most, fmaxf(fmaxf(four.x, four.y), fmaxf(four.z, four.w)));
    } else {
      for (int j = i; j < count; j++) {
        most = fmaxf(most, __ldg(partials + j));
      }
    }
  }
  float scale = scale_for(block_max(most, shared), Element::MAX_FINITE, scale_format);
  if (threadIdx.x == 0 && blockIdx.x == 0 && blockIdx.y == 0) {
    if (plain.codes != nullptr) {
      store_scale(plain.scales, 0, scale, scale_format);
    }
    if (transposed.codes != nullptr) {
      store_scale(transposed.scales, 0, scale, scale_format);
    }
  }
  return scale;
}

// A matrix in memory, as quantize_tile reads it.
template <typename In>
struct StoredMatrix {
  using T = In;
  const T* __restrict__ data;

  __device__ __forceinline__ int tile(int block, int) const { return block; }
  __device__ __forceinline__ void take(Sixteen<T> (&values)[4], int row, int column, int rows,
                                       int columns) const {
    load_rows(values, data, row, column, rows, columns);
  }
};

// Amax of every row and of every column, by tiles as the casts; null where not wanted. What they are
// written to must be 0 before. The maximum does not depend on the order of the atomic operations.
template <typename Source>
__device__ __forceinline__ void amax_of_lines(const Source& source, uint32_t* row_amax,
                                              uint32_t* column_amax, int rows, int columns) {
  using T = typename Source::T;
  __shared__ TileShared shared;
  int x = threadIdx.x % 8;
  int row = blockIdx.y * TILE + threadIdx.x / 8 * 4;
  int column = blockIdx.x * TILE + 16 * x;
  Sixteen<T> values[4];
  source.take(values, row, column, rows, columns);
  if (row_amax != nullptr) {
    float amax[4];
    amax_of_rows(values, amax);
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
      for (int lane = 1; lane < 8; lane *= 2) {
        amax[i] = fmaxf(amax[i], __shfl_xor_sync(ALL_LANES, amax[i], lane));
      }
      if (x == i && row + i < rows) {
        atomicMax(row_amax + row + i, __float_as_uint(amax[i]));
      }
    }
  }
  if (column_amax != nullptr) {
    Sixteen<T> amax = amax_of_columns(values);
    if (threadIdx.x % WARP < 8) {
#pragma unroll
      for (int i = 0; i < 16; i++) {
        shared.columns[threadIdx.x / WARP].scale[padded(16 * x + i)] = amax.value(i);
      }
    }
    __syncthreads();
    int c = blockIdx.x * TILE + threadIdx.x;
    if (threadIdx.x < TILE && c < columns) {
      float most = 0;
#pragma unroll
      for (int part = 0; part < CAST_THREADS / WARP; part++) {
        most = fmaxf(most, shared.columns[part].scale[padded(threadIdx.x)]);
      }
      atomicMax(column_amax + c, __float_as_uint(most));
    }
  }
}

// Casts a tile of what `source` gives: source.take(values, row, column, rows, columns) the 16 columns
// of 4 rows (zeros outside), source.tile(block, blocks) which tile across a block of the grid takes.
// `partials` are the amax of parts of the tensor, or for ROW that of each row and then of each column.
template <typename Element, Granularity GRANULARITY, typename Source>
__device__ __forceinline__ void quantize_tile(const Source& source, const Target& plain,
                                              const Target& transposed,
                                              const float* __restrict__ partials, int partial_count,
                                              int rows, int columns, int scale_format) {
  using T = typename Source::T;
  __shared__ __align__(16) uint32_t words[TILE * TILE / 4];
  __shared__ TileShared shared;
  int x = threadIdx.x % 8;
  int y = threadIdx.x / 8;
  int warp = threadIdx.x / WARP;
  int tile_row = blockIdx.y * TILE;
  int tile_across = source.tile(blockIdx.x, gridDim.x);
  int tile_column = tile_across * TILE;
  int row = tile_row + 4 * y;
  int column = tile_column + 16 * x;

  Sixteen<T> values[4];
  source.take(values, row, column, rows, columns);

  // One scale for rows and columns alike: codes are made once.
  constexpr bool SHARED_SCALE = GRANULARITY == TENSOR || GRANULARITY == BLOCK128;
  float scale_of_row[4];
  float reciprocal_of_row[4];
  if constexpr (SHARED_SCALE) {
    float scale;
    if constexpr (GRANULARITY == TENSOR) {
      scale = scale_of_partials<Element>(plain, transposed, partials, partial_count, scale_format,
                                         shared.warps);
    } else {
      float amax[4];
      amax_of_rows(values, amax);
      float most = fmaxf(fmaxf(amax[0], amax[1]), fmaxf(amax[2], amax[3]));
      scale = scale_for(block_max(most, shared.warps), Element::MAX_FINITE, scale_format);
      if (threadIdx.x == 0 && plain.codes != nullptr) {
        store_scale(plain.scales,
                    blockIdx.y * plain.scale_stride_row + tile_across * plain.scale_stride_column,
                    scale, scale_format);
      }
      if (threadIdx.x == 0 && transposed.codes != nullptr) {
        store_scale(transposed.scales,
                    tile_across * transposed.scale_stride_row +
                        blockIdx.y * transposed.scale_stride_column,
                    scale, scale_format);
      }
    }
    float reciprocal = Divisor<Element>::reciprocal_of(scale);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      scale_of_row[i] = scale;
      reciprocal_of_row[i] = reciprocal;
    }
  } else if (plain.codes != nullptr) {
    if constexpr (GRANULARITY == GROUP16) {
      float amax[4];
      amax_of_rows(values, amax);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scale_of_row[i] = scale_for(amax[i], Element::MAX_FINITE, scale_format);
        reciprocal_of_row[i] = Divisor<Element>::reciprocal_of(scale_of_row[i]);
        if (row + i < rows && column < columns) {
          store_scale(plain.scales,
                      (row + i) * plain.scale_stride_row + column / 16 * plain.scale_stride_column,
                      scale_of_row[i], scale_format);
        }
      }
    } else {
      // Of the 8 threads of a row, thread i works out the scale of row i (and i + 4 again).
      float mine = 0;
      if constexpr (GRANULARITY == ROW) {
        mine = row + x % 4 < rows ? __ldg(partials + row + x % 4) : 0;
      } else {
        float amax[4];
        amax_of_rows(values, amax);
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
          for (int lane = 1; lane < 8; lane *= 2) {
            amax[i] = fmaxf(amax[i], __shfl_xor_sync(ALL_LANES, amax[i], lane));
          }
          mine = x % 4 == i ? amax[i] : mine;
        }
      }
      float scale = scale_for(mine, Element::MAX_FINITE, scale_format);
      float reciprocal = Divisor<Element>::reciprocal_of(scale);
      // A whole row has its scale from the first of its tiles.
      if (x < 4 && row + x < rows && (GRANULARITY != ROW || blockIdx.x == 0)) {
        store_scale(plain.scales,
                    (row + x) * plain.scale_stride_row + tile_across * plain.scale_stride_column,
                    scale, scale_format);
      }
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int lane = (threadIdx.x % WARP & ~7) + i;
        scale_of_row[i] = __shfl_sync(ALL_LANES, scale, lane);
        reciprocal_of_row[i] = __shfl_sync(ALL_LANES, reciprocal, lane);
      }
    }
  }

  if (SHARED_SCALE || plain.codes != nullptr) {
    uint4 codes[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      codes[i] = encode16(values[i], Divisor<Element>(scale_of_row[i], reciprocal_of_row[i]));
      if (plain.codes != nullptr && row + i < rows && column < columns) {
        int64_t at = static_cast<int64_t>(row + i) * columns + column;
        *reinterpret_cast<uint4*>(plain.codes + at) = codes[i];
      }
    }
    if (SHARED_SCALE && transposed.codes != nullptr) {
      turn_codes(codes, words);
    }
  }
  if (transposed.codes == nullptr) {
    return;
  }

  if constexpr (!SHARED_SCALE) {
    ColumnScales& columns_of = shared.columns[GRANULARITY == GROUP16 ? warp : 0];
    if constexpr (GRANULARITY != ROW) {
      Sixteen<T> amax = amax_of_columns(values);
      if (threadIdx.x % WARP < 8) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
          shared.columns[warp].scale[padded(16 * x + i)] = amax.value(i);
        }
      }
    }
    if constexpr (GRANULARITY == GROUP16) {
      // A warp's 16 rows are a group of each column: its scales are its own affair.
      __syncwarp();
#pragma unroll
      for (int i = 0; i < TILE / WARP; i++) {
        int c = threadIdx.x % WARP + i * WARP;
        float scale = scale_for(columns_of.scale[padded(c)], Element::MAX_FINITE, scale_format);
        columns_of.scale[padded(c)] = scale;
        columns_of.reciprocal[padded(c)] = Divisor<Element>::reciprocal_of(scale);
        if (tile_column + c < columns && tile_row + 16 * warp < rows) {
          store_scale(transposed.scales,
                      (tile_column + c) * transposed.scale_stride_row +
                          (tile_row / 16 + warp) * transposed.scale_stride_column,
                      scale, scale_format);
        }
      }
      __syncwarp();
    } else {
      __syncthreads();
      if (threadIdx.x < TILE) {
        int c = tile_column + threadIdx.x;
        float scale = 1;
        if constexpr (GRANULARITY == ROW) {
          // Amax of columns follow those of rows.
          scale = scale_for(c < columns ? __ldg(partials + rows + c) : 0, Element::MAX_FINITE,
                            scale_format);
          if (c < columns && blockIdx.y == 0) {
            store_scale(transposed.scales, c * transposed.scale_stride_row, scale, scale_format);
          }
        } else {
          float most = 0;
#pragma unroll
          for (int part = 0; part < CAST_THREADS / WARP; part++) {
            most = fmaxf(most, shared.columns[part].scale[padded(threadIdx.x)]);
          }
          scale = scale_for(most, Element::MAX_FINITE, scale_format);
          if (c < columns) {
            store_scale(transposed.scales,
                        c * transposed.scale_stride_row +
                            blockIdx.y * transposed.scale_stride_column,
                        scale, scale_format);
          }
        }
        columns_of.scale[padded(threadIdx.x)] = scale;
        columns_of.reciprocal[padded(threadIdx.x)] = Divisor<Element>::reciprocal_of(scale);
      }
      __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int c = 16 * x + 2 * i;
      Divisor<Element> left(columns_of.scale[padded(c)], columns_of.reciprocal[padded(c)]);
      Divisor<Element> right(columns_of.scale[padded(c + 1)], columns_of.reciprocal[padded(c + 1)]);
      uint2 codes = encode_columns(values, i, left, right);
      words[transposed_word(c, y)] = codes.x;
      words[transposed_word(c + 1, y)] = codes.y;
    }
  }
  __syncthreads();
  store_transposed(words, transposed.codes, rows, columns, tile_row, tile_column);
}
