// Rows of activations on their way into a linear layer: as they are, after RMSNorm, or after SwiGLU, each rounded to BF16 as
// the layer before would have stored it; and their cast, with a scale a row.
//
// 128 threads take a row, packs of 8 numbers in turn. Every kernel that casts does it by these functions and as many threads,
// so that sums have one order and a row the same codes wherever it is cast.
#pragma once

#include "fp8.cuh"
#include "reduce.cuh"

namespace octavo {

constexpr int ROW_THREADS = 128;
constexpr int ROW_PACK = 8;

struct BlockBarrier {
  __device__ __forceinline__ void sync() const { __syncthreads(); }
};

// Numbers of a row of BF16; packs that cross the end, or rows that are not aligned, one by one.
struct StoredRow {
  const bf16* x;
  int k;
  bool wide;

  __device__ __forceinline__ StoredRow(const bf16* row, int columns)
      : x(row), k(columns), wide(columns % ROW_PACK == 0 && reinterpret_cast<uintptr_t>(row) % 16 == 0) {}

  __device__ __forceinline__ uint4 take(int column) const {
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
};

// What a row is made from. `gain` [K] and `eps` are of the norm; SwiGLU's row has the gates, then the ups.
struct RowSource {
  const bf16* x;
  const float* gain;
  float eps;
};

enum class Made { NOT_HERE, PLAIN, NORM, SWIGLU };

template <Made MADE>
struct TokenRow;

template <>
struct TokenRow<Made::PLAIN> {
  StoredRow row;

  template <typename Barrier>
  __device__ __forceinline__ TokenRow(const RowSource& source, int64_t index, int k, float*, const Barrier&)
      : row(source.x + index * k, k) {}
  __device__ __forceinline__ uint4 take(int column) const { return row.take(column); }
};

template <>
struct TokenRow<Made::NORM> {
  StoredRow row;
  const float* gain;
  float inverse;

  template <typename Barrier>
  __device__ __forceinline__ TokenRow(const RowSource& source, int64_t index, int k, float* shared,
                                      const Barrier& barrier)
      : row(source.x + index * k, k), gain(source.gain) {
    float squares = 0;
    for (int column = threadIdx.x % ROW_THREADS * ROW_PACK; column < k; column += ROW_THREADS * ROW_PACK) {
      uint4 pack = row.take(column);
      for (uint32_t pair : {pack.x, pack.y, pack.z, pack.w}) {
        squares = __fmaf_rn(bf16_low(pair), bf16_low(pair), squares);
        squares = __fmaf_rn(bf16_high(pair), bf16_high(pair), squares);
      }
    }
    squares = warp_sum(squares);
    if (threadIdx.x % WARP == 0) shared[threadIdx.x % ROW_THREADS / WARP] = squares;
    barrier.sync();
    float sum = __fadd_rn(__fadd_rn(shared[0], shared[1]), __fadd_rn(shared[2], shared[3]));
    barrier.sync();
    inverse = rsqrtf(__fmaf_rn(sum, __fdiv_rn(1.0f, k), source.eps));
  }
  __device__ __forceinline__ uint4 take(int column) const {
    uint4 pack = row.take(column);
    uint32_t pairs[4] = {pack.x, pack.y, pack.z, pack.w};
    if (row.wide && column < row.k) {
      float4 first = *reinterpret_cast<const float4*>(gain + column);
      float4 second = *reinterpret_cast<const float4*>(gain + column + 4);
      pairs[0] = two(pairs[0], first.x, first.y);
      pairs[1] = two(pairs[1], first.z, first.w);
      pairs[2] = two(pairs[2], second.x, second.y);
      pairs[3] = two(pairs[3], second.z, second.w);
    } else {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int at = column + 2 * i;
        pairs[i] = two(pairs[i], at < row.k ? gain[at] : 0, at + 1 < row.k ? gain[at + 1] : 0);
      }
    }
    return make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
  }

 private:
  __device__ __forceinline__ uint32_t two(uint32_t pair, float low, float high) const {
    return to_bf16_pair(__fmul_rn(__fmul_rn(bf16_low(pair), inverse), low),
                        __fmul_rn(__fmul_rn(bf16_high(pair), inverse), high));
  }
};

template <>
struct TokenRow<Made::SWIGLU> {
  StoredRow gates, ups;

  template <typename Barrier>
  __device__ __forceinline__ TokenRow(const RowSource& source, int64_t index, int k, float*, const Barrier&)
      : gates(source.x + index * 2 * k, k), ups(source.x + index * 2 * k + k, k) {}
  __device__ __forceinline__ uint4 take(int column) const {
    uint4 g = gates.take(column), u = ups.take(column);
    return make_uint4(two(g.x, u.x), two(g.y, u.y), two(g.z, u.z), two(g.w, u.w));
  }

 private:
  static __device__ __forceinline__ float one(float gate, float up) {
    float sigmoid = __fdividef(1.0f, __fadd_rn(1.0f, __expf(-gate)));
    return __fmul_rn(__fmul_rn(gate, sigmoid), up);
  }
  static __device__ __forceinline__ uint32_t two(uint32_t gates, uint32_t ups) {
    return to_bf16_pair(one(bf16_low(gates), bf16_low(ups)), one(bf16_high(gates), bf16_high(ups)));
  }
};

// Finite magnitudes only, as the casts count.
__device__ __forceinline__ float amax_of(uint4 pack) {
  float most = 0;
  for (uint32_t pair : {pack.x, pack.y, pack.z, pack.w}) {
    uint32_t low = pair << 16 & 0x7FFFFFFFu, high = pair & 0x7FFF0000u;
    most = fmaxf(most, low < 0x7F800000u ? __uint_as_float(low) : 0);
    most = fmaxf(most, high < 0x7F800000u ? __uint_as_float(high) : 0);
  }
  return most;
}

// `shared`: 4 floats, free again on return.
template <typename Row, typename Barrier>
__device__ __forceinline__ float row_scale(const Row& row, int k, float most, float* shared, const Barrier& barrier) {
  float amax = 0;
  for (int column = threadIdx.x % ROW_THREADS * ROW_PACK; column < k; column += ROW_THREADS * ROW_PACK) {
    amax = fmaxf(amax, amax_of(row.take(column)));
  }
  amax = warp_max(amax);
  if (threadIdx.x % WARP == 0) shared[threadIdx.x % ROW_THREADS / WARP] = amax;
  barrier.sync();
  amax = fmaxf(fmaxf(shared[0], shared[1]), fmaxf(shared[2], shared[3]));
  barrier.sync();
  return scale_for(amax, most, SCALE_FP32);
}

__device__ __forceinline__ uint2 e4m3_codes(uint4 pack, const Divisor<E4M3>& by) {
  return make_uint2(encode_pairs<E4M3>(pack.x, pack.y, by), encode_pairs<E4M3>(pack.z, pack.w, by));
}

// Place of byte `byte` of a row among rows of 128 bytes, swizzled: slab by slab, `rows` rows each.
__device__ __forceinline__ int64_t swizzled_place(int64_t row, int64_t rows, int byte) {
  int chunk = byte % 128 / 16 ^ static_cast<int>(row % 8);
  return (byte / 128 * rows + row) * 128 + chunk * 16 + byte % 16;
}

}  // namespace octavo
