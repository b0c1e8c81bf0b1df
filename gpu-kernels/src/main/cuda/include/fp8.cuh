// FP8 codes and scales of casts, bit for bit as io.octavo.format.Minifloat and ScaleFormat: scale =
// amax / maxFinite, code = nearest-even, saturating code of x / scale with the quotient correctly
// rounded to FP32.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp8.h>

#include <cstdint>

#include "bf16.cuh"

struct E4M3 {
  static constexpr float MAX_FINITE = 448.0f;
  static constexpr uint32_t BF16_LIMIT = 0x44E0;  // 4 MAX_FINITE

  // Codes of four numbers, the first in the lowest byte.
  static __device__ __forceinline__ uint32_t encode4(float a, float b, float c, float d) {
    uint32_t low = __nv_cvt_float2_to_fp8x2(make_float2(a, b), __NV_SATFINITE, __NV_E4M3);
    uint32_t high = __nv_cvt_float2_to_fp8x2(make_float2(c, d), __NV_SATFINITE, __NV_E4M3);
    return low | high << 16;
  }

  // The two numbers of the codes in the lower half.
  static __device__ __forceinline__ float2 decode2(uint32_t codes) {
    __half2_raw pair = __nv_cvt_fp8x2_to_halfraw2(codes & 0xFFFF, __NV_E4M3);
    return __half22float2(__half2(pair));
  }
};

struct E5M2 {
  static constexpr float MAX_FINITE = 57344.0f;
  static constexpr uint32_t BF16_LIMIT = 0x4860;  // 4 MAX_FINITE

  static __device__ __forceinline__ uint32_t encode4(float a, float b, float c, float d) {
    uint32_t low = __nv_cvt_float2_to_fp8x2(make_float2(a, b), __NV_SATFINITE, __NV_E5M2);
    uint32_t high = __nv_cvt_float2_to_fp8x2(make_float2(c, d), __NV_SATFINITE, __NV_E5M2);
    uint32_t codes = low | high << 16;
    // The hardware's NaN has all mantissa bits; ours is the quiet NaN 0x7E.
    uint32_t nans = (codes & 0x7F7F7F7Fu) + 0x01010101u & 0x80808080u;
    return codes - (nans >> 7);
  }

  static __device__ __forceinline__ float2 decode2(uint32_t codes) {
    __half2_raw pair = __nv_cvt_fp8x2_to_halfraw2(codes & 0xFFFF, __NV_E5M2);
    return __half22float2(__half2(pair));
  }
};

// Values of the kernels' parameter `scale_format`.
constexpr int SCALE_FP32 = 0;
constexpr int SCALE_BF16 = 1;
constexpr int SCALE_E8M0 = 2;

// Scale of a group; 1 where all is zero.
__device__ __forceinline__ float scale_for(float amax, float max_finite, int scale_format) {
  if (amax == 0) {
    return 1;
  }
  float exact = fmaxf(__fdiv_rn(amax, max_finite), __uint_as_float(0x00800000u));
  if (scale_format == SCALE_BF16) {
    return to_float(to_bf16(exact));
  }
  if (scale_format == SCALE_E8M0) {
    // The power of two not below, in integers: a logarithm errs at powers of two.
    uint32_t exponent = min((__float_as_uint(exact) - 1 >> 23) + 1, 254u);
    return __uint_as_float(exponent << 23);
  }
  return exact;
}

// Scales are stored as BF16 where they are BF16 numbers, else as F32.
__device__ __forceinline__ void store_scale(void* scales, int64_t at, float scale,
                                            int scale_format) {
  if (scale_format == SCALE_BF16) {
    static_cast<bf16*>(scales)[at] = to_bf16(scale);
  } else {
    static_cast<float*>(scales)[at] = scale;
  }
}

__device__ __forceinline__ float load_scale(const void* scales, int64_t at, int scale_format) {
  return scale_format == SCALE_BF16 ? to_float(static_cast<const bf16*>(scales)[at])
                                    : static_cast<const float*>(scales)[at];
}

__device__ __forceinline__ float min_or_nan(float a, float b) {
  float least;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(least) : "f"(a), "f"(b));
  return least;
}

__device__ __forceinline__ float max_or_nan(float a, float b) {
  float most;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(most) : "f"(a), "f"(b));
  return most;
}

