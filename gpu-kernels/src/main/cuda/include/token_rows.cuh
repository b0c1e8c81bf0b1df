// Rows of activations on their way into a linear layer: as they are, or after RMSNorm, rounded to BF16 as the layer before would
// have stored it; and their cast, with a scale a row.
//
// 128 threads take a row, packs of 8 numbers in turn: thread t has columns 8 t, 8 t + 1024 and so on, in registers. Every kernel
// that casts does it by these functions and as many threads, so that sums have one order and a row the same codes wherever it
// is cast.
#pragma once

#include "fp8.cuh"
#include "reduce.cuh"

namespace octavo {

constexpr int ROW_THREADS = 128;
constexpr int ROW_PACK = 8;

struct BlockBarrier {
  __device__ __forceinline__ void sync() const { __syncthreads(); }
};

// Numbers of a row of BF16; packs that cross the end, or rows that are not aligned, one by one. WHOLE: there are neither.
template <bool WHOLE>
struct StoredRow {
  const bf16* x;
  int k;
  bool wide;

  __device__ __forceinline__ StoredRow(const bf16* row, int columns)
      : x(row), k(columns), wide(columns % ROW_PACK == 0 && reinterpret_cast<uintptr_t>(row) % 16 == 0) {}

  __device__ __forceinline__ uint4 take(int column) const {
    if constexpr (WHOLE) {
      return column < k ? *reinterpret_cast<const uint4*>(x + column) : make_uint4(0, 0, 0, 0);
    } else {
      if (wide && column < k) return *reinterpret_cast<const uint4*>(x + column);
      uint32_t pairs[4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        uint32_t low = column + 2 * i < k ? x[column + 2 * i].bits : 0;
        uint32_t high = column + 2 * i + 1 < k ? x[column + 2 * i + 1].bits : 0;
        pairs[i] = low | high << 16;
      }
      return make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
    }
  }
};

// What a row is made from. `gain` [K] and `eps` are of the norm.
struct RowSource {
  const bf16* x;
  const float* gain;
  float eps;
};

// PART: as they are, of which blocks of a cluster take a part each.
enum class Made { NOT_HERE, PLAIN, PART, NORM };

struct Gains {
  float4 low, high;

  template <bool WHOLE>
  __device__ __forceinline__ void load(const float* gain, int column, int k) {
    if (WHOLE ? column < k : column + ROW_PACK <= k) {
      low = *reinterpret_cast<const float4*>(gain + column);
      high = *reinterpret_cast<const float4*>(gain + column + 4);
    } else if (WHOLE) {
      low = high = make_float4(0, 0, 0, 0);
    } else {
      float some[ROW_PACK];
#pragma unroll
      for (int i = 0; i < ROW_PACK; i++) some[i] = column + i < k ? gain[column + i] : 0;
      low = make_float4(some[0], some[1], some[2], some[3]);
      high = make_float4(some[4], some[5], some[6], some[7]);
    }
  }
};

__device__ __forceinline__ int pack_column(int p) { return (p * ROW_THREADS + threadIdx.x % ROW_THREADS) * ROW_PACK; }

// What of a row does not depend on the kernel before: gains, where they are few, and 1 / K. WHOLE: K and addresses are multiples
// of a pack.
template <Made MADE, int PACKS, bool WHOLE>
struct RowGains {
  static constexpr bool EARLY = MADE == Made::NORM && PACKS <= 4;
  Gains gains[EARLY ? PACKS : 1];
  float each;

