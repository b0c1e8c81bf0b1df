// Neighbouring numbers of a row as they lie in memory, in registers: 8 in accesses of 16 bytes (4 where
// many rows are held at once), or 1 where rows do not start at multiples of 16 bytes. Kernels are templates over where numbers come
// from (Numbers: F32 or BF16; Codes16: E4M3 codes with a BF16 scale for each 16) and over WIDTH.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

#include "bf16.cuh"
#include "fp8.cuh"
#include "reduce.cuh"

constexpr int WIDE = 8;
constexpr int HALF_WIDE = 4;
constexpr int MOST_WARPS = 32;

// ------------------------------------------------------------------------------------------------
// Numbers in registers: load, value, set, store.

template <typename T, int WIDTH>
struct Pack;

template <>
struct Pack<bf16, WIDE> {
  uint32_t pairs[WIDE / 2];

  __device__ __forceinline__ void load(const bf16* from) {
    *reinterpret_cast<uint4*>(pairs) = *reinterpret_cast<const uint4*>(from);
  }
  __device__ __forceinline__ void store(bf16* to) const {
    *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(pairs);
  }
  __device__ __forceinline__ float value(int i) const {
    return i % 2 == 0 ? bf16_low(pairs[i / 2]) : bf16_high(pairs[i / 2]);
  }
  __device__ __forceinline__ void set(const float (&values)[WIDE]) {
#pragma unroll
    for (int i = 0; i < WIDE / 2; i++) {
      __nv_bfloat162 pair = __floats2bfloat162_rn(values[2 * i], values[2 * i + 1]);
      pairs[i] = *reinterpret_cast<uint32_t*>(&pair);
    }
  }
};

template <>
struct Pack<float, WIDE> {
  float values[WIDE];

  __device__ __forceinline__ void load(const float* from) {
    reinterpret_cast<float4*>(values)[0] = reinterpret_cast<const float4*>(from)[0];
    reinterpret_cast<float4*>(values)[1] = reinterpret_cast<const float4*>(from)[1];
  }
  __device__ __forceinline__ void store(float* to) const {
    reinterpret_cast<float4*>(to)[0] = reinterpret_cast<const float4*>(values)[0];
    reinterpret_cast<float4*>(to)[1] = reinterpret_cast<const float4*>(values)[1];
  }
  __device__ __forceinline__ float value(int i) const { return values[i]; }
  __device__ __forceinline__ void set(const float (&from)[WIDE]) {
#pragma unroll
    for (int i = 0; i < WIDE; i++) {
      values[i] = from[i];
    }
  }
};

template <>
struct Pack<bf16, HALF_WIDE> {
  uint32_t pairs[HALF_WIDE / 2];

  __device__ __forceinline__ void load(const bf16* from) {
    *reinterpret_cast<uint2*>(pairs) = *reinterpret_cast<const uint2*>(from);
  }
  __device__ __forceinline__ float value(int i) const {
    return i % 2 == 0 ? bf16_low(pairs[i / 2]) : bf16_high(pairs[i / 2]);
  }
};

template <>
struct Pack<float, HALF_WIDE> {
  float values[HALF_WIDE];

  __device__ __forceinline__ void load(const float* from) {
    *reinterpret_cast<float4*>(values) = *reinterpret_cast<const float4*>(from);
  }
  __device__ __forceinline__ void store(float* to) const {
    *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(values);
  }
  __device__ __forceinline__ float value(int i) const { return values[i]; }
  __device__ __forceinline__ void set(const float (&from)[HALF_WIDE]) {
#pragma unroll
    for (int i = 0; i < HALF_WIDE; i++) {
      values[i] = from[i];
    }
  }
};

template <>
struct Pack<bf16, 1> {
  bf16 one;

  __device__ __forceinline__ void load(const bf16* from) { one = *from; }
  __device__ __forceinline__ void store(bf16* to) const { *to = one; }
  __device__ __forceinline__ float value(int) const { return to_float(one); }
  __device__ __forceinline__ void set(const float (&from)[1]) {
    one = {__bfloat16_as_ushort(__float2bfloat16_rn(from[0]))};
  }
};

template <>
struct Pack<float, 1> {
  float one;

  __device__ __forceinline__ void load(const float* from) { one = *from; }
  __device__ __forceinline__ void store(float* to) const { *to = one; }
  __device__ __forceinline__ float value(int) const { return one; }
  __device__ __forceinline__ void set(const float (&from)[1]) { one = from[0]; }
};

// Codes with the scale that they share.
template <int WIDTH>
struct CodePack;

template <>
struct CodePack<WIDE> {
  uint2 codes;
  float scale;
};

template <>
struct CodePack<1> {
  uint8_t code;
  float scale;
};

// ------------------------------------------------------------------------------------------------
// The numbers of a pack without the scale that they share, and the scale: what is multiplied by more
// than that is multiplied once for all. Codes are decoded two at a time, so all at once.

template <typename T, int WIDTH>
__device__ __forceinline__ void unpack(const Pack<T, WIDTH>& pack, float (&unscaled)[WIDTH]) {
#pragma unroll
  for (int i = 0; i < WIDTH; i++) {
    unscaled[i] = pack.value(i);
  }
}

__device__ __forceinline__ void unpack(const CodePack<WIDE>& pack, float (&unscaled)[WIDE]) {
#pragma unroll
  for (int i = 0; i < WIDE; i += 2) {
    float2 two = E4M3::decode2((i < WIDE / 2 ? pack.codes.x : pack.codes.y) >> (i % 4 * 8));
    unscaled[i] = two.x;
    unscaled[i + 1] = two.y;
  }
}

