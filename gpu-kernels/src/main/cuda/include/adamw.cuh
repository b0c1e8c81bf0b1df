// A step of AdamW on the numbers of a warp, and how it reads and stores moments; see optimizer.cu.
#pragma once

#include <cstdint>

#include "bf16.cuh"
#include "cast_tile.cuh"
#include "fp8.cuh"
#include "reduce.cuh"

constexpr int GROUP = 128;

template <int CHUNKS>
constexpr int LANES = GROUP / (4 * CHUNKS);

// Where the numbers of a step lie in its control vector (OptimizerKernels).
constexpr int CONTROL_STEP = 0;
constexpr int CONTROL_LEARNING_RATE = 1;
constexpr int CONTROL_MEAN = 2;
constexpr int CONTROL_CLIP_NORM = 3;
constexpr int CONTROL_FACTOR = 4;

__device__ __forceinline__ float log2_approximate(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float sqrt_approximate(float x) {
  float y;
  asm("sqrt.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// sqrt(x) rounded, for x >= 0; below 2^-126 it is 0.
__device__ __forceinline__ float sqrt_rounded(float x) {
  float inverse;
  float root;
  float rest;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(x));
  inverse = fminf(inverse, 1e30f);
  asm("mul.ftz.f32 %0, %1, %2;" : "=f"(root) : "f"(x), "f"(inverse));
  asm("fma.rn.ftz.f32 %0, %1, %2, %3;" : "=f"(rest) : "f"(-root), "f"(root), "f"(x));
  return fmaf(rest, 0.5f * inverse, root);
}

// a / b rounded, given 1 / b to within a unit in the last place or two; b in [2^-100, 2^100], and |a|
// at least 2^-100 or the last place uncertain.
__device__ __forceinline__ float quotient(float a, float b, float inverse) {
  float q = a * inverse;
  q = fmaf(fmaf(-b, q, a), inverse, q);
  return fmaf(fmaf(-b, q, a), inverse, q);
}

__device__ __forceinline__ float divide_rounded(float a, float b) {
  float inverse;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(b));
  inverse = fmaf(inverse, fmaf(-b, inverse, 1), inverse);
  return quotient(a, b, inverse);
}

template <bool SIGNED>
__device__ __forceinline__ float with_sign_of(float magnitude, float x) {
  if (!SIGNED) {
    return magnitude;
  }
  return __uint_as_float(__float_as_uint(magnitude) | (__float_as_uint(x) & 0x80000000u));
}

// Where the numbers 4 chunk .. 4 chunk + 3 of a lane lie from the warp's first.
template <int CHUNKS>
__device__ __forceinline__ int offset_of(int lane, int chunk) {
  constexpr int ACROSS = LANES<CHUNKS>;
  return lane / ACROSS * GROUP + chunk * (ACROSS * 4) + lane % ACROSS * 4;
}

// ------------------------------------------------------------------------------------------------
// What an FP8 group is expanded by.

struct Expansion {
  float scale;
  float exponent;
  float centre;
};

constexpr float TINY = 1e-30f;
constexpr float LARGEST_EXPONENT = 64;
constexpr double RANGE = 448.0 * 448.0 / 2;
constexpr float LOG2_RANGE = 16.614709844f;
constexpr float LOG2_448 = 8.807354922f;

// How a group of FP8 codes is made: log2 of the scale, and 1 / c, besides what is stored.
struct Expander {
  Expansion expansion;
  float log2_scale;  // 0 in a group of zeros, whose magnitudes have logarithm -infinity
  float inverse_centre;
};

// k = floor(16 log(RANGE) / log(ratio)) / 16, 0 where the group is not expanded, and log2(ratio), as
// the reference has them. Nearly no group comes here.
__device__ __noinline__ float2 exact_exponent(float largest, float smallest) {
  double ratio = static_cast<double>(largest) / smallest;
  if (ratio <= 1 + 1.0 / 1024) {
    return make_float2(0, 0);
  }
  double k = floor(log(RANGE) / log(ratio) * 16) / 16;
  return make_float2(static_cast<float>(fmin(k, static_cast<double>(LARGEST_EXPONENT))),
                     static_cast<float>(log2(ratio)));
}

// For the largest and the smallest nonzero magnitude of a group. Groups without a spread are stored
// unexpanded, zeros as zeros.
__device__ __forceinline__ Expander expander_for(float largest, float smallest) {
  bool zeros = largest == 0;
  largest = __fadd_rn(largest, TINY);
  smallest = __fadd_rn(smallest, TINY);
  float ratio = __fdividef(largest, smallest);
  float log2_ratio = log2_approximate(ratio);
  float sixteenths = __fdividef(16 * LOG2_RANGE, log2_ratio);
  float whole = floorf(sixteenths);
  float exponent = fminf(whole / 16, LARGEST_EXPONENT);
  // Whether errors of 2.6e-6 could change k, or whether the group is expanded.
  float margin = 6e-6f * sixteenths;
  bool clear = sixteenths - whole > margin && whole + 1 - sixteenths > margin;
  bool capped = sixteenths > 1.01f * 16 * LARGEST_EXPONENT && ratio > 1.001f;
  bool alike = ratio < 1.0009f;
  if (alike) {
    exponent = 0;
  } else if (!(ratio < 1e38f) || !(clear || capped)) {
    float2 exact = exact_exponent(largest, smallest);
    exponent = exact.x;
    log2_ratio = exact.y;
  }
  bool plain = exponent == 0;
  // The largest is sqrt(ratio) centres.
  float log2_largest = plain ? log2_approximate(largest) : exponent / 2 * log2_ratio;
  float log2_scale = log2_largest - LOG2_448;
  float centre = sqrt_approximate(largest) * sqrt_approximate(smallest);
  Expander expander = {{exp2_approximate(log2_scale), exponent, centre},
                       log2_scale,
                       __fdividef(1, centre)};
  if (plain) {
    expander = {{zeros ? 0 : largest * (1.0f / 448), 1, 1}, zeros ? 0 : log2_scale, 1};
  }
  return expander;
}

// ------------------------------------------------------------------------------------------------
// Moments in memory. Whole warps read and write by vectors, the last by elements.

enum MomentKind { F32, BF16, FP8 };

struct Moment {
  void* values;
  float* scales;
  float* exponents;
  float* centres;
};

// SIGNED: whether numbers may be negative.
template <MomentKind KIND, int CHUNKS, bool SIGNED>
struct Stored;

template <int CHUNKS, bool SIGNED>
struct Stored<F32, CHUNKS, SIGNED> {
  float4 raw[CHUNKS];

  template <bool WHOLE>
  __device__ __forceinline__ void load(const Moment& moment, int64_t base, int lane, int64_t n) {
    const float* from = static_cast<const float*>(moment.values);
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int64_t at = base + offset_of<CHUNKS>(lane, chunk);
      if (WHOLE) {
        raw[chunk] = *reinterpret_cast<const float4*>(from + at);
      } else {
        raw[chunk] = make_float4(at < n ? from[at] : 0, at + 1 < n ? from[at + 1] : 0,
                                 at + 2 < n ? from[at + 2] : 0, at + 3 < n ? from[at + 3] : 0);
      }
    }
  }

  __device__ __forceinline__ void numbers(float (&z)[4 * CHUNKS]) const {
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      z[4 * chunk] = raw[chunk].x;
      z[4 * chunk + 1] = raw[chunk].y;
      z[4 * chunk + 2] = raw[chunk].z;
      z[4 * chunk + 3] = raw[chunk].w;
    }
  }

  template <bool WHOLE>
  static __device__ __forceinline__ void store(const Moment& moment, const float (&z)[4 * CHUNKS],
                                               const Expander&, int64_t base, int lane,
                                               int64_t n) {
    float* to = static_cast<float*>(moment.values);
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int64_t at = base + offset_of<CHUNKS>(lane, chunk);
      if (WHOLE) {
        *reinterpret_cast<float4*>(to + at) =
            make_float4(z[4 * chunk], z[4 * chunk + 1], z[4 * chunk + 2], z[4 * chunk + 3]);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          if (at + j < n) {
            to[at + j] = z[4 * chunk + j];
          }
        }
      }
    }
  }
};

