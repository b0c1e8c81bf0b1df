// Linear layers of inference on Hopper: y[M, N] = x[M, K] W[N, K]^T (+ bias) (+ addend), W and x quantized or BF16.
//
//   chunk sums   of 128 (or fewer, where groups are smaller) k by tensor cores, from zero
//   segment      sum of its chunks times their scales, FP32, in order of k
//   y            (segment 0 + segment 1 + ...) x scale of the token x scale of the row, + bias, + addend; rounded to BF16 once
//
// Chunks and segments follow from the weight alone, so a row of y has the same bits whatever M is. Tensor cores take the
// weight as their first operand (64 rows a warpgroup) and tokens as the second, 8 to 128 of them: with few tokens nothing is
// padded but the tokens. Segments are work of different blocks of a cluster, folded through their shared memory, or of one
// block, one after the other.
//
// Weights are laid out by the pack_* kernels in slabs [N / 64][K bytes / 128]: 64 rows of as many k as fill 128 bytes of
// activations (128 of 8 bits, 64 of BF16), swizzled as tensor cores read shared memory; 4-bit codes in the order in which
// threads hold the first operand, expanded in registers: INT4 by a table of its 16 values (two byte permutations and a
// choice by sign), E2M1 by a shift (the value times 2^-6, which the scales make up for). Activations: [K bytes / 128][rows]
// of 128 bytes, swizzled, by the cast_tokens_* kernels. A stage of the ring in shared memory holds a slab of each warpgroup,
// its scales, and the activations; bulk copies fill it. Weights do not depend on the kernel before: their copies start first.
//
// multiply_<weight>_<made>: for few tokens (up to 8), which each block casts itself from what the layer before left: as they are
// (plain), by RMSNorm (norm) or by SwiGLU (swiglu). Bits are those of cast and product one after the other.
//
// Launch: multiply_*: grid (segments or 1, x N / rows of a block; tokens / tile), cluster of `segments` or 1 blocks along x,
// threads 128 x (warpgroups + 1), dynamic shared memory as Shape::shared_bytes, and 1 KB for each slab of a segment where blocks
// cast. Rows are padded to 128, k to a slab.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "include/token_rows.cuh"
#include "include/wgmma_tokens.cuh"

