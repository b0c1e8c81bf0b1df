// Layers whose result only products read, as casts: the result itself is never written. A first
// kernel reads the layer's input and leaves what the casts need to know of all of it (the amax a block,
// RMSNorm's rstd, the codes in which the input is kept); a second one reads the input again, tile by
// tile, computes the result as BF16 numbers in registers and casts them there. With a scale a group
// instead of a tensor SwiGLU needs no first kernel.
//
// Inputs are BF16 numbers or E4M3 codes in groups of 16 with BF16 scales (g16, COAT's activations).
// Formulas and bits of the results are those of norm.cu and activation.cu, of the casts those of
// quantize.cu; rstd may be off by the order of its sum.
//
// keep_rms_norm_<kept>              x [M, C] to rstd and, for g16, codes; a team of warps a row, 16 numbers
//                                   a thread: C % 16 == 0, C <= 16 * threads of a team. Persistent grid.
// keep_swiglu_g16                   gates and ups [M, 2 F] to codes; F % 16 == 0. Persistent grid.
// measure_swiglu_backward_<in>      reads only. Persistent grid. All three leave block_amax[block].
// cast_rms_norm_<in>_<element>_<granularity>, cast_swiglu_..., cast_swiglu_backward_...
//     Grid and blocks of the casts in quantize.cu over the result; C % 16, F % 16 == 0. That of
//     cast_swiglu_backward needs F % 128 == 0, and of tensor its grid is that over dup alone.
// All pointers are aligned to 16 bytes.

#include "cast_tile.cuh"
#include "gate.cuh"
#include "teams.cuh"
#include "vectors.cuh"
#include "walk.cuh"

// ------------------------------------------------------------------------------------------------
// Sixteen neighbouring numbers of a row as they are stored, without the scale that they share.

struct Numbers16 {
  const bf16* data;
  int columns;

  using Taken = Sixteen<bf16>;

  __device__ __forceinline__ Numbers16(const void* numbers, const void*, int width)
      : data(static_cast<const bf16*>(numbers)), columns(width) {}

  __device__ __forceinline__ void take(Taken& into, int64_t row, int column) const {
    into.load(data + row * columns + column);
  }
  static __device__ __forceinline__ void unpack(const Taken& taken, float (&unscaled)[16]) {
#pragma unroll
    for (int i = 0; i < 16; i++) {
      unscaled[i] = taken.value(i);
    }
  }
  static __device__ __forceinline__ float scale_of(const Taken&) { return 1; }
};

__device__ __forceinline__ void decode16(const uint4& codes, float (&numbers)[16]) {
  const uint32_t words[4] = {codes.x, codes.y, codes.z, codes.w};
#pragma unroll
  for (int i = 0; i < 16; i += 2) {
    float2 two = E4M3::decode2(words[i / 4] >> (i % 4 * 8));
    numbers[i] = two.x;
    numbers[i + 1] = two.y;
  }
}

struct Group16 {
  const uint8_t* codes;
  const bf16* scales;
  int columns;

  struct Taken {
    uint4 codes;
    float scale;
  };

  __device__ __forceinline__ Group16(const void* data, const void* multipliers, int width)
      : codes(static_cast<const uint8_t*>(data)),
        scales(static_cast<const bf16*>(multipliers)),
        columns(width) {}

  __device__ __forceinline__ void take(Taken& into, int64_t row, int column) const {
    into.codes = __ldg(reinterpret_cast<const uint4*>(codes + row * columns + column));
    into.scale = to_float(scales[row * (columns / 16) + column / 16]);
  }
  static __device__ __forceinline__ void unpack(const Taken& taken, float (&unscaled)[16]) {
    decode16(taken.codes, unscaled);
  }
  static __device__ __forceinline__ float scale_of(const Taken& taken) { return taken.scale; }
};

template <typename Source>
__device__ __forceinline__ void values_of(const typename Source::Taken& taken,
                                          float (&values)[16]) {
  Source::unpack(taken, values);
#pragma unroll
  for (int i = 0; i < 16; i++) {
    values[i] *= Source::scale_of(taken);
  }
}

// To BF16 as layers round their results.
__device__ __forceinline__ Sixteen<bf16> rounded(const float (&values)[16]) {
  Sixteen<bf16> sixteen;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    sixteen.pairs[i] = as_bits(__floats2bfloat162_rn(values[2 * i], values[2 * i + 1]));
  }
  return sixteen;
}

// Codes of a group of 16, and its scale.
struct Kept16 {
  uint4 codes;
  float scale;