template <bool WHOLE, int CHUNKS>
__device__ __forceinline__ void store_bf16(bf16* to, const float (&z)[4 * CHUNKS], int64_t base,
                                           int lane, int64_t n) {
#pragma unroll
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    int64_t at = base + offset_of<CHUNKS>(lane, chunk);
    if (WHOLE) {
      *reinterpret_cast<uint2*>(to + at) = make_uint2(to_bf16_pair(z[4 * chunk], z[4 * chunk + 1]),
                                                      to_bf16_pair(z[4 * chunk + 2],
                                                                   z[4 * chunk + 3]));
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (at + j < n) {
          to[at + j] = to_bf16(z[4 * chunk + j]);
        }
      }
    }
  }
}

template <int CHUNKS, bool SIGNED>
struct Stored<BF16, CHUNKS, SIGNED> {
  uint2 raw[CHUNKS];

  template <bool WHOLE>
  __device__ __forceinline__ void load(const Moment& moment, int64_t base, int lane, int64_t n) {
    const bf16* from = static_cast<const bf16*>(moment.values);
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int64_t at = base + offset_of<CHUNKS>(lane, chunk);
      if (WHOLE) {
        raw[chunk] = *reinterpret_cast<const uint2*>(from + at);
      } else {
        uint32_t bits[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
          bits[j] = at + j < n ? from[at + j].bits : 0;
        }
        raw[chunk] = make_uint2(bits[0] | bits[1] << 16, bits[2] | bits[3] << 16);
      }
    }
  }

  __device__ __forceinline__ void numbers(float (&z)[4 * CHUNKS]) const {
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      z[4 * chunk] = bf16_low(raw[chunk].x);
      z[4 * chunk + 1] = bf16_high(raw[chunk].x);
      z[4 * chunk + 2] = bf16_low(raw[chunk].y);
      z[4 * chunk + 3] = bf16_high(raw[chunk].y);
    }
  }

  template <bool WHOLE>
  static __device__ __forceinline__ void store(const Moment& moment, const float (&z)[4 * CHUNKS],
                                               const Expander&, int64_t base, int lane,
                                               int64_t n) {
    store_bf16<WHOLE, CHUNKS>(static_cast<bf16*>(moment.values), z, base, lane, n);
  }
};

