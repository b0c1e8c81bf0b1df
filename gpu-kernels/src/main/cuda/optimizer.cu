// AdamW over a flat range of FP32 parameters p with FP32 gradients, and the sums a step needs.
//
//   g = gradient * factor;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
//   p -= lr (m / ((sqrt(v) / sqrt(1 - b2^t) + eps) (1 - b1^t)) + decay p)
//
// adamw_<first>_<second>: each moment f32, bf16, or fp8 (COAT, arXiv 2410.19313: E4M3 codes of
// sign(z) (|z| / c)^k / s in groups of 128, with s, k, c of each group in F32). Step, learning rate
// and factor are read from the control vector on the device; nothing changes where the factor is
// not finite. The update rounds every operation as the reference does, so that plain moments and
// parameters have its bits, but for second moments below 2^-126, which count as zero in the root,
// and first ones below 2^-100, whose quotient may be off by one unit in the last place.
//
// Powers of fp8 moments are taken by the approximate instructions for binary logarithm and
// exponential, of a relative error of 2^-22 each, on logarithms of at most 8.4 times max(1, 1 / k).
// A moment read back differs from the reference's by less than 3e-6 of itself for k >= 1 and 3e-5
// for any; a code differs where the expanded number lies within 3e-6 of the middle between two
// codes. k is the reference's.
//
// Layout: LANES neighbouring lanes take a group of 128, each CHUNKS times 4 numbers of it.

#include <cstdint>

#include "adamw.cuh"

// What is left of parameters that stay as they are.
template <int THREADS>
__device__ __noinline__ float leave(const float* parameters, const Beside& beside, int64_t n) {
  float most = 0;
  int64_t threads = static_cast<int64_t>(gridDim.x) * THREADS;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; i < n; i += threads) {
    most = fmaxf(most, finite_magnitude(parameters[i]));
    if (beside.copy != nullptr) {
      beside.copy[i] = to_bf16(parameters[i]);
    }
  }
  return most;
}

template <MomentKind FIRST, MomentKind SECOND, int THREADS>
__device__ __forceinline__ float update(float* parameters, const float* gradients,
                                        const Moment& first, const Moment& second,
                                        const Beside& beside, int64_t n, const Rule& rule,
                                        const float* control) {
  __shared__ float corrections[2];
  Step step = step_of(rule, control, corrections);
  constexpr int CHUNKS = FIRST == FP8 || SECOND == FP8 ? 4 : 2;
  constexpr int TAKEN = WARP * CHUNKS * 4;
  int64_t warps = static_cast<int64_t>(gridDim.x) * (THREADS / WARP);
  int64_t warp = static_cast<int64_t>(blockIdx.x) * (THREADS / WARP) + threadIdx.x / WARP;
  float most = 0;
  for (int64_t base = warp * TAKEN; base < n; base += warps * TAKEN) {
    if (base + TAKEN <= n) {
      step_warp<FIRST, SECOND, CHUNKS, true>(parameters, gradients, first, second, beside, step,
                                             base, n, most);
    } else {
      step_warp<FIRST, SECOND, CHUNKS, false>(parameters, gradients, first, second, beside, step,
                                              base, n, most);
    }
  }
  return most;
}

template <MomentKind FIRST, MomentKind SECOND, int THREADS>
__device__ __forceinline__ void adamw(float* parameters, const float* gradients,
                                      const Moment& first, const Moment& second,
                                      const Beside& beside, int64_t n, const Rule& rule,
                                      const float* control) {
  __shared__ float shared[THREADS / WARP];
  float most = isfinite(control[CONTROL_FACTOR])
                   ? update<FIRST, SECOND, THREADS>(parameters, gradients, first, second, beside, n,
                                                    rule, control)
                   : leave<THREADS>(parameters, beside, n);
  if (beside.block_amax != nullptr) {
    most = block_max(most, shared);
    if (threadIdx.x == 0) {
      beside.block_amax[blockIdx.x] = most;
    }
  }
}

// Any number of blocks, of 128 threads where a moment is fp8 and 256 else; copy, the new parameters
// in BF16, and block_amax may be null. Pointers are aligned to 16 bytes.
#define ADAMW(NAME, FIRST, SECOND, THREADS, BLOCKS)                                                \
  extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)                                    \
      adamw_##NAME(float* parameters, const float* gradients, void* first, float* first_scales,    \
                   float* first_exponents, float* first_centres, void* second,                     \
                   float* second_scales, float* second_exponents, float* second_centres,           \
                   bf16* copy, float* block_amax, long long elements, float beta1, float beta2,    \
                   float epsilon, float decay, const float* control) {                             \
    adamw<FIRST, SECOND, THREADS>(parameters, gradients,                                           \
                                  {first, first_scales, first_exponents, first_centres},           \
                                  {second, second_scales, second_exponents, second_centres},       \
                                  {copy, block_amax}, elements, {beta1, beta2, epsilon, decay},    \
                                  control);                                                        \
  }

