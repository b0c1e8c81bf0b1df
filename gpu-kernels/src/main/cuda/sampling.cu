// Next tokens from logits [R, V]: ids[r], as io.octavo.kernel.SamplingKernels says. One block a row, 1,024 threads.
//
// Masses exp((logit - largest) / temperature) are rounded to multiples of 2^-40, so that sums are exact in any order. Ids in
// falling order of logit are never sorted: what lies at a given mass from the top is found digit by digit of the logits' bits,
// by the mass in each of 256 bins. Once for where the mass reaches topP, once for the id that the uniform number falls on.
#include <cstdint>

#include "include/bf16.cuh"
#include "include/philox.cuh"
#include "include/reduce.cuh"
#include "include/wgmma_tokens.cuh"

namespace {

constexpr int THREADS = 1024;
constexpr int WARPS = THREADS / WARP;
constexpr int BINS = 256;
using Mass = unsigned long long;

// Larger numbers have larger keys.
__device__ __forceinline__ uint32_t key_of(float x) {
  uint32_t bits = __float_as_uint(x);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ float number_of(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7FFFFFFFu : ~key);
}

__device__ __forceinline__ Mass block_max_of(Mass x, Mass* shared) {
  for (int lane = WARP / 2; lane > 0; lane >>= 1) {
    Mass other = __shfl_xor_sync(ALL_LANES, x, lane);
    x = other > x ? other : x;
  }
  __syncthreads();
  if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = x;
  __syncthreads();
  Mass most = shared[0];
  for (int warp = 1; warp < WARPS; warp++) most = shared[warp] > most ? shared[warp] : most;
  return most;
}

// Where a mass from the top is reached.
struct Found {
  uint32_t key;
  Mass above;  // of larger keys
  Mass equal;  // of this key
};

template <typename T>
struct Row {
  const T* logits;
  int words;
  float largest, temperature;

  __device__ __forceinline__ float logit(int id) const { return to_float(logits[id]); }

  __device__ __forceinline__ Mass mass(float logit) const {
    return static_cast<Mass>(expf(__fdiv_rn(logit - largest, temperature)) * 1099511627776.0f);
  }

  // The first key from the top where masses sum up to at least `target`, which is 1 or more.
  __device__ Found find(Mass target, Mass* bins, volatile Found* found) const {
    uint32_t prefix = 0;
    Mass above = 0, equal = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
      __syncthreads();
      if (threadIdx.x < BINS) bins[threadIdx.x] = 0;
      __syncthreads();
      for (int id = threadIdx.x; id < words; id += THREADS) {
        float x = logit(id);
        uint32_t key = key_of(x);
        if (shift == 24 || key >> shift + 8 == prefix) {
          Mass m = mass(x);
          if (m > 0) atomicAdd(bins + (key >> shift & 0xFF), m);
        }
      }
      __syncthreads();
      if (threadIdx.x < WARP) {
        // A lane has 8 bins from the top.
        constexpr int EACH = BINS / WARP;
        int top = BINS - 1 - EACH * static_cast<int>(threadIdx.x);
        Mass own = 0;
        for (int i = 0; i < EACH; i++) own += bins[top - i];
        Mass until = own;
        for (int lane = 1; lane < WARP; lane <<= 1) {
          Mass other = __shfl_up_sync(ALL_LANES, until, lane);
          if (threadIdx.x >= lane) until += other;
        }
        Mass before = above + until - own;
        if (before < target && before + own >= target) {
          int bin = top;
          while (before + bins[bin] < target) before += bins[bin--];
          found->key = prefix << 8 | bin;
          found->above = before;
          found->equal = bins[bin];
        }
      }
      __syncthreads();
      prefix = found->key;
      above = found->above;
      equal = found->equal;
    }
    return {prefix, above, equal};
  }