template <int CHUNKS, bool SIGNED>
struct Stored<FP8, CHUNKS, SIGNED> {
  uint32_t raw[CHUNKS];
  Expansion expansion;

  template <bool WHOLE>
  __device__ __forceinline__ void load(const Moment& moment, int64_t base, int lane, int64_t n) {
    const uint8_t* from = static_cast<const uint8_t*>(moment.values);
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int64_t at = base + offset_of<CHUNKS>(lane, chunk);
      if (WHOLE) {
        raw[chunk] = *reinterpret_cast<const uint32_t*>(from + at);
      } else {
        raw[chunk] = 0;
#pragma unroll
        for (int j = 0; j < 4; j++) {
          raw[chunk] |= at + j < n ? static_cast<uint32_t>(from[at + j]) << (8 * j) : 0;
        }
      }
    }
    int64_t first = base + lane / LANES<CHUNKS> * GROUP;
    int64_t group = first / GROUP;
    bool there = WHOLE || first < n;
    expansion.scale = there ? moment.scales[group] : 0;
    expansion.exponent = there ? moment.exponents[group] : 1;
    expansion.centre = there ? moment.centres[group] : 1;
  }

  __device__ __forceinline__ void numbers(float (&z)[4 * CHUNKS]) const {
    float root = __fdividef(1, expansion.exponent);
    float start = log2_approximate(expansion.scale) * root;
#pragma unroll
    for (int pair = 0; pair < 2 * CHUNKS; pair++) {
      float2 code = E4M3::decode2(raw[pair / 2] >> (pair % 2 * 16));
      float x = exp2_approximate(fmaf(log2_approximate(fabsf(code.x)), root, start));
      float y = exp2_approximate(fmaf(log2_approximate(fabsf(code.y)), root, start));
      z[2 * pair] = with_sign_of<SIGNED>(x * expansion.centre, code.x);
      z[2 * pair + 1] = with_sign_of<SIGNED>(y * expansion.centre, code.y);
    }
  }

  template <bool WHOLE>
  static __device__ __forceinline__ void store(const Moment& moment, const float (&z)[4 * CHUNKS],
                                               const Expander& by, int64_t base, int lane,
                                               int64_t n) {
    uint8_t* to = static_cast<uint8_t*>(moment.values);
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      float y[4];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        float x = z[4 * chunk + j];
        float steps = log2_approximate(fabsf(x) * by.inverse_centre);
        float power = fmaf(by.expansion.exponent, steps, -by.log2_scale);
        y[j] = with_sign_of<SIGNED>(exp2_approximate(power), x);
      }
      uint32_t codes = E4M3::encode4(y[0], y[1], y[2], y[3]);
      codes = by.expansion.scale == 0 ? 0 : codes;
      int64_t at = base + offset_of<CHUNKS>(lane, chunk);
      if (WHOLE) {
        *reinterpret_cast<uint32_t*>(to + at) = codes;
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          if (at + j < n) {
            to[at + j] = static_cast<uint8_t>(codes >> (8 * j));
          }
        }
      }
    }
    int64_t first = base + lane / LANES<CHUNKS> * GROUP;
    if (lane % LANES<CHUNKS> == 0 && (WHOLE || first < n)) {
      moment.scales[first / GROUP] = by.expansion.scale;
      moment.exponents[first / GROUP] = by.expansion.exponent;
      moment.centres[first / GROUP] = by.expansion.centre;
    }
  }
};