namespace {

struct LinearWork {
  const uint8_t* weights;
  const float* chunk_scales;  // [N / 64][chunks][64]
  const float* row_scales;    // [N] or none
  const float* bias;          // [N] or none
  const uint8_t* activations;
  const float* token_scales;  // [M] or none
  const bf16* addend;         // [M, N] or none
  bf16* y;
  octavo::RowSource source;  // where blocks cast
  int n, m, k, slabs, token_rows, segments;
};

using octavo::Made;

constexpr int TILE_ROWS = 64;

// How weights are stored and multiplied. BYTES of a slab; CHUNKS of it with a scale each (0: no scales); PARTS: runs of
// tensor core sums within a slab.
enum class Element { E4M3, INT8, BF16 };

template <Element ELEMENT_, int CHUNKS_>
struct Plain {
  static constexpr Element ELEMENT = ELEMENT_;
  static constexpr bool IN_REGISTERS = false;
  static constexpr int BYTES = TILE_ROWS * 128;
  static constexpr int CHUNKS = CHUNKS_;
};

enum class Code { INT4, E2M1 };

template <Code CODE_, int CHUNKS_>
struct FourBitE4M3 {
  static constexpr Element ELEMENT = Element::E4M3;
  static constexpr Code CODE = CODE_;
  static constexpr bool IN_REGISTERS = true;
  static constexpr int BYTES = TILE_ROWS * 64;
  static constexpr int CHUNKS = CHUNKS_;
};

template <int CHUNKS_>
struct Int4Bf16 {
  static constexpr Element ELEMENT = Element::BF16;
  static constexpr bool IN_REGISTERS = true;
  static constexpr int BYTES = TILE_ROWS * 32;
  static constexpr int CHUNKS = CHUNKS_;
};

template <typename Weight, int TOKENS, int GROUPS, Made MADE>
struct Shape {
  static constexpr int weight_bytes = GROUPS * Weight::BYTES;
  static constexpr int token_bytes = MADE == Made::NOT_HERE ? TOKENS * 128 : 0;
  static constexpr int scale_bytes = GROUPS * Weight::CHUNKS * TILE_ROWS * 4;
  static constexpr int stage_bytes = (weight_bytes + token_bytes + scale_bytes + 1023) / 1024 * 1024;
  static constexpr int copied_bytes = weight_bytes + token_bytes + scale_bytes;
  static constexpr int budget = GROUPS > 1 ? 216 * 1024 : MADE == Made::NOT_HERE ? 100 * 1024 : 80 * 1024;
  static constexpr int stages = budget / stage_bytes < 16 ? budget / stage_bytes : 16;
  static constexpr int sum_pitch = GROUPS * TILE_ROWS + 4;  // FP32 sums of a token, padded against bank conflicts
  static constexpr int sum_bytes = TOKENS * sum_pitch * 4;
  static constexpr int ring_bytes = stages * stage_bytes;
  // Tokens that are cast here follow the ring.
  static constexpr int shared_bytes = (ring_bytes > sum_bytes ? ring_bytes : sum_bytes) + 1024;  // for alignment
  static_assert(stages >= 3);
};

#ifdef OCTAVO_SM90A

using namespace octavo;

// ------------------------------------------------------------------------------------------------
// Four codes of 4 bits to four E4M3 bytes, two registers of them a word.

// Codes in the low, then the high 16 bits.
__device__ __forceinline__ uint32_t e4m3_of_int4(uint32_t codes) {
  uint32_t magnitude = codes & 0x7777u;
  uint32_t positive = __byte_perm(0x44403800u, 0x4E4C4A48u, magnitude);  // 0 to 7
  uint32_t negative = __byte_perm(0xCACCCED0u, 0xB8C0C4C8u, magnitude);  // -8 to -1
  return __byte_perm(positive, negative, 0x3210u | (codes >> 1 & 0x4444u));
}

template <Code CODE>
__device__ __forceinline__ void expand_e4m3(uint32_t word, uint32_t& first, uint32_t& second) {
  if (CODE == Code::INT4) {
    first = e4m3_of_int4(word);
    second = e4m3_of_int4(word >> 16);
  } else {  // high, then low halves of the bytes
    first = (word & 0x80808080u) | (word >> 2 & 0x1C1C1C1Cu);
    second = (word << 4 & 0x80808080u) | (word << 2 & 0x1C1C1C1Cu);
  }
}

// Register i of a word: bits 4 i and 16 + 4 i; codes are v + 8.
__device__ __forceinline__ uint32_t bf16_of_int4(uint32_t word, int i) {
  uint32_t biased = (word >> 4 * i & 0x000F000Fu) | 0x43004300u;  // 128 + v + 8
  __nv_bfloat162 offset = __nv_bfloat162(__nv_bfloat16_raw{0x4308}, __nv_bfloat16_raw{0x4308});
  return as_bits(__hsub2(as_bf16_pair(biased), offset));
}

// ------------------------------------------------------------------------------------------------

template <typename Weight, int TOKENS>
struct Consumer {
  static constexpr int COUNT = TOKENS / 2;
  static constexpr bool INTEGER = Weight::ELEMENT == Element::INT8;
  static constexpr int STEPS = 4;  // tensor core products of 32 bytes in a slab
  static constexpr int PARTS = Weight::CHUNKS == 0 ? 1 : Weight::CHUNKS;
  using Sum = typename std::conditional<INTEGER, int, float>::type;

  Sum chunk[COUNT];
  Sum segment[COUNT];

  __device__ __forceinline__ void start() {
#pragma unroll
    for (int i = 0; i < COUNT; i++) segment[i] = 0;
  }

  __device__ __forceinline__ void step(uint32_t (&a)[4], uint64_t descriptor, uint64_t b, int accumulate) {
    using Product = TokenProduct<TOKENS>;
    if constexpr (Weight::IN_REGISTERS && Weight::ELEMENT == Element::E4M3) {
      Product::e4m3(chunk, a, b, accumulate);
    } else if constexpr (Weight::IN_REGISTERS) {
      Product::bf16(chunk, a, b, accumulate);
    } else if constexpr (Weight::ELEMENT == Element::E4M3) {
      Product::e4m3(chunk, descriptor, b, accumulate);
    } else if constexpr (INTEGER) {
      Product::int8(chunk, descriptor, b, accumulate);
    } else {
      Product::bf16(chunk, descriptor, b, accumulate);
    }
  }