__device__ __forceinline__ void unpack(const CodePack<1>& pack, float (&unscaled)[1]) {
  unscaled[0] = E4M3::decode2(pack.code).x;
}

template <typename T, int WIDTH>
__device__ __forceinline__ float scale_of(const Pack<T, WIDTH>&) {
  return 1;
}

template <int WIDTH>
__device__ __forceinline__ float scale_of(const CodePack<WIDTH>& pack) {
  return pack.scale;
}

// The numbers themselves.
template <typename Taken, int WIDTH>
__device__ __forceinline__ void values_of(const Taken& pack, float (&values)[WIDTH]) {
  unpack(pack, values);
#pragma unroll
  for (int i = 0; i < WIDTH; i++) {
    values[i] *= scale_of(pack);
  }
}

// ------------------------------------------------------------------------------------------------
// A matrix of numbers to read: take(row, column) gives the WIDTH numbers from there. Made from two
// addresses, so that kernels have one list of parameters: numbers leave the second unused.

template <typename T>
struct Numbers {
  const T* data;
  int columns;

  __device__ __forceinline__ Numbers(const void* numbers, const void*, int width)
      : data(static_cast<const T*>(numbers)), columns(width) {}

  template <int WIDTH>
  using Taken = Pack<T, WIDTH>;

  template <int WIDTH>
  __device__ __forceinline__ void take(Pack<T, WIDTH>& into, int64_t row, int column) const {
    into.load(data + row * columns + column);
  }
};

struct Codes16 {
  const uint8_t* codes;
  const bf16* scales;
  int columns;

  __device__ __forceinline__ Codes16(const void* data, const void* multipliers, int width)
      : codes(static_cast<const uint8_t*>(data)),
        scales(static_cast<const bf16*>(multipliers)),
        columns(width) {}

  template <int WIDTH>
  using Taken = CodePack<WIDTH>;

  __device__ __forceinline__ float scale(int64_t row, int column) const {
    return to_float(scales[row * ((columns + 15) / 16) + column / 16]);
  }
  __device__ __forceinline__ void take(CodePack<WIDE>& into, int64_t row, int column) const {
    into.codes = *reinterpret_cast<const uint2*>(codes + row * columns + column);
    into.scale = scale(row, column);
  }
  __device__ __forceinline__ void take(CodePack<1>& into, int64_t row, int column) const {
    into.code = codes[row * columns + column];
    into.scale = scale(row, column);
  }
};

// ------------------------------------------------------------------------------------------------
// Largest finite magnitude of what was stored, as the casts count it: infinities and NaN do not.

template <typename T>
struct Amax;

template <>
struct Amax<float> {
  float most = 0;

  template <int WIDTH>
  __device__ __forceinline__ void add(const Pack<float, WIDTH>& pack) {
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
      float magnitude = fabsf(pack.value(i));
      most = fmaxf(most, magnitude < __uint_as_float(0x7F800000u) ? magnitude : 0);
    }
  }
  __device__ __forceinline__ float value() const { return most; }
};

template <>
struct Amax<bf16> {
  // Of even and of odd numbers: two at once.
  __nv_bfloat162 most = __nv_bfloat162(__nv_bfloat16_raw{0}, __nv_bfloat16_raw{0});

  __device__ __forceinline__ void add(const Pack<bf16, WIDE>& pack) {
    __nv_bfloat162 larger = __habs2(as_bf162(pack.pairs[0]));
#pragma unroll
    for (int i = 1; i < WIDE / 2; i++) {
      larger = __hmax2(larger, __habs2(as_bf162(pack.pairs[i])));
    }
    // NaN falls out of a maximum by itself, infinity is rare. Both have all bits of the exponent, so
    // that one more there is a carry.
    if ((as_bits(larger) + 0x00800080u & 0x80008000u) == 0) {
      most = __hmax2(most, larger);
    } else {
#pragma unroll
      for (int i = 0; i < WIDE / 2; i++) {
        add_pair(pack.pairs[i]);
      }
    }
  }
  __device__ __forceinline__ void add(const Pack<bf16, 1>& pack) { add_pair(pack.one.bits); }
  __device__ __forceinline__ float value() const {
    return fmaxf(__low2float(most), __high2float(most));
  }

 private:
  __device__ __forceinline__ void add_pair(uint32_t pair) {
    uint32_t magnitudes = pair & 0x7FFF7FFFu;
    most = __hmax2(most, as_bf162(magnitudes & __hlt2_mask(as_bf162(magnitudes),
                                                           as_bf162(0x7F807F80u))));
  }
  static __device__ __forceinline__ __nv_bfloat162 as_bf162(uint32_t bits) {
    return *reinterpret_cast<__nv_bfloat162*>(&bits);
  }
  static __device__ __forceinline__ uint32_t as_bits(__nv_bfloat162 pair) {
    return *reinterpret_cast<uint32_t*>(&pair);
  }
};

// Leaves the block's amax for the cast that follows. Called once, by all threads.
__device__ __forceinline__ void store_block_amax(float amax, float* block_amax) {
  __shared__ float shared[MOST_WARPS];
  amax = block_max(amax, shared);
  if (threadIdx.x == 0) {
    block_amax[blockIdx.x] = amax;
  }
}