// ------------------------------------------------------------------------------------------------

// Over the lanes of a group.
template <int ACROSS>
__device__ __forceinline__ float group_max(float x) {
#pragma unroll
  for (int lane = 1; lane < ACROSS; lane *= 2) {
    x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, lane));
  }
  return x;
}

template <int ACROSS>
__device__ __forceinline__ float group_min(float x) {
#pragma unroll
  for (int lane = 1; lane < ACROSS; lane *= 2) {
    x = fminf(x, __shfl_xor_sync(ALL_LANES, x, lane));
  }
  return x;
}

// Largest magnitude of a group and the smallest that is not zero; numbers past the end of the range
// are zeros.
template <int EACH>
__device__ __forceinline__ float2 extremes(const float (&z)[EACH]) {
  float largest = fabsf(z[0]);
  float smallest = largest;
#pragma unroll
  for (int i = 1; i < EACH; i++) {
    largest = fmaxf(largest, fabsf(z[i]));
    smallest = fminf(smallest, fabsf(z[i]));
  }
  if (__any_sync(ALL_LANES, smallest == 0)) {
    smallest = __uint_as_float(0x7F800000u);
#pragma unroll
    for (int i = 0; i < EACH; i++) {
      smallest = z[i] == 0 ? smallest : fminf(smallest, fabsf(z[i]));
    }
  }
  return make_float2(group_max<GROUP / EACH>(largest), group_min<GROUP / EACH>(smallest));
}

__device__ __forceinline__ Expander from_lane(const Expander& mine, int lane) {
  return {{__shfl_sync(ALL_LANES, mine.expansion.scale, lane),
           __shfl_sync(ALL_LANES, mine.expansion.exponent, lane),
           __shfl_sync(ALL_LANES, mine.expansion.centre, lane)},
          __shfl_sync(ALL_LANES, mine.log2_scale, lane),
          __shfl_sync(ALL_LANES, mine.inverse_centre, lane)};
}

// Expanders of both moments at once: even lanes work out the first's, odd lanes the second's.
template <int EACH>
__device__ __forceinline__ void expanders_of(const float (&m)[EACH], const float (&v)[EACH],
                                             int lane, Expander& first, Expander& second) {
  float2 of_m = extremes(m);
  float2 of_v = extremes(v);
  bool odd = lane % 2 == 1;
  Expander mine = expander_for(odd ? of_v.x : of_m.x, odd ? of_v.y : of_m.y);
  first = from_lane(mine, lane & ~1);
  second = from_lane(mine, lane | 1);
}

template <int EACH>
__device__ __forceinline__ Expander expander_of(const float (&z)[EACH]) {
  float2 of_z = extremes(z);
  return expander_for(of_z.x, of_z.y);
}

struct Rule {
  float beta1;
  float beta2;
  float epsilon;
  float decay;
};

// A rule at one step.
struct Step {
  Rule rule;
  float rate;
  float factor;
  float correction1;
  float correction2;
  float inverse_correction2;