  __device__ __forceinline__ void expand(uint32_t weights, int thread, uint32_t (&a)[STEPS][4]) {
    uint4 words[2];
    constexpr int LOADS = Weight::ELEMENT == Element::BF16 ? 1 : 2;
#pragma unroll
    for (int i = 0; i < LOADS; i++) {
      asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                   : "=r"(words[i].x), "=r"(words[i].y), "=r"(words[i].z), "=r"(words[i].w)
                   : "r"(weights + (i * 128 + thread) * 16));
    }
    if constexpr (Weight::ELEMENT == Element::BF16) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        a[0][i] = bf16_of_int4(words[0].x, i);
        a[1][i] = bf16_of_int4(words[0].y, i);
        a[2][i] = bf16_of_int4(words[0].z, i);
        a[3][i] = bf16_of_int4(words[0].w, i);
      }
    } else {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        expand_e4m3<Weight::CODE>(words[i].x, a[2 * i][0], a[2 * i][1]);
        expand_e4m3<Weight::CODE>(words[i].y, a[2 * i][2], a[2 * i][3]);
        expand_e4m3<Weight::CODE>(words[i].z, a[2 * i + 1][0], a[2 * i + 1][1]);
        expand_e4m3<Weight::CODE>(words[i].w, a[2 * i + 1][2], a[2 * i + 1][3]);
      }
    }
  }

  // Addresses in shared memory: the warpgroup's slab, the activations, the slab's scales.
  __device__ __forceinline__ void slab(uint32_t weights, uint32_t tokens, const float* scales, int thread) {
    uint32_t a[STEPS][4];
    if constexpr (Weight::IN_REGISTERS) expand(weights, thread, a);
    uint64_t first = matrix_descriptor(weights), second = matrix_descriptor(tokens);
    int row = thread / 32 * 16 + thread % 32 / 4;
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
      pin(chunk);
      wgmma_fence();
#pragma unroll
      for (int s = 0; s < STEPS / PARTS; s++) {
        int at = part * (STEPS / PARTS) + s;
        step(a[at], advance(first, 32 * at), advance(second, 32 * at), s > 0);
      }
      wgmma_commit();
      float low = 1, high = 1;
      if constexpr (Weight::CHUNKS > 0) {
        low = scales[part * TILE_ROWS + row];
        high = scales[part * TILE_ROWS + row + 8];
      }
      wgmma_wait<0>();
      pin(chunk);
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        if constexpr (Weight::CHUNKS == 0) {
          segment[i] += chunk[i];
        } else {
          segment[i] = fmaf(chunk[i], i % 4 < 2 ? low : high, segment[i]);
        }
      }
    }
  }
};

// Sums of a warpgroup to shared memory: token by token, rows contiguous.
template <int TOKENS, typename Sum>
__device__ __forceinline__ void leave(const Sum (&total)[TOKENS / 2], float* sums, int pitch, int thread) {
  int row = thread / 32 * 16 + thread % 32 / 4;
#pragma unroll
  for (int i = 0; i < TOKENS / 2; i++) {
    int token = i / 4 * 8 + thread % 4 * 2 + i % 2;
    float value;
    if constexpr (std::is_same<Sum, int>::value) {
      value = __int_as_float(total[i]);
    } else {
      value = total[i];
    }
    sums[token * pitch + row + i / 2 % 2 * 8] = value;
  }
}

// Four rows of a token: scales, bias, addend.
template <bool INTEGER>
__device__ __forceinline__ void finish(const LinearWork& work, float4 sum, float by_token, int token, int row) {
  float v[4] = {sum.x, sum.y, sum.z, sum.w};
  int64_t at = static_cast<int64_t>(token) * work.n + row;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (row + i < work.n) {
      if (INTEGER) v[i] = __int2float_rn(__float_as_int(v[i]));
      v[i] *= by_token;
      if (work.row_scales) v[i] *= work.row_scales[row + i];
      if (work.bias) v[i] += work.bias[row + i];
      if (work.addend) v[i] += to_float(work.addend[at + i]);
    }
  }
  if (row + 4 <= work.n && work.n % 4 == 0) {
    uint2 pairs = make_uint2(to_bf16_pair(v[0], v[1]), to_bf16_pair(v[2], v[3]));
    *reinterpret_cast<uint2*>(work.y + at) = pairs;
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (row + i < work.n) work.y[at + i] = to_bf16(v[i]);
    }
  }
}

