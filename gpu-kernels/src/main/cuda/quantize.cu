// Casts of a matrix source [R, C] (F32 or BF16) to codes of one byte: scale = amax / maxFinite of
// each group (just in time), code = encode(source / scale). Bits are those of the reference backend
// (io.octavo.reference.ReferenceQuantizeKernels). Infinities and NaN do not count in amax.
//
// quantize_<in>_<element>_<granularity>  nearest even, codes of the matrix, of its transpose, or both
//     from one read of the source. granularity: tensor, row, group16, group128, block128x128; a group
//     lies along the rows of what is cast, so that of the transpose runs down columns of the source.
//     C % 16 == 0; R % 16 == 0 where the transpose is written; pointers aligned to 16 bytes.
// scales_<in>, encode_<in>               any element, granularity, rounding, size and alignment, by two
//     plain kernels: the slow way, and the oracle of the fast one on the device.
// amax_<in>, amax_lines_<in>             one amax a block, which the tensor-wise casts then reduce; amax
//                                        of rows and columns, for the row-wise ones.
// dequantize_<out>, convert_<in>_<out>   the way back, and plain conversions.

#include <cstdint>

#include "bf16.cuh"
#include "fp8.cuh"
#include "philox.cuh"
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

// Amax of each of 4 rows of 16 numbers. The rare numbers that do not count take a second look.
__device__ __forceinline__ void amax_of_rows(const Sixteen<bf16> (&x)[4], float (&amax)[4]) {
#pragma unroll
  for (int row = 0; row < 4; row++) {
    uint32_t most = magnitudes(x[row].pairs[0]);
#pragma unroll
    for (int i = 1; i < 8; i++) {
      most = max_pair(most, magnitudes(x[row].pairs[i]));
    }
    if (!are_finite(most)) {
      most = 0;
#pragma unroll
      for (int i = 0; i < 8; i++) {
        most = max_pair(most, finite_magnitudes(x[row].pairs[i]));
      }
    }
    amax[row] = fmaxf(bf16_low(most), bf16_high(most));
  }
}