  __device__ __forceinline__ explicit Kept16(const Sixteen<bf16>& x)
      : scale(scale_for(amax_of_row(x), E4M3::MAX_FINITE, SCALE_BF16)) {
    codes = encode16(x, Divisor<E4M3>(scale));
  }

  __device__ __forceinline__ void store(uint8_t* all_codes, bf16* scales, int64_t at) const {
    *reinterpret_cast<uint4*>(all_codes + at) = codes;
    scales[at / 16] = to_bf16(scale);
  }
};

// ------------------------------------------------------------------------------------------------
// RMSNorm

__device__ __forceinline__ void load16(float (&into)[16], const float* from) {
#pragma unroll
  for (int i = 0; i < 4; i++) {
    reinterpret_cast<float4*>(into)[i] = __ldg(reinterpret_cast<const float4*>(from) + i);
  }
}

// The most of a block.
constexpr int NORM_THREADS = 512;

template <bool KEEPS_CODES>
__device__ __forceinline__ void keep_rms_norm(const bf16* __restrict__ x, uint8_t* codes,
                                              bf16* scales, const float* __restrict__ weight,
                                              float eps, float* rstd, int rows, int columns,
                                              int team_warps, float* block_amax) {
  __shared__ __align__(16) float shared[2][MOST_WARPS];
  const Team team(team_warps);
  const int column = team.thread * 16;
  const bool some = column < columns;
  const float share = 1.0f / columns;
  alignas(16) float gain[16] = {};
  if (some) {
    load16(gain, weight + column);
  }
  Sixteen<bf16> next;
  next.clear();
  auto take = [&](int row) {
    if (row < rows && some) {
      next.load(x + static_cast<int64_t>(row) * columns + column);
    }
  };
  const int stride = gridDim.x * team.count;
  float amax = 0;
  int phase = 0;
  take(blockIdx.x * team.count + team.index);
  for (int first = blockIdx.x * team.count; first < rows; first += stride) {
    int row = first + team.index;
    bool mine = row < rows && some;
    Sixteen<bf16> now = next;
    take(row + stride);
    float numbers[16];
    float scale = 1;
    if constexpr (KEEPS_CODES) {
      Kept16 kept(now);
      if (mine) {
        kept.store(codes, scales, static_cast<int64_t>(row) * columns + column);
      }
      scale = to_float(to_bf16(kept.scale));
      decode16(kept.codes, numbers);
    } else {
      Numbers16::unpack(now, numbers);
    }
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      sum = fmaf(numbers[i], numbers[i], sum);
    }
    float squares = some ? sum * scale * scale : 0;
    float inverse = rsqrtf(team_sum(squares, team_warps, shared[phase]) * share + eps);
    phase ^= 1;
    if (mine) {
      float factor = inverse * scale;
#pragma unroll
      for (int i = 0; i < 16; i++) {
        numbers[i] = numbers[i] * factor * gain[i];
      }
      amax = fmaxf(amax, amax_of_row(rounded(numbers)));
    }
    if (row < rows && team.thread == 0) {
      rstd[row] = inverse;
    }
  }
  store_block_amax(amax, block_amax);
}

// y = x * rstd * weight, as quantize_tile reads it.
template <typename In>
struct NormedMatrix {
  using T = bf16;
  In x;
  const float* rstd;
  const float* weight;

  __device__ __forceinline__ int tile(int block, int) const { return block; }

  __device__ __forceinline__ void take(Sixteen<bf16> (&values)[4], int row, int column, int rows,
                                       int columns) const {
    typename In::Taken taken[4];
    float inverse[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (row + i < rows && column < columns) {
        x.take(taken[i], row + i, column);
        inverse[i] = __ldg(rstd + row + i);
      }
    }
    alignas(16) float gain[16] = {};
    if (column < columns) {
      load16(gain, weight + column);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      values[i].clear();
      if (row + i < rows && column < columns) {
        float factor = inverse[i] * In::scale_of(taken[i]);
        float numbers[16];
        In::unpack(taken[i], numbers);
#pragma unroll
        for (int j = 0; j < 16; j++) {
          numbers[j] = numbers[j] * factor * gain[j];
        }
        values[i] = rounded(numbers);
      }
    }
  }
};

// ------------------------------------------------------------------------------------------------
// SwiGLU

// Groups a thread has on their way at once.
constexpr int AHEAD = 2;

__device__ __forceinline__ void swiglu16(const float (&gate)[16], float (&up_to_result)[16]) {
#pragma unroll
  for (int i = 0; i < 16; i++) {
    up_to_result[i] *= Gate(gate[i]).silu;
  }
}

