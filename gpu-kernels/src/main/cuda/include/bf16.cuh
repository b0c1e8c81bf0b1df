// BF16 is the upper half of a binary32. Conversions are those of io.octavo.format.Bfloat16: nearest
// even, and a NaN keeps its sign and the upper bits of its payload (the hardware's conversion gives
// one NaN for all).
#pragma once

#include <cstdint>

// Storage of a BF16 number. A type of its own, so that kernels can be templates over it and float.
struct bf16 {
  uint16_t bits;
};

__device__ __forceinline__ float to_float(bf16 x) {
  return __uint_as_float(static_cast<uint32_t>(x.bits) << 16);
}

__device__ __forceinline__ float to_float(float x) { return x; }

// The lower and upper number of a pair in one register.
__device__ __forceinline__ float bf16_low(uint32_t pair) { return __uint_as_float(pair << 16); }

__device__ __forceinline__ float bf16_high(uint32_t pair) {
  return __uint_as_float(pair & 0xFFFF0000u);
}

__device__ __forceinline__ bf16 to_bf16(float x) {
  uint32_t bits = __float_as_uint(x);
  bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  uint32_t rounded = bits + 0x7FFFu + (bits >> 16 & 1u);
  return {static_cast<uint16_t>((nan ? bits | 0x400000u : rounded) >> 16)};
}

// Two numbers, the first in the lower half.
__device__ __forceinline__ uint32_t to_bf16_pair(float low, float high) {
  return to_bf16(low).bits | static_cast<uint32_t>(to_bf16(high).bits) << 16;
}

// The same by the hardware's conversion, an eighth of the instructions: all NaN become 0x7FFF. For inference, attention and
// products, which no reference follows to the bits of a NaN.
__device__ __forceinline__ uint32_t round_pair(float low, float high) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

__device__ __forceinline__ bf16 round_one(float x) {
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return {bits};
}