template <bool INTEGER>
__device__ __forceinline__ float4 plus(float4 a, float4 b) {
  if (INTEGER) {
    auto add = [](float x, float y) { return __int_as_float(__float_as_int(x) + __float_as_int(y)); };
    return make_float4(add(a.x, b.x), add(a.y, b.y), add(a.z, b.z), add(a.w, b.w));
  }
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

template <typename Weight, int TOKENS, int GROUPS, Made MADE>
__device__ __forceinline__ void produce(const LinearWork& work, uint32_t ring, uint32_t full, uint32_t empty, int tile,
                                        int first, int count) {
  using S = Shape<Weight, TOKENS, GROUPS, MADE>;
  auto weights = [&](int i) {
    int stage = i % S::stages;
    uint32_t at = ring + stage * S::stage_bytes;
    barrier_arrive_expecting(full + 8 * stage, S::copied_bytes);
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
      int64_t slab = static_cast<int64_t>(tile + g) * work.slabs + first + i;
      load_bytes(at + g * Weight::BYTES, work.weights + slab * Weight::BYTES, Weight::BYTES, full + 8 * stage);
      if constexpr (Weight::CHUNKS > 0) {
        constexpr int BYTES = Weight::CHUNKS * TILE_ROWS * 4;
        load_bytes(at + S::weight_bytes + S::token_bytes + g * BYTES,
                   work.chunk_scales + slab * (BYTES / 4), BYTES, full + 8 * stage);
      }
    }
  };
  auto tokens = [&](int i) {
    int stage = i % S::stages;
    int64_t row = static_cast<int64_t>(first + i) * work.token_rows + blockIdx.y * TOKENS;
    load_bytes(ring + stage * S::stage_bytes + S::weight_bytes, work.activations + row * 128, S::token_bytes,
               full + 8 * stage);
  };
  int ahead = min(count, S::stages);
  for (int i = 0; i < ahead; i++) weights(i);
  if constexpr (MADE == Made::NOT_HERE) {
    wait_for_previous();
    for (int i = 0; i < ahead; i++) tokens(i);
  }
  for (int i = ahead; i < count; i++) {
    barrier_wait(empty + 8 * (i % S::stages), (i / S::stages - 1) & 1);
    weights(i);
    if constexpr (MADE == Made::NOT_HERE) tokens(i);
  }
}

struct WarpgroupBarrier {
  __device__ __forceinline__ void sync() const { named_sync(1, 128); }
};

// Casts all tokens; keeps the codes of `count` slabs from `first` on, and the scales.
template <int TOKENS, Made MADE>
__device__ __forceinline__ void cast_here(const LinearWork& work, uint8_t* codes, float* scales, float* shared, int first,
                                          int count) {
  WarpgroupBarrier barrier;
  wait_for_previous();
  for (int token = 0; token < work.m; token++) {
    TokenRow<MADE> row(work.source, token, work.k, shared, barrier);
    float scale = row_scale(row, work.k, E4M3::MAX_FINITE, shared, barrier);
    Divisor<E4M3> by(scale);
    for (int byte = threadIdx.x * ROW_PACK; byte < count * 128; byte += ROW_THREADS * ROW_PACK) {
      *reinterpret_cast<uint2*>(codes + swizzled_place(token, TOKENS, byte)) = e4m3_codes(row.take(first * 128 + byte), by);
    }
    if (threadIdx.x == 0) scales[token] = scale;
  }
  for (int word = threadIdx.x; word < count * (TOKENS - work.m) * 32; word += ROW_THREADS) {
    int slab = word / ((TOKENS - work.m) * 32), at = word % ((TOKENS - work.m) * 32);
    reinterpret_cast<uint32_t*>(codes + (slab * TOKENS + work.m) * 128)[at] = 0;
  }
  shared_proxy_fence();
  barrier.sync();
}