ADAMW(f32_f32, F32, F32, 256, 3)
ADAMW(f32_bf16, F32, BF16, 256, 3)
ADAMW(f32_fp8, F32, FP8, 128, 5)
ADAMW(bf16_f32, BF16, F32, 256, 3)
ADAMW(bf16_bf16, BF16, BF16, 256, 3)
ADAMW(bf16_fp8, BF16, FP8, 128, 5)
ADAMW(fp8_f32, FP8, F32, 128, 5)
ADAMW(fp8_bf16, FP8, BF16, 128, 5)
ADAMW(fp8_fp8, FP8, FP8, 128, 5)

extern "C" __global__ void fill_f32(float* target, long long elements, float value) {
  int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at < elements) {
    target[at] = value;
  }
}

// ------------------------------------------------------------------------------------------------
// Sums in double, in an order that depends on the size of the grid alone: each block leaves a
// partial, one block adds those. 256 threads a block.

constexpr int SUM_THREADS = 256;

template <bool SQUARES>
__device__ __forceinline__ void sum_of_blocks(const float* __restrict__ values, int64_t elements,
                                              double* partials) {
  __shared__ double shared[SUM_THREADS / WARP];
  int64_t threads = static_cast<int64_t>(gridDim.x) * SUM_THREADS;
  int64_t thread = static_cast<int64_t>(blockIdx.x) * SUM_THREADS + threadIdx.x;
  bool aligned = reinterpret_cast<uintptr_t>(values) % 16 == 0;
  int64_t vectors = aligned ? elements / 4 : 0;
  double sums[4] = {0, 0, 0, 0};
  for (int64_t i = thread; i < vectors; i += 4 * threads) {
    float4 x[4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      x[j] = i + j * threads < vectors
                 ? __ldg(reinterpret_cast<const float4*>(values) + i + j * threads)
                 : make_float4(0, 0, 0, 0);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
      double terms[4] = {x[j].x, x[j].y, x[j].z, x[j].w};
#pragma unroll
      for (int k = 0; k < 4; k++) {
        sums[k] = SQUARES ? fma(terms[k], terms[k], sums[k]) : sums[k] + terms[k];
      }
    }
  }
  for (int64_t i = vectors * 4 + thread; i < elements; i += threads) {
    double x = values[i];
    sums[0] += SQUARES ? x * x : x;
  }
  double sum = block_sum((sums[0] + sums[1]) + (sums[2] + sums[3]), shared);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = sum;
  }
}

extern "C" __global__ void __launch_bounds__(SUM_THREADS)
    sum_f32(const float* values, long long elements, double* partials) {
  sum_of_blocks<false>(values, elements, partials);
}

extern "C" __global__ void __launch_bounds__(SUM_THREADS)
    sum_of_squares_f32(const float* values, long long elements, double* partials) {
  sum_of_blocks<true>(values, elements, partials);
}

__device__ __forceinline__ double sum_of_partials(const double* partials, int count) {
  __shared__ double shared[SUM_THREADS / WARP];
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += SUM_THREADS) {
    sum += partials[i];
  }
  return block_sum(sum, shared);
}

// The sum of the partials itself; one block.
extern "C" __global__ void __launch_bounds__(SUM_THREADS)
    finish_sum(const double* partials, int count, double* sum) {
  double all = sum_of_partials(partials, count);
  if (threadIdx.x == 0) {
    *sum = all;
  }
}

// Adds the sum of the partials to a total, a pair of F32: the nearest, and what is left. One block.
extern "C" __global__ void __launch_bounds__(SUM_THREADS)
    add_sum(const double* partials, int count, float* totals, int total) {
  double all = sum_of_partials(partials, count);
  if (threadIdx.x == 0) {
    all += static_cast<double>(totals[2 * total]) + totals[2 * total + 1];
    float nearest = static_cast<float>(all);
    totals[2 * total] = nearest;
    // Infinity has no rest: the difference would be NaN.
    totals[2 * total + 1] = isinf(nearest) ? 0.0f : static_cast<float>(all - nearest);
  }
}

// The factor on stored gradients from the totals of losses and squares; one thread.
extern "C" __global__ void finish_norm(const float* totals, float* control, int losses,
                                       int squares) {
  double loss = static_cast<double>(totals[2 * losses]) + totals[2 * losses + 1];
  double square = static_cast<double>(totals[2 * squares]) + totals[2 * squares + 1];
  double mean = control[CONTROL_MEAN];
  double clip = control[CONTROL_CLIP_NORM];
  double ratio = clip / __dadd_rn(__dmul_rn(mean, sqrt(square)), 1e-6);
  double factor = clip == 0 || ratio >= 1 ? mean : mean * ratio;
  bool finite = isfinite(loss) && isfinite(square);
  control[CONTROL_FACTOR] = finite ? static_cast<float>(factor) : nanf("");
}