  __device__ __forceinline__ void update(float& p, float g, float& m, float& v) const {
    float gradient = __fmul_rn(g, factor);
    m = __fadd_rn(__fmul_rn(rule.beta1, m), __fmul_rn(1 - rule.beta1, gradient));
    v = __fadd_rn(__fmul_rn(rule.beta2, v),
                  __fmul_rn(__fmul_rn(1 - rule.beta2, gradient), gradient));
    float root = quotient(sqrt_rounded(v), correction2, inverse_correction2);
    float denominator = __fmul_rn(__fadd_rn(root, rule.epsilon), correction1);
    float change = __fadd_rn(divide_rounded(m, denominator), __fmul_rn(rule.decay, p));
    p = __fsub_rn(p, __fmul_rn(rate, change));
  }
};

// What is left of the new parameters besides themselves; null where not wanted.
struct Beside {
  bf16* copy;
  float* block_amax;
};

template <MomentKind FIRST, MomentKind SECOND, int CHUNKS, bool WHOLE>
__device__ __forceinline__ void step_warp(float* parameters, const float* gradients,
                                          const Moment& first, const Moment& second,
                                          const Beside& beside, const Step& step, int64_t base,
                                          int64_t n, float& most) {
  using Numbers = Stored<F32, CHUNKS, true>;
  using First = Stored<FIRST, CHUNKS, true>;
  using Second = Stored<SECOND, CHUNKS, false>;
  int lane = threadIdx.x % WARP;
  Moment weights = {parameters, nullptr, nullptr, nullptr};
  Moment slopes = {const_cast<float*>(gradients), nullptr, nullptr, nullptr};
  First stored_m;
  Second stored_v;
  Numbers stored_g;
  Numbers stored_p;
  stored_m.template load<WHOLE>(first, base, lane, n);
  stored_v.template load<WHOLE>(second, base, lane, n);
  stored_g.template load<WHOLE>(slopes, base, lane, n);
  stored_p.template load<WHOLE>(weights, base, lane, n);
  float p[4 * CHUNKS];
  float g[4 * CHUNKS];
  float m[4 * CHUNKS];
  float v[4 * CHUNKS];
  stored_m.numbers(m);
  stored_v.numbers(v);
  stored_g.numbers(g);
  stored_p.numbers(p);
#pragma unroll
  for (int i = 0; i < 4 * CHUNKS; i++) {
    step.update(p[i], g[i], m[i], v[i]);
  }
  Expander of_m = {{0, 1, 1}, 0, 1};
  Expander of_v = of_m;
  Numbers::template store<WHOLE>(weights, p, of_m, base, lane, n);
  if (beside.copy != nullptr) {
    store_bf16<WHOLE, CHUNKS>(beside.copy, p, base, lane, n);
  }
  if (beside.block_amax != nullptr) {
#pragma unroll
    for (int i = 0; i < 4 * CHUNKS; i++) {
      most = fmaxf(most, finite_magnitude(p[i]));
    }
  }
  if constexpr (FIRST == FP8 && SECOND == FP8) {
    expanders_of(m, v, lane, of_m, of_v);
  } else if constexpr (FIRST == FP8) {
    of_m = expander_of(m);
  } else if constexpr (SECOND == FP8) {
    of_v = expander_of(v);
  }
  First::template store<WHOLE>(first, m, of_m, base, lane, n);
  Second::template store<WHOLE>(second, v, of_v, base, lane, n);
}

// The numbers of a step, for every thread of the block. Two numbers of shared memory.
__device__ __forceinline__ Step step_of(const Rule& rule, const float* control,
                                        float (&corrections)[2]) {
  if (threadIdx.x < 2) {
    double t = control[CONTROL_STEP];
    double rest = 1 - pow(static_cast<double>(threadIdx.x == 0 ? rule.beta1 : rule.beta2), t);
    corrections[threadIdx.x] = static_cast<float>(threadIdx.x == 0 ? rest : sqrt(rest));
  }
  __syncthreads();
  return {rule,           control[CONTROL_LEARNING_RATE], control[CONTROL_FACTOR],
          corrections[0], corrections[1],                 __frcp_rn(corrections[1])};
}