template <typename Weight, int TOKENS, int GROUPS, Made MADE = Made::NOT_HERE>
__device__ __forceinline__ void multiply(const LinearWork& work) {
  using S = Shape<Weight, TOKENS, GROUPS, MADE>;
  constexpr bool INTEGER = Weight::ELEMENT == Element::INT8;
  extern __shared__ uint8_t raw[];
  __shared__ uint64_t barriers[2 * S::stages];
  require_shared(S::shared_bytes);
  uint8_t* aligned = raw + (1024 - shared_address(raw) % 1024) % 1024;
  uint32_t ring = shared_address(aligned);
  uint32_t full = shared_address(barriers), empty = full + 8 * S::stages;
  int blocks = cluster_size(), rank = cluster_rank();
  int own_segments = work.segments / blocks;
  int each = (work.slabs + work.segments - 1) / work.segments;
  int first = min(work.slabs, rank * own_segments * each);
  int last = min(work.slabs, (rank + 1) * own_segments * each);
  int tile = blockIdx.x / blocks * GROUPS;
  if (threadIdx.x == 0) {
    for (int i = 0; i < S::stages; i++) {
      barrier_init(full + 8 * i, 1);
      barrier_init(empty + 8 * i, 4 * GROUPS);  // a warp each
    }
    barrier_init_fence();
  }
  __syncthreads();
  let_next_start();
  int group = threadIdx.x / 128;
  float* sums = reinterpret_cast<float*>(aligned);
  __shared__ float token_scales[TOKENS];
  uint8_t* cast = aligned + S::shared_bytes - 1024;
  if (group == GROUPS) {
    if (GROUPS > 1) shrink_registers<24>();
    if (threadIdx.x % 128 == 0) {
      produce<Weight, TOKENS, GROUPS, MADE>(work, ring, full, empty, tile, first, last - first);
    }
  } else {
    if (GROUPS > 1) grow_registers<240>();
    int thread = threadIdx.x % 128;
    if constexpr (MADE != Made::NOT_HERE) {
      __shared__ float reduced[4];
      cast_here<TOKENS, MADE>(work, cast, token_scales, reduced, first, last - first);
    }
    Consumer<Weight, TOKENS> consumer;
    typename Consumer<Weight, TOKENS>::Sum total[TOKENS / 2];
    int i = 0;
    for (int s = 0; s < own_segments; s++) {
      consumer.start();
      int end = min((s + 1) * each, last - first);
      for (; i < end; i++) {
        int stage = i % S::stages;
        uint32_t at = ring + stage * S::stage_bytes;
        barrier_wait(full + 8 * stage, i / S::stages & 1);
        const float* scales = reinterpret_cast<const float*>(aligned + stage * S::stage_bytes + S::weight_bytes +
                                                             S::token_bytes) +
                              group * Weight::CHUNKS * TILE_ROWS;
        uint32_t tokens = MADE == Made::NOT_HERE ? at + S::weight_bytes : shared_address(cast) + i * TOKENS * 128;
        consumer.slab(at + group * Weight::BYTES, tokens, scales, thread);
        __syncwarp();
        if (thread % 32 == 0) barrier_arrive(empty + 8 * stage);
      }
#pragma unroll
      for (int j = 0; j < TOKENS / 2; j++) total[j] = s == 0 ? consumer.segment[j] : total[j] + consumer.segment[j];
    }
    named_sync(1, 128 * GROUPS);
    leave<TOKENS>(total, sums + group * TILE_ROWS, S::sum_pitch, thread);
    named_sync(1, 128 * GROUPS);
  }
  if (blocks > 1) cluster_sync();
  if (group < GROUPS) {
    wait_for_previous();
    constexpr int QUADS = GROUPS * TILE_ROWS / 4;
    int tokens = min(TOKENS, work.m - static_cast<int>(blockIdx.y) * TOKENS);
    for (int e = rank * GROUPS * 128 + threadIdx.x; e < tokens * QUADS; e += blocks * GROUPS * 128) {
      int token = e / QUADS, row = e % QUADS * 4;
      float* at = sums + token * S::sum_pitch + row;
      float4 sum;
      if (GROUPS == 1 && blocks > 1) {
        sum = load_floats_of(shared_address(at), 0);
        for (int peer = 1; peer < blocks; peer++) {
          sum = plus<INTEGER>(sum, load_floats_of(shared_address(at), peer));
        }
      } else {
        sum = *reinterpret_cast<float4*>(at);
      }
      int at_token = blockIdx.y * TOKENS + token;
      float by_token = MADE != Made::NOT_HERE ? token_scales[token] : work.token_scales ? work.token_scales[at_token] : 1;
      finish<INTEGER>(work, sum, by_token, at_token, tile * TILE_ROWS + row);
    }
  }
  if (blocks > 1) cluster_sync();
}