__device__ __forceinline__ void amax_of_rows(const Sixteen<float> (&x)[4], float (&amax)[4]) {
#pragma unroll
  for (int row = 0; row < 4; row++) {
    amax[row] = 0;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      amax[row] = fmaxf(amax[row], finite_magnitude(x[row].values[i]));
    }
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
// The fast casts. A block of 256 threads takes a tile of 128 x 128; a thread takes 4 rows of 16
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

template <typename T, typename Element, Granularity GRANULARITY>
__device__ __forceinline__ void quantize_tile(const T* __restrict__ source, const Target& plain,
                                              const Target& transposed,
                                              const float* __restrict__ partials, int partial_count,
                                              int rows, int columns, int scale_format) {
  __shared__ __align__(16) uint32_t words[TILE * TILE / 4];
  __shared__ TileShared shared;
  int x = threadIdx.x % 8;
  int y = threadIdx.x / 8;
  int warp = threadIdx.x / WARP;
  int tile_row = blockIdx.y * TILE;
  int tile_column = blockIdx.x * TILE;
  int row = tile_row + 4 * y;
  int column = tile_column + 16 * x;

  Sixteen<T> values[4];
  load_rows(values, source, row, column, rows, columns);

  // One scale for rows and columns alike: codes are made once.
  constexpr bool SHARED_SCALE = GRANULARITY == TENSOR || GRANULARITY == BLOCK128;
  float scale_of_row[4];
  float reciprocal_of_row[4];
  if constexpr (SHARED_SCALE) {
    float most = 0;
    if constexpr (GRANULARITY == TENSOR) {
      for (int i = threadIdx.x; i < partial_count; i += CAST_THREADS) {
        most = fmaxf(most, __ldg(partials + i));
      }
    } else {
      float amax[4];
      amax_of_rows(values, amax);
      most = fmaxf(fmaxf(amax[0], amax[1]), fmaxf(amax[2], amax[3]));
    }
    float scale = scale_for(block_max(most, shared.warps), Element::MAX_FINITE, scale_format);
    bool first = blockIdx.x == 0 && blockIdx.y == 0;
    if (threadIdx.x == 0 && (GRANULARITY == BLOCK128 || first)) {
      if (plain.codes != nullptr) {
        store_scale(plain.scales,
                    blockIdx.y * plain.scale_stride_row + blockIdx.x * plain.scale_stride_column,
                    scale, scale_format);
      }
      if (transposed.codes != nullptr) {
        store_scale(transposed.scales,
                    blockIdx.x * transposed.scale_stride_row +
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
    if constexpr (GRANULARITY == ROW) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        scale_of_row[i] = row + i < rows ? load_scale(plain.scales, row + i, scale_format) : 1.0f;
        reciprocal_of_row[i] = Divisor<Element>::reciprocal_of(scale_of_row[i]);
      }
    } else if constexpr (GRANULARITY == GROUP16) {
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
      float amax[4];
      amax_of_rows(values, amax);
      float mine = 0;
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int lane = 1; lane < 8; lane *= 2) {
          amax[i] = fmaxf(amax[i], __shfl_xor_sync(ALL_LANES, amax[i], lane));
        }
        mine = x % 4 == i ? amax[i] : mine;
      }
      float scale = scale_for(mine, Element::MAX_FINITE, scale_format);
      float reciprocal = Divisor<Element>::reciprocal_of(scale);
      if (x < 4 && row + x < rows) {
        store_scale(plain.scales,
                    (row + x) * plain.scale_stride_row + blockIdx.x * plain.scale_stride_column,
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
          scale = c < columns ? load_scale(transposed.scales, c, scale_format) : 1.0f;
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

// Grid (columns / 128 up, rows / 128 up), 256 threads, no dynamic shared memory. `partials` are read
// by the tensor-wise casts alone; the scales of the row-wise ones must be there.
#define QUANTIZE(NAME, T, ELEMENT, GRANULARITY)                                                   \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, sizeof(T) == 2 ? 4 : 2)              \
      NAME(const T* source, uint8_t* codes, void* scales, long long scale_stride_row,             \
           long long scale_stride_column, uint8_t* transposed_codes, void* transposed_scales,     \
           long long transposed_scale_stride_row, long long transposed_scale_stride_column,       \
           const float* partials, int partial_count, int rows, int columns, int scale_format) {   \
    quantize_tile<T, ELEMENT, GRANULARITY>(                                                       \
        source, {codes, scales, scale_stride_row, scale_stride_column},                           \
        {transposed_codes, transposed_scales, transposed_scale_stride_row,                        \
         transposed_scale_stride_column},                                                         \
        partials, partial_count, rows, columns, scale_format);                                    \
  }

#define QUANTIZE_ALL(IN, T, ELEMENT, NAME)                              \
  QUANTIZE(quantize_##IN##_##NAME##_tensor, T, ELEMENT, TENSOR)         \
  QUANTIZE(quantize_##IN##_##NAME##_row, T, ELEMENT, ROW)               \
  QUANTIZE(quantize_##IN##_##NAME##_group16, T, ELEMENT, GROUP16)       \
  QUANTIZE(quantize_##IN##_##NAME##_group128, T, ELEMENT, GROUP128)     \
  QUANTIZE(quantize_##IN##_##NAME##_block128x128, T, ELEMENT, BLOCK128)

QUANTIZE_ALL(bf16, bf16, E4M3, e4m3)
QUANTIZE_ALL(bf16, bf16, E5M2, e5m2)
QUANTIZE_ALL(f32, float, E4M3, e4m3)
QUANTIZE_ALL(f32, float, E5M2, e5m2)

// ------------------------------------------------------------------------------------------------
// Amax of a whole tensor, one number a block (at most 1,056 blocks of 256 threads).

template <typename T>
__device__ __forceinline__ void amax_of_blocks(const T* __restrict__ source, int64_t elements,
                                               float* partials) {
  __shared__ float shared[CAST_THREADS / WARP];
  int64_t threads = static_cast<int64_t>(gridDim.x) * CAST_THREADS;
  int64_t thread = static_cast<int64_t>(blockIdx.x) * CAST_THREADS + threadIdx.x;
  float most = 0;
  int64_t vectors = is_aligned(source) ? elements / 16 : 0;
  for (int64_t i = thread; i < vectors; i += 4 * threads) {
    Sixteen<T> values[4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (i + j * threads < vectors) {
        values[j].load(source + (i + j * threads) * 16);
      } else {
        values[j].clear();
      }
    }
    float amax[4];
    amax_of_rows(values, amax);
    most = fmaxf(most, fmaxf(fmaxf(amax[0], amax[1]), fmaxf(amax[2], amax[3])));
  }
  for (int64_t i = vectors * 16 + thread; i < elements; i += threads) {
    most = fmaxf(most, finite_magnitude(to_float(source[i])));
  }
  most = block_max(most, shared);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = most;
  }
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    amax_bf16(const bf16* source, long long elements, float* partials) {
  amax_of_blocks(source, elements, partials);
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    amax_f32(const float* source, long long elements, float* partials) {
  amax_of_blocks(source, elements, partials);
}

// Amax of every row and of every column, by tiles as the casts; null where not wanted. What they are
// written to must be 0 before. The maximum does not depend on the order of the atomic operations.
template <typename T>
__device__ __forceinline__ void amax_of_lines(const T* __restrict__ source, uint32_t* row_amax,
                                              uint32_t* column_amax, int rows, int columns) {
  __shared__ TileShared shared;
  int x = threadIdx.x % 8;
  int row = blockIdx.y * TILE + threadIdx.x / 8 * 4;
  int column = blockIdx.x * TILE + 16 * x;
  Sixteen<T> values[4];
  load_rows(values, source, row, column, rows, columns);
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

// Grid and alignment as the fast casts.
extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    amax_lines_bf16(const bf16* source, uint32_t* row_amax, uint32_t* column_amax, int rows,
                    int columns) {
  amax_of_lines(source, row_amax, column_amax, rows, columns);
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    amax_lines_f32(const float* source, uint32_t* row_amax, uint32_t* column_amax, int rows,
                   int columns) {
  amax_of_lines(source, row_amax, column_amax, rows, columns);
}

// Amax to scale, in place; scales in F32.
extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    scales_of_amax(float* scales, int count, float max_finite, int scale_format) {
  int at = blockIdx.x * CAST_THREADS + threadIdx.x;
  if (at < count) {
    scales[at] = scale_for(scales[at], max_finite, scale_format);
  }
}

// ------------------------------------------------------------------------------------------------
// Any cast. The matrix that is cast has `rows` x `columns` numbers, (r, c) at r * stride_row + c *
// stride_column of the source; its groups are blocks of group_rows x group_columns, scale (i, j) at
// i * scale_stride_row + j * scale_stride_column.

struct Matrix {
  int rows;
  int columns;
  int group_rows;
  int group_columns;
  int64_t stride_row;
  int64_t stride_column;
  int64_t scale_stride_row;
  int64_t scale_stride_column;

  __device__ int64_t elements() const { return static_cast<int64_t>(rows) * columns; }

  __device__ int64_t at(int row, int column) const {
    return row * stride_row + column * stride_column;
  }

  __device__ int64_t scale_at(int row, int column) const {
    return row / group_rows * scale_stride_row + column / group_columns * scale_stride_column;
  }
};

// Row and column of an element, and then of those that follow.
struct Position {
  int row;
  int column;

  __device__ Position(const Matrix& m, int64_t element) {
    if (element <= 0x7FFFFFFF) {
      row = static_cast<int>(element) / m.columns;
    } else {
      row = static_cast<int>(element / m.columns);
    }
    column = static_cast<int>(element - static_cast<int64_t>(row) * m.columns);
  }

  __device__ void next(const Matrix& m) {
    column++;
    if (column == m.columns) {
      column = 0;
      row++;
    }
  }
};

// Scale of each group, by 8, 32 or 256 `lanes` of a block of 256 threads; groups count along rows.
template <typename T>
__device__ __forceinline__ void scales_of_groups(const T* __restrict__ source, void* scales,
                                                 const Matrix& m, int lanes, float max_finite,
                                                 int scale_format) {
  __shared__ float shared[CAST_THREADS / WARP];
  int groups_across = (m.columns + m.group_columns - 1) / m.group_columns;
  int groups_down = (m.rows + m.group_rows - 1) / m.group_rows;
  int64_t group = static_cast<int64_t>(blockIdx.x) * (CAST_THREADS / lanes) + threadIdx.x / lanes;
  int lane = threadIdx.x % lanes;
  bool there = group < static_cast<int64_t>(groups_down) * groups_across;
  int down = static_cast<int>(group / groups_across);
  int across = static_cast<int>(group - static_cast<int64_t>(down) * groups_across);
  int row = down * m.group_rows;
  int column = across * m.group_columns;
  int height = there ? min(m.group_rows, m.rows - row) : 0;
  int width = min(m.group_columns, m.columns - column);
  float most = 0;
  for (int i = 0; i < height; i++) {
    for (int j = lane; j < width; j += lanes) {
      most = fmaxf(most, finite_magnitude(to_float(source[m.at(row + i, column + j)])));
    }
  }
  for (int other = 1; other < min(lanes, WARP); other *= 2) {
    most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, other));
  }
  if (lanes == CAST_THREADS) {
    most = block_max(most, shared);
  }
  if (there && lane == 0) {
    float scale = scale_for(most, max_finite, scale_format);
    store_scale(scales, m.scale_at(row, column), scale, scale_format);
  }
}

// The scale of a whole tensor from its partial amax; one block of 256 threads.
extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    scale_of_tensor(const float* partials, int partial_count, void* scale, float max_finite,
                    int scale_format) {
  __shared__ float shared[CAST_THREADS / WARP];
  float most = 0;
  for (int i = threadIdx.x; i < partial_count; i += CAST_THREADS) {
    most = fmaxf(most, partials[i]);
  }
  most = block_max(most, shared);
  if (threadIdx.x == 0) {
    store_scale(scale, 0, scale_for(most, max_finite, scale_format), scale_format);
  }
}

// Delayed scaling (io.octavo.quant.AmaxHistory): leaves in `amax` what the scale is taken from, the
// largest entry of the history or else the tensor's own, which it then enters. One block of 256.
extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    delay_amax(const float* partials, int partial_count, float* history, int entries, float* amax) {
  __shared__ float shared[CAST_THREADS / WARP];
  float own = 0;
  for (int i = threadIdx.x; i < partial_count; i += CAST_THREADS) {
    own = fmaxf(own, partials[i]);
  }
  own = block_max(own, shared);
  __syncthreads();
  float largest = 0;
  for (int i = threadIdx.x; i < entries; i += CAST_THREADS) {
    largest = fmaxf(largest, history[1 + i]);
  }
  largest = block_max(largest, shared);
  __syncthreads();
  if (threadIdx.x == 0) {
    *amax = largest == 0 ? own : largest;
    int next = static_cast<int>(history[0]);
    history[1 + next] = own;
    history[0] = static_cast<float>((next + 1) % entries);
  }
}

// Values of `rounding`: the order of io.octavo.format.Rounding.
enum Rounding { NEAREST_EVEN, NEAREST_AWAY, TOWARD_ZERO, STOCHASTIC };

__device__ __forceinline__ int64_t round_steps(double steps, int rounding, uint32_t bits) {
  double whole = floor(steps);
  double rest = steps - whole;
  bool up = false;
  if (rounding == NEAREST_EVEN) {
    up = rest > 0.5 || (rest == 0.5 && (static_cast<int64_t>(whole) & 1) == 1);
  } else if (rounding == NEAREST_AWAY) {
    up = rest >= 0.5;
  } else if (rounding == STOCHASTIC) {
    up = bits < rest * 4294967296.0;
  }
  return static_cast<int64_t>(whole) + (up ? 1 : 0);
}

// An element format by its numbers. Integers have exponent_bits 0.
struct Format {
  int bits;
  int exponent_bits;
  int mantissa_bits;
  int bias;
  int max_finite_code;
  int nan_code;
  int minus_zero;  // whether there is a code of minus zero
  float max_finite;

  __device__ int encode(float x, int rounding, uint32_t random) const {
    int sign = 1 << (bits - 1);
    if (isnan(x)) {
      return nan_code;
    }
    float magnitude = fabsf(x);
    if (exponent_bits == 0) {
      int code = static_cast<int>(round_steps(fminf(magnitude, max_finite), rounding, random));
      return (x < 0 ? -code : code) & (2 * sign - 1);
    }
    int code = max_finite_code;
    if (magnitude < max_finite) {
      int field = static_cast<int>(__float_as_uint(magnitude) >> 23);
      int exponent = max(field - 127, 1 - bias);
      double steps = scalbn(static_cast<double>(magnitude), mantissa_bits - exponent);
      int64_t rounded = round_steps(steps, rounding, random);
      rounded += static_cast<int64_t>(exponent + bias - 1) << mantissa_bits;
      code = static_cast<int>(min(rounded, static_cast<int64_t>(max_finite_code)));
    }
    bool negative = signbit(x) && (code != 0 || minus_zero != 0);
    return negative ? sign | code : code;
  }
};

// Four neighbouring codes a thread: they share a block of random words.
template <typename T>
__device__ __forceinline__ void encode_any(const T* __restrict__ source, uint8_t* codes,
                                           const void* scales, const Matrix& m,
                                           const Format& format, int scale_format, int rounding,
                                           uint64_t seed, uint64_t stream) {
  int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * 4;
  int64_t elements = m.elements();
  if (first >= elements) {
    return;
  }
  Position position(m, first);
  uint4 random = rounding == STOCHASTIC ? philox_block(seed, stream, first >> 2)
                                        : make_uint4(0, 0, 0, 0);
  const uint32_t bits[4] = {random.x, random.y, random.z, random.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (first + i < elements) {
      float x = to_float(source[m.at(position.row, position.column)]);
      float scale = load_scale(scales, m.scale_at(position.row, position.column), scale_format);
      codes[first + i] =
          static_cast<uint8_t>(format.encode(__fdiv_rn(x, scale), rounding, bits[i]));
      position.next(m);
    }
  }
}

#define CAST_ANY(IN, T)                                                                           \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS)                                      \
      scales_##IN(const T* source, void* scales, Matrix matrix, int lanes, float max_finite,      \
                  int scale_format) {                                                             \
    scales_of_groups(source, scales, matrix, lanes, max_finite, scale_format);                    \
  }                                                                                               \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS)                                      \
      encode_##IN(const T* source, uint8_t* codes, const void* scales, Matrix matrix,             \
                  Format format, int scale_format, int rounding, long long seed,                  \
                  long long stream) {                                                             \
    encode_any(source, codes, scales, matrix, format, scale_format, rounding, seed, stream);      \
  }

CAST_ANY(bf16, bf16)
CAST_ANY(f32, float)

// ------------------------------------------------------------------------------------------------
// Back to numbers: the number of a code, from a table of 256, times its scale. 256 threads a block,
// four codes a thread. Strides of the matrix are not used: codes lie in order.

struct CodeTable {
  float values[256];
};

__device__ __forceinline__ void store_number(float* target, int64_t at, float x) { target[at] = x; }

__device__ __forceinline__ void store_number(bf16* target, int64_t at, float x) {
  target[at] = to_bf16(x);
}

template <typename T>
__device__ __forceinline__ void dequantize(const uint8_t* __restrict__ codes, const void* scales,
                                           T* target, const Matrix& m, int scale_format,
                                           const CodeTable& table) {
  __shared__ float values[256];
  values[threadIdx.x] = table.values[threadIdx.x];
  __syncthreads();
  int64_t first = (static_cast<int64_t>(blockIdx.x) * CAST_THREADS + threadIdx.x) * 4;
  int64_t elements = m.elements();
  if (first >= elements) {
    return;
  }
  Position position(m, first);
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (first + i < elements) {
      int64_t at = m.scale_at(position.row, position.column);
      store_number(target, first + i,
                   values[codes[first + i]] * load_scale(scales, at, scale_format));
      position.next(m);
    }
  }
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    dequantize_f32(const uint8_t* codes, const void* scales, float* target, Matrix matrix,
                   int scale_format, CodeTable table) {
  dequantize(codes, scales, target, matrix, scale_format, table);
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    dequantize_bf16(const uint8_t* codes, const void* scales, bf16* target, Matrix matrix,
                    int scale_format, CodeTable table) {
  dequantize(codes, scales, target, matrix, scale_format, table);
}

// ------------------------------------------------------------------------------------------------
// Conversions, eight numbers a thread, 256 threads a block.

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    convert_f32_bf16(const float* __restrict__ source, bf16* target, long long elements) {
  int64_t first = (static_cast<int64_t>(blockIdx.x) * CAST_THREADS + threadIdx.x) * 8;
  if (first + 8 <= elements && is_aligned(source) && is_aligned(target)) {
    float4 a = __ldg(reinterpret_cast<const float4*>(source + first));
    float4 b = __ldg(reinterpret_cast<const float4*>(source + first) + 1);
    *reinterpret_cast<uint4*>(target + first) =
        make_uint4(to_bf16_pair(a.x, a.y), to_bf16_pair(a.z, a.w), to_bf16_pair(b.x, b.y),
                   to_bf16_pair(b.z, b.w));
    return;
  }
  for (int64_t i = first; i < min(first + 8, static_cast<int64_t>(elements)); i++) {
    target[i] = to_bf16(source[i]);
  }
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    convert_bf16_f32(const bf16* __restrict__ source, float* target, long long elements) {
  int64_t first = (static_cast<int64_t>(blockIdx.x) * CAST_THREADS + threadIdx.x) * 8;
  if (first + 8 <= elements && is_aligned(source) && is_aligned(target)) {
    uint4 pairs = __ldg(reinterpret_cast<const uint4*>(source + first));
    float4* out = reinterpret_cast<float4*>(target + first);
    out[0] = make_float4(bf16_low(pairs.x), bf16_high(pairs.x), bf16_low(pairs.y),
                         bf16_high(pairs.y));
    out[1] = make_float4(bf16_low(pairs.z), bf16_high(pairs.z), bf16_low(pairs.w),
                         bf16_high(pairs.w));
    return;
  }
  for (int64_t i = first; i < min(first + 8, static_cast<int64_t>(elements)); i++) {
    target[i] = to_float(source[i]);
  }
}