__device__ __forceinline__ void keep_swiglu(const bf16* __restrict__ gate_up, uint8_t* codes,
                                            bf16* scales, int rows, int width,
                                            float* block_amax) {
  Numbers16 source(gate_up, nullptr, 2 * width);
  float amax = 0;
  for (Walk walk(width / 16); walk.row < rows;) {
    Sixteen<bf16> gate[AHEAD];
    Sixteen<bf16> up[AHEAD];
    int64_t at[AHEAD];
    bool some[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      some[a] = walk.row < rows;
      at[a] = static_cast<int64_t>(walk.row) * 2 * width + walk.pack * 16;
      if (some[a]) {
        source.take(gate[a], walk.row, walk.pack * 16);
        source.take(up[a], walk.row, width + walk.pack * 16);
      }
      walk.next();
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      if (some[a]) {
        Kept16 kept_gate(gate[a]);
        kept_gate.store(codes, scales, at[a]);
        Kept16 kept_up(up[a]);
        kept_up.store(codes, scales, at[a] + width);
        float g[16];
        float result[16];
        values_of<Group16>({kept_gate.codes, kept_gate.scale}, g);
        values_of<Group16>({kept_up.codes, kept_up.scale}, result);
        swiglu16(g, result);
        amax = fmaxf(amax, amax_of_row(rounded(result)));
      }
    }
  }
  store_block_amax(amax, block_amax);
}

template <typename In>
__device__ __forceinline__ void measure_swiglu_backward(const bf16* __restrict__ dout, In gate_up,
                                                        int rows, int width, float* block_amax) {
  float amax = 0;
  for (Walk walk(width / 16); walk.row < rows;) {
    typename In::Taken gate[AHEAD];
    typename In::Taken up[AHEAD];
    Sixteen<bf16> d[AHEAD];
    bool some[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      some[a] = walk.row < rows;
      if (some[a]) {
        int column = walk.pack * 16;
        gate_up.take(gate[a], walk.row, column);
        gate_up.take(up[a], walk.row, width + column);
        d[a].load(dout + static_cast<int64_t>(walk.row) * width + column);
      }
      walk.next();
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      if (some[a]) {
        float g[16];
        float dgate[16];
        float dup[16];
        values_of<In>(gate[a], g);
        values_of<In>(up[a], dgate);
#pragma unroll
        for (int i = 0; i < 16; i++) {
          Gate of(g[i]);
          dgate[i] *= d[a].value(i) * of.slope();
          dup[i] = d[a].value(i) * of.silu;
        }
        amax = fmaxf(amax, amax_of_row(rounded(dgate)));
        amax = fmaxf(amax, amax_of_row(rounded(dup)));
      }
    }
  }
  store_block_amax(amax, block_amax);
}

// silu(gate) * up, as quantize_tile reads it.
template <typename In>
struct GatedMatrix {
  using T = bf16;
  In gate_up;

  __device__ __forceinline__ int tile(int block, int) const { return block; }

  __device__ __forceinline__ void take(Sixteen<bf16> (&values)[4], int row, int column, int rows,
                                       int columns) const {
    typename In::Taken gate[4];
    typename In::Taken up[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (row + i < rows && column < columns) {
        gate_up.take(gate[i], row + i, column);
        gate_up.take(up[i], row + i, columns + column);
      }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      values[i].clear();
      if (row + i < rows && column < columns) {
        float g[16];
        float result[16];
        values_of<In>(gate[i], g);
        values_of<In>(up[i], result);
        swiglu16(g, result);
        values[i] = rounded(result);
      }
    }
  }
};

// dgate beside dup [M, 2 F], as quantize_tile reads it, F % 128 == 0. Blocks side by side take a tile of gates and
// the tile of the same ups, so that what both read comes from memory once.
template <typename In>
struct GateGradient {
  using T = bf16;
  const bf16* __restrict__ dout;
  In gate_up;

  __device__ __forceinline__ int tile(int block, int blocks) const {
    return block / 2 + block % 2 * (blocks / 2);
  }