  __device__ __forceinline__ RowGains(const float* gain, int k) {
    if constexpr (EARLY) {
#pragma unroll
      for (int p = 0; p < PACKS; p++) gains[p].template load<WHOLE>(gain, pack_column(p), k);
    }
    if constexpr (MADE == Made::NORM) {
      each = __fdiv_rn(1.0f, k);
      asm volatile("" : "+f"(each));  // now, not where it is used
    }
  }
};

__device__ __forceinline__ uint32_t normed(uint32_t pair, float inverse, float low, float high) {
  return round_pair(__fmul_rn(__fmul_rn(bf16_low(pair), inverse), low),
                      __fmul_rn(__fmul_rn(bf16_high(pair), inverse), high));
}

// Columns `from` onwards, at most 1024 PACKS, of row `index` of the source, as the layer before would have stored it; the norm
// needs the whole row. `shared`: 4 floats, to be written again only after another barrier.
template <Made MADE, int PACKS, bool WHOLE, typename Barrier>
__device__ __forceinline__ void take_row(uint4 (&packs)[PACKS], const RowSource& source,
                                         const RowGains<MADE, PACKS, WHOLE>& gains, int64_t index, int k, int from, float* shared, const Barrier& barrier) {
  StoredRow<WHOLE> row(source.x + index * k, k);
#pragma unroll
  for (int p = 0; p < PACKS; p++) packs[p] = row.take(from + pack_column(p));
  if constexpr (MADE == Made::NORM) {
    float squares = 0;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
      for (uint32_t pair : {packs[p].x, packs[p].y, packs[p].z, packs[p].w}) {
        squares = __fmaf_rn(bf16_low(pair), bf16_low(pair), squares);
        squares = __fmaf_rn(bf16_high(pair), bf16_high(pair), squares);
      }
    }
    squares = warp_sum(squares);
    if (threadIdx.x % WARP == 0) shared[threadIdx.x % ROW_THREADS / WARP] = squares;
    barrier.sync();
    float sum = __fadd_rn(__fadd_rn(shared[0], shared[1]), __fadd_rn(shared[2], shared[3]));
    float inverse = rsqrtf(__fmaf_rn(sum, gains.each, source.eps));
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
      Gains by;
      if constexpr (RowGains<MADE, PACKS, WHOLE>::EARLY) {
        by = gains.gains[p];
      } else {
        by.template load<WHOLE>(source.gain, pack_column(p), k);
      }
      packs[p] = make_uint4(normed(packs[p].x, inverse, by.low.x, by.low.y), normed(packs[p].y, inverse, by.low.z, by.low.w),
                            normed(packs[p].z, inverse, by.high.x, by.high.y),
                            normed(packs[p].w, inverse, by.high.z, by.high.w));
    }
  }
}

// Largest magnitude of both halves; NaN counts as nothing, infinity does.
__device__ __forceinline__ uint32_t larger(uint32_t most, uint32_t pair) {
  return as_bits(__hmax2(as_bf16_pair(most), as_bf16_pair(pair & 0x7FFF7FFFu)));
}

// Finite magnitudes only, as the casts count.
__device__ __forceinline__ float finite_amax_of(uint4 pack) {
  float most = 0;
  for (uint32_t pair : {pack.x, pack.y, pack.z, pack.w}) {
    uint32_t low = pair << 16 & 0x7FFFFFFFu, high = pair & 0x7FFF0000u;
    most = fmaxf(most, low < 0x7F800000u ? __uint_as_float(low) : 0);
    most = fmaxf(most, high < 0x7F800000u ? __uint_as_float(high) : 0);
  }
  return most;
}

// Of what all threads hold. `shared` as above.
template <int PACKS, typename Barrier>
__device__ __forceinline__ float row_amax(const uint4 (&packs)[PACKS], float* shared, const Barrier& barrier) {
  uint32_t most = 0;
#pragma unroll
  for (int p = 0; p < PACKS; p++) most = larger(larger(larger(larger(most, packs[p].x), packs[p].y), packs[p].z), packs[p].w);
  float amax = fmaxf(bf16_low(most), bf16_high(most));
  if (amax == INFINITY) {
    amax = 0;
#pragma unroll
    for (int p = 0; p < PACKS; p++) amax = fmaxf(amax, finite_amax_of(packs[p]));
  }
  amax = warp_max(amax);
  if (threadIdx.x % WARP == 0) shared[threadIdx.x % ROW_THREADS / WARP] = amax;
  barrier.sync();
  return fmaxf(fmaxf(shared[0], shared[1]), fmaxf(shared[2], shared[3]));
}

__device__ __forceinline__ uint2 e4m3_codes(uint4 pack, const Divisor<E4M3>& by) {
  return make_uint2(encode_pairs<E4M3>(pack.x, pack.y, by), encode_pairs<E4M3>(pack.z, pack.w, by));
}

// Place of byte `byte` of a row among rows of 128 bytes, swizzled: slab by slab, `rows` rows each.
template <typename Place>
__device__ __forceinline__ Place swizzled_place(Place row, Place rows, uint32_t byte) {
  uint32_t chunk = byte % 128 / 16 ^ static_cast<uint32_t>(row % 8);
  return (byte / 128 * rows + row) * 128 + chunk * 16 + byte % 16;
}

}  // namespace octavo
