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
#include "cast_tile.cuh"
#include "fp8.cuh"
#include "philox.cuh"
#include "reduce.cuh"

// ------------------------------------------------------------------------------------------------
// The fast casts. Grid (columns / 128 up, rows / 128 up), 256 threads, no dynamic shared memory.

#define QUANTIZE(NAME, T, ELEMENT, GRANULARITY)                                                   \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, sizeof(T) == 2 ? 4 : 2)              \
      NAME(const T* source, uint8_t* codes, void* scales, long long scale_stride_row,             \
           long long scale_stride_column, uint8_t* transposed_codes, void* transposed_scales,     \
           long long transposed_scale_stride_row, long long transposed_scale_stride_column,       \
           const float* partials, int partial_count, int rows, int columns, int scale_format) {   \
    quantize_tile<ELEMENT, GRANULARITY>(                                                          \
        StoredMatrix<T>{source}, {codes, scales, scale_stride_row, scale_stride_column},                           \
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

// Amax of every row and of every column; grid and alignment as the fast casts.
extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    amax_lines_bf16(const bf16* source, uint32_t* row_amax, uint32_t* column_amax, int rows,
                    int columns) {
  amax_of_lines(StoredMatrix<bf16>{source}, row_amax, column_amax, rows, columns);
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    amax_lines_f32(const float* source, uint32_t* row_amax, uint32_t* column_amax, int rows,
                   int columns) {
  amax_of_lines(StoredMatrix<float>{source}, row_amax, column_amax, rows, columns);
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

// Delayed scaling (io.octavo.quant.AmaxHistory): the place of the next entry, the amax of the cast
// made last, then the entries, `elements` numbers in all. For another cast the amax of the last one
// becomes an entry. Leaves in `amax` what the scale is taken from, the largest entry or else the
// tensor's own amax, which takes the last one's place. One block of 256 threads.
extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    delay_amax(const float* partials, int partial_count, float* history, int elements, int another,
               float* amax) {
  __shared__ float shared[CAST_THREADS / WARP];
  constexpr int RING = 2;
  int entries = elements - RING;
  float own = 0;
  for (int i = threadIdx.x; i < partial_count; i += CAST_THREADS) {
    own = fmaxf(own, partials[i]);
  }
  own = block_max(own, shared);
  int next = static_cast<int>(history[0]);
  float largest = another != 0 ? history[1] : 0;
  for (int i = threadIdx.x; i < entries; i += CAST_THREADS) {
    largest = fmaxf(largest, another != 0 && i == next ? 0 : history[RING + i]);
  }
  __syncthreads();
  largest = block_max(largest, shared);
  if (threadIdx.x == 0) {
    *amax = largest == 0 ? own : largest;
    if (another != 0) {
      history[RING + next] = history[1];
      history[0] = static_cast<float>((next + 1) % entries);
    }
    history[1] = own;
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