  __device__ __forceinline__ void take(Sixteen<bf16> (&values)[4], int row, int column, int rows,
                                       int columns) const {
    int width = columns / 2;
    bool is_up = column >= width;
    int of = is_up ? column - width : column;
    // Two rows at a time: what four would have on their way takes more registers than there are.
#pragma unroll
    for (int first = 0; first < 4; first += 2) {
      typename In::Taken gate[2];
      typename In::Taken up[2];
      Sixteen<bf16> d[2];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int at = row + first + i;
        if (at < rows && column < columns) {
          gate_up.take(gate[i], at, of);
          d[i].load(dout + static_cast<int64_t>(at) * width + of);
          if (!is_up) {
            gate_up.take(up[i], at, width + of);
          }
        }
      }
#pragma unroll
      for (int i = 0; i < 2; i++) {
        values[first + i].clear();
        if (row + first + i < rows && column < columns) {
          float g[16];
          float result[16];
          values_of<In>(gate[i], g);
          if (is_up) {
#pragma unroll
            for (int j = 0; j < 16; j++) {
              result[j] = d[i].value(j) * Gate(g[j]).silu;
            }
          } else {
            values_of<In>(up[i], result);
#pragma unroll
            for (int j = 0; j < 16; j++) {
              result[j] *= d[i].value(j) * Gate(g[j]).slope();
            }
          }
          values[first + i] = rounded(result);
        }
      }
    }
  }
};

// Both gradients at once where all codes have one scale: gates pass SiLU once. A block takes a tile of
// dgate and the tile of the same dup; F % 128 == 0.
template <typename Element, typename In>
__device__ __forceinline__ void cast_gate_gradients(const bf16* __restrict__ dout,
                                                    const In& gate_up, const Target& plain,
                                                    const Target& transposed,
                                                    const float* __restrict__ partials,
                                                    int partial_count, int rows, int columns,
                                                    int scale_format) {
  __shared__ __align__(16) uint32_t words[TILE * TILE / 4];
  __shared__ float warps[CAST_THREADS / WARP];
  int width = columns / 2;
  int tile_row = blockIdx.y * TILE;
  int tile_column = blockIdx.x * TILE;
  int row = tile_row + threadIdx.x / 8 * 4;
  int column = tile_column + threadIdx.x % 8 * 16;
  typename In::Taken gate[2];
  typename In::Taken up[2];
  Sixteen<bf16> d[2];
  auto take = [&](int first) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (row + first + i < rows) {
        gate_up.take(gate[i], row + first + i, column);
        gate_up.take(up[i], row + first + i, width + column);
        d[i].load(dout + static_cast<int64_t>(row + first + i) * width + column);
      }
    }
  };
  take(0);
  Divisor<Element> by(scale_of_partials<Element>(plain, transposed, partials, partial_count,
                                                 scale_format, warps));
  uint4 codes_of_gates[4];
  uint4 codes_of_ups[4];
#pragma unroll
  for (int first = 0; first < 4; first += 2) {
    if (first > 0) {
      take(first);
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
      codes_of_gates[first + i] = make_uint4(0, 0, 0, 0);
      codes_of_ups[first + i] = make_uint4(0, 0, 0, 0);
      if (row + first + i < rows) {
        float g[16];
        float dgate[16];
        float dup[16];
        values_of<In>(gate[i], g);
        values_of<In>(up[i], dgate);
#pragma unroll
        for (int j = 0; j < 16; j++) {
          Gate of(g[j]);
          dgate[j] *= d[i].value(j) * of.slope();
          dup[j] = d[i].value(j) * of.silu;
        }
        codes_of_gates[first + i] = encode16(rounded(dgate), by);
        codes_of_ups[first + i] = encode16(rounded(dup), by);
        if (plain.codes != nullptr) {
          uint8_t* to = plain.codes + static_cast<int64_t>(row + first + i) * columns + column;
          *reinterpret_cast<uint4*>(to) = codes_of_gates[first + i];
          *reinterpret_cast<uint4*>(to + width) = codes_of_ups[first + i];
        }
      }
    }
  }
  if (transposed.codes == nullptr) {
    return;
  }
  turn_codes(codes_of_gates, words);
  __syncthreads();
  store_transposed(words, transposed.codes, rows, columns, tile_row, tile_column);
  __syncthreads();
  turn_codes(codes_of_ups, words);
  __syncthreads();
  store_transposed(words, transposed.codes, rows, columns, tile_row, width + tile_column);
}

// ------------------------------------------------------------------------------------------------
// Instances. `scales` are those of codes; numbers have none and may pass anything.

extern "C" __global__ void __launch_bounds__(NORM_THREADS, 2)
    keep_rms_norm_bf16(const bf16* x, uint8_t* codes, bf16* scales, const float* weight, float eps,
                       float* rstd, int rows, int columns, int team_warps, float* block_amax) {
  keep_rms_norm<false>(x, codes, scales, weight, eps, rstd, rows, columns, team_warps, block_amax);
}