  // The id of the `index`-th key of that value.
  __device__ int id_of(uint32_t key, int index, Mass* shared) const {
    if (index == 0) {
      Mass least = 0;  // largest of the negated
      for (int id = threadIdx.x; id < words; id += THREADS) {
        if (key_of(logit(id)) == key) {
          least = ~static_cast<uint32_t>(id);
          break;
        }
      }
      return static_cast<int>(~static_cast<uint32_t>(block_max_of(least, shared)));
    }
    int left = index;
    for (int from = 0; from < words; from += THREADS) {
      int id = from + static_cast<int>(threadIdx.x);
      bool hit = id < words && key_of(logit(id)) == key;
      int count = __syncthreads_count(hit);
      if (left < count) {
        uint32_t warp_hits = __ballot_sync(ALL_LANES, hit);
        if (threadIdx.x % WARP == 0) shared[threadIdx.x / WARP] = __popc(warp_hits);
        __syncthreads();
        int before = 0;
        for (int warp = 0; warp < threadIdx.x / WARP; warp++) before += static_cast<int>(shared[warp]);
        before += __popc(warp_hits & (1u << threadIdx.x % WARP) - 1);
        __syncthreads();
        if (hit && before == left) shared[0] = id;
        __syncthreads();
        return static_cast<int>(shared[0]);
      }
      left -= count;
    }
    return words - 1;
  }
};

// How many of equal masses reach `needed`.
__device__ __forceinline__ Mass count_of(Mass needed, Mass each) { return (needed + each - 1) / each; }

template <typename T>
__device__ void sample(const T* logits, const float* temperatures, const float* top_p, const uint32_t* seeds,
                       const int* positions, int* ids, int words) {
  __shared__ Mass bins[BINS];
  __shared__ Mass shared[WARPS];
  __shared__ Found found;
#ifdef OCTAVO_SM90A
  octavo::let_next_start();
  octavo::wait_for_previous();
#endif
  int r = blockIdx.x;
  Row<T> row{logits + static_cast<int64_t>(r) * words, words, 0, temperatures[r]};
  Mass best = 0;
  for (int id = threadIdx.x; id < words; id += THREADS) {
    Mass candidate = static_cast<Mass>(key_of(row.logit(id))) << 32 | ~static_cast<uint32_t>(id);
    best = candidate > best ? candidate : best;
  }
  best = block_max_of(best, shared);
  int id = static_cast<int>(~static_cast<uint32_t>(best));
  if (row.temperature > 0) {
    row.largest = number_of(static_cast<uint32_t>(best >> 32));
    Mass sum = 0;
    for (int i = threadIdx.x; i < words; i += THREADS) sum += row.mass(row.logit(i));
    __syncthreads();
    Mass kept = block_sum(sum, shared);
    if (top_p[r] < 1) {
      Mass target = static_cast<Mass>(static_cast<double>(top_p[r]) * static_cast<double>(kept));
      target = target < 1 ? 1 : target;
      Found cut = row.find(target, bins, &found);
      Mass each = row.mass(number_of(cut.key));
      kept = cut.above + count_of(target - cut.above, each) * each;
    }
    uint64_t seed = seeds[2 * r] | static_cast<uint64_t>(seeds[2 * r + 1]) << 32;
    double uniform = (philox_bits(seed, 0, static_cast<uint64_t>(positions[r])) + 0.5) * 0x1p-32;
    Mass target = static_cast<Mass>(ceil(uniform * static_cast<double>(kept)));
    target = target < 1 ? 1 : target > kept ? kept : target;
    Found drawn = row.find(target, bins, &found);
    Mass each = row.mass(number_of(drawn.key));
    id = row.id_of(drawn.key, static_cast<int>(count_of(target - drawn.above, each)) - 1, shared);
  }
  if (threadIdx.x == 0) ids[r] = id;
}

}  // namespace

#define SAMPLE(NAME, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(THREADS)                                                             \
      sample_##NAME(const T* logits, const float* temperatures, const float* top_p, const uint32_t* seeds,          \
                    const int* positions, int* ids, int words) {                                                    \
    sample(logits, temperatures, top_p, seeds, positions, ids, words);                                              \
  }

SAMPLE(f32, float)
SAMPLE(bf16, bf16)