// Division by one number of many, as exact as codes need, without the branches of a general division:
// the divisor is brought into [1, 2), and the quotient is corrected by its exact remainder
// (Markstein). Two corrections round it as a division does. For numerators of BF16 one gives the
// same codes: all mantissas of numerator and divisor and all exponents were tried. Numerators are
// bounded first, since infinity would turn into NaN in the remainder: at 4 MAX_FINITE quotients
// saturate. Quotients so small that scaling rounds them encode to zero anyway.
template <typename Element>
struct Divisor {
  static constexpr float LIMIT = 4 * Element::MAX_FINITE;

  float divisor;
  float reciprocal;
  uint32_t prescale_bits;  // of a power of two

  // `scale` is normal and at most 2^126, as amax / MAX_FINITE and its roundings are.
  __device__ __forceinline__ explicit Divisor(float scale)
      : Divisor(scale, reciprocal_of(scale)) {}

  // For threads that share the work of reciprocal_of.
  __device__ __forceinline__ Divisor(float scale, float reciprocal_of_mantissa) {
    divisor = mantissa_of(scale);
    reciprocal = reciprocal_of_mantissa;
    prescale_bits = (254u << 23) - (__float_as_uint(scale) & 0x7F800000u);
  }

  static __device__ __forceinline__ float mantissa_of(float scale) {
    return __uint_as_float((__float_as_uint(scale) & 0x007FFFFFu) | 0x3F800000u);
  }

  static __device__ __forceinline__ float reciprocal_of(float scale) {
    return __frcp_rn(mantissa_of(scale));
  }

  __device__ __forceinline__ float bounded(float x) const {
    return max_or_nan(min_or_nan(x * __uint_as_float(prescale_bits), LIMIT), -LIMIT);
  }

  // The negative remainder, so that a quotient of minus zero keeps its sign.
  template <int CORRECTIONS>
  __device__ __forceinline__ float quotient(float bounded) const {
    float q = bounded * reciprocal;
#pragma unroll
    for (int i = 0; i < CORRECTIONS; i++) {
      q = fmaf(-fmaf(divisor, q, -bounded), reciprocal, q);
    }
    return q;
  }

  __device__ __forceinline__ uint32_t encode4(float a, float b, float c, float d) const {
    return Element::encode4(quotient<2>(bounded(a)), quotient<2>(bounded(b)),
                            quotient<2>(bounded(c)), quotient<2>(bounded(d)));
  }
};

__device__ __forceinline__ __nv_bfloat162 as_bf16_pair(uint32_t bits) {
  return *reinterpret_cast<__nv_bfloat162*>(&bits);
}

__device__ __forceinline__ uint32_t as_bits(__nv_bfloat162 pair) {
  return *reinterpret_cast<uint32_t*>(&pair);
}

// Divisor::bounded of both numbers of a pair, each with its own divisor: BF16 has the exponents of
// F32, so nothing is lost.
template <typename Element>
__device__ __forceinline__ uint32_t bounded_pair(uint32_t pair, const Divisor<Element>& low,
                                                 const Divisor<Element>& high) {
  constexpr uint32_t LIMITS = Element::BF16_LIMIT * 0x00010001u;
  uint32_t prescales = __byte_perm(low.prescale_bits, high.prescale_bits, 0x7632);
  __nv_bfloat162 scaled = __hmul2(as_bf16_pair(pair), as_bf16_pair(prescales));
  __nv_bfloat162 below = __hmin2_nan(scaled, as_bf16_pair(LIMITS));
  return as_bits(__hmax2_nan(below, as_bf16_pair(LIMITS | 0x80008000u)));
}

// Codes of two pairs, all by one divisor.
template <typename Element>
__device__ __forceinline__ uint32_t encode_pairs(uint32_t first, uint32_t second,
                                                 const Divisor<Element>& by) {
  uint32_t a = bounded_pair(first, by, by);
  uint32_t b = bounded_pair(second, by, by);
  return Element::encode4(by.template quotient<1>(bf16_low(a)), by.template quotient<1>(bf16_high(a)),
                          by.template quotient<1>(bf16_low(b)),
                          by.template quotient<1>(bf16_high(b)));
}