#endif  // OCTAVO_SM90A

}  // namespace

#ifdef OCTAVO_SM90A
#define BODY(...) multiply<__VA_ARGS__>(work)
#else
#define BODY(...)
#endif

#define MULTIPLY_TILE(NAME, TOKENS, GROUPS, BLOCKS, ...)                                                      \
  extern "C" __global__ void __launch_bounds__(128 * (GROUPS + 1), BLOCKS)                                    \
      multiply_##NAME##_##TOKENS(const LinearWork work) {                                                     \
    BODY(__VA_ARGS__, TOKENS, GROUPS);                                                                        \
  }

#define MULTIPLY_CASTING(NAME, ...)                                                                            \
  extern "C" __global__ void __launch_bounds__(256, 2) multiply_##NAME##_plain(const LinearWork work) {       \
    BODY(__VA_ARGS__, 8, 1, Made::PLAIN);                                                                     \
  }                                                                                                           \
  extern "C" __global__ void __launch_bounds__(256, 2) multiply_##NAME##_norm(const LinearWork work) {        \
    BODY(__VA_ARGS__, 8, 1, Made::NORM);                                                                      \
  }                                                                                                           \
  extern "C" __global__ void __launch_bounds__(256, 2) multiply_##NAME##_swiglu(const LinearWork work) {      \
    BODY(__VA_ARGS__, 8, 1, Made::SWIGLU);                                                                    \
  }

#define MULTIPLY(NAME, ...)                      \
  MULTIPLY_TILE(NAME, 8, 1, 2, __VA_ARGS__)      \
  MULTIPLY_TILE(NAME, 16, 1, 2, __VA_ARGS__)     \
  MULTIPLY_TILE(NAME, 32, 1, 2, __VA_ARGS__)     \
  MULTIPLY_TILE(NAME, 64, 1, 2, __VA_ARGS__)     \
  MULTIPLY_TILE(NAME, 128, 2, 1, __VA_ARGS__)

using PlainE4M3 = Plain<Element::E4M3, 0>;
using ScaledE4M3 = Plain<Element::E4M3, 1>;
using PlainInt8 = Plain<Element::INT8, 0>;
using PlainBf16 = Plain<Element::BF16, 0>;

MULTIPLY(e4m3, PlainE4M3)
MULTIPLY(e4m3_scaled, ScaledE4M3)
MULTIPLY(int8, PlainInt8)
MULTIPLY(bf16, PlainBf16)
MULTIPLY(int4_e4m3_1, FourBitE4M3<Code::INT4, 1>)
MULTIPLY(int4_e4m3_2, FourBitE4M3<Code::INT4, 2>)
MULTIPLY(int4_e4m3_4, FourBitE4M3<Code::INT4, 4>)
MULTIPLY(e2m1_e4m3_1, FourBitE4M3<Code::E2M1, 1>)
MULTIPLY(e2m1_e4m3_2, FourBitE4M3<Code::E2M1, 2>)
MULTIPLY(e2m1_e4m3_4, FourBitE4M3<Code::E2M1, 4>)
MULTIPLY(int4_bf16_1, Int4Bf16<1>)
MULTIPLY(int4_bf16_2, Int4Bf16<2>)
MULTIPLY_CASTING(e4m3, PlainE4M3)
MULTIPLY_CASTING(e4m3_scaled, ScaledE4M3)
MULTIPLY_CASTING(int4_e4m3_1, FourBitE4M3<Code::INT4, 1>)
MULTIPLY_CASTING(int4_e4m3_2, FourBitE4M3<Code::INT4, 2>)
MULTIPLY_CASTING(int4_e4m3_4, FourBitE4M3<Code::INT4, 4>)
MULTIPLY_CASTING(e2m1_e4m3_1, FourBitE4M3<Code::E2M1, 1>)
MULTIPLY_CASTING(e2m1_e4m3_2, FourBitE4M3<Code::E2M1, 2>)
MULTIPLY_CASTING(e2m1_e4m3_4, FourBitE4M3<Code::E2M1, 4>)