extern "C" __global__ void __launch_bounds__(NORM_THREADS, 2)
    keep_rms_norm_g16(const bf16* x, uint8_t* codes, bf16* scales, const float* weight, float eps,
                      float* rstd, int rows, int columns, int team_warps, float* block_amax) {
  keep_rms_norm<true>(x, codes, scales, weight, eps, rstd, rows, columns, team_warps, block_amax);
}

extern "C" __global__ void __launch_bounds__(CAST_THREADS)
    keep_swiglu_g16(const bf16* gate_up, uint8_t* codes, bf16* scales, int rows, int width,
                    float* block_amax) {
  keep_swiglu(gate_up, codes, scales, rows, width, block_amax);
}

// What follows the source in the parameters of a cast.
#define TARGETS                                                                                    \
  uint8_t *codes, void *code_scales, long long scale_stride_row, long long scale_stride_column,    \
      uint8_t *transposed_codes, void *transposed_scales, long long transposed_scale_stride_row,   \
      long long transposed_scale_stride_column, const float *partials, int partial_count,          \
      int rows, int columns, int scale_format

#define CAST(ELEMENT, GRANULARITY, SOURCE)                                                         \
  quantize_tile<ELEMENT, GRANULARITY>(                                                             \
      SOURCE, {codes, code_scales, scale_stride_row, scale_stride_column},                         \
      {transposed_codes, transposed_scales, transposed_scale_stride_row,                           \
       transposed_scale_stride_column},                                                            \
      partials, partial_count, rows, columns, scale_format)

#define CASTS(IN, SOURCE, NAME, ELEMENT, GRAIN, GRANULARITY)                                       \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, 3)                                    \
      cast_rms_norm_##IN##_##NAME##_##GRAIN(const void* x, const void* scales, const float* rstd,  \
                                            const float* weight, TARGETS) {                        \
    NormedMatrix<SOURCE> normed{SOURCE(x, scales, columns), rstd, weight};                         \
    CAST(ELEMENT, GRANULARITY, normed);                                                            \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, 3)                                    \
      cast_swiglu_##IN##_##NAME##_##GRAIN(const void* gate_up, const void* scales, TARGETS) {      \
    GatedMatrix<SOURCE> gated{SOURCE(gate_up, scales, 2 * columns)};                               \
    CAST(ELEMENT, GRANULARITY, gated);                                                             \
  }

#define CAST_GATE_GRADIENTS(IN, SOURCE, NAME, ELEMENT)                                             \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, 3)                                    \
      cast_swiglu_backward_##IN##_##NAME##_tensor(const bf16* dout, const void* gate_up,           \
                                                  const void* scales, TARGETS) {                   \
    cast_gate_gradients<ELEMENT>(                                                                  \
        dout, SOURCE(gate_up, scales, columns),                                                    \
        {codes, code_scales, scale_stride_row, scale_stride_column},                               \
        {transposed_codes, transposed_scales, transposed_scale_stride_row,                         \
         transposed_scale_stride_column},                                                          \
        partials, partial_count, rows, columns, scale_format);                                     \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, 3)                                    \
      cast_swiglu_backward_##IN##_##NAME##_group128(const bf16* dout, const void* gate_up,         \
                                                    const void* scales, TARGETS) {                 \
    GateGradient<SOURCE> gradient{dout, SOURCE(gate_up, scales, columns)};                         \
    CAST(ELEMENT, GROUP128, gradient);                                                             \
  }

#define CASTS_OF(IN, SOURCE)                                                                       \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS)                                       \
      measure_swiglu_backward_##IN(const bf16* dout, const void* gate_up, const void* scales,      \
                                   int rows, int width, float* block_amax) {                       \
    measure_swiglu_backward(dout, SOURCE(gate_up, scales, 2 * width), rows, width, block_amax);    \
  }                                                                                                \
  CASTS(IN, SOURCE, e4m3, E4M3, tensor, TENSOR)                                                    \
  CASTS(IN, SOURCE, e4m3, E4M3, group128, GROUP128)                                                \
  CASTS(IN, SOURCE, e5m2, E5M2, tensor, TENSOR)                                                    \
  CASTS(IN, SOURCE, e5m2, E5M2, group128, GROUP128)                                                \
  CAST_GATE_GRADIENTS(IN, SOURCE, e4m3, E4M3)                                                      \
  CAST_GATE_GRADIENTS(IN, SOURCE, e5m2, E5M2)

CASTS_OF(bf16, Numbers16)
CASTS_OF(g16, Group16)
