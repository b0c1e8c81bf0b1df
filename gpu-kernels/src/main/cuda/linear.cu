// Linear layers of inference on Hopper: y[M, N] = x[M, K] W[N, K]^T (+ bias) (+ addend), W and x quantized or BF16.
//
//   chunk sums   of 128 (or fewer, where groups are smaller) k by tensor cores, from zero
//   segment      sum of its chunks times their scales, FP32, in order of k
//   y            (segment 0 + segment 1 + ...) x scale of the token x scale of the row, + bias, + addend; rounded to BF16 once
//
// Chunks and segments follow from the weight alone, so a row of y has the same bits whatever M is. Tensor cores take the
// weight as their first operand (64 rows a warpgroup) and tokens as the second, 8 to 128 of them: with few tokens nothing is
// padded but the tokens. Segments are work of different blocks of a cluster, which send one another their sums, or of one
// block, one after the other.
//
// Weights are laid out by the pack_* kernels in slabs [N / 64][K bytes / 128]: 64 rows of as many k as fill 128 bytes of
// activations (128 of 8 bits, 64 of BF16), swizzled as tensor cores read shared memory; 4-bit codes in the order in which
// threads hold the first operand, expanded in registers by shifts: E2M1 to the value times 2^-6, INT4 as sign and magnitude to
// the value times 2^-9, which the scales make up for. Where weights have the code of -8, which has no such magnitude, INT4 goes
// by a table (two byte permutations and a choice by sign). Activations: [K bytes / 128][rows]
// of 128 bytes, swizzled, by the cast_tokens_* kernels. A stage of the ring in shared memory holds a slab of each warpgroup,
// its scales, and the activations; bulk copies fill it. Weights do not depend on the kernel before: their copies start first.
//
// A gated weight has in each tile 32 rows of gates and the same of ups (see linear_pack.cu), and y [M, N / 2] is what SwiGLU
// makes of both, each rounded to BF16 before.
//
// multiply_<weight>_<made>_<P>: for few tokens (up to 8), which each block casts itself from what the layer before left: as they
// are (plain; part: the blocks of a cluster divide them) or by RMSNorm (norm). P packs of 8 a thread: K up to 1024 P, of part that
// of a segment. K is a multiple of 8, N of 4 (gated: 8), rows are aligned. Bits are those of cast and product one after the other.
//
// Launch: multiply_*: grid (segments or 1, x N / rows of a block; tokens / tile), cluster of `segments` or 1 blocks along x,
// 160 threads (384 for 128 tokens), dynamic shared memory as `multiply` requires. Rows are padded to 128, k to a slab.
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
  int gated;  // N / 2, or 0
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

enum class Code { INT4, INT4_TABLE, E2M1 };

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
  static constexpr int sent_bytes = GROUPS == 1 ? TOKENS * TILE_ROWS * 4 : 0;
  static constexpr int budget = GROUPS > 1              ? 216 * 1024
                                : MADE != Made::NOT_HERE ? 56 * 1024
                                                         : (TOKENS == 64 ? 98 : 70) * 1024 - sent_bytes;
  static constexpr int stages = budget / stage_bytes < 16 ? budget / stage_bytes : 16;
  // Slabs under way at once: what registers of accumulators, and of expanded weights, allow.
  static constexpr int slab_sums = (Weight::CHUNKS > 1 ? Weight::CHUNKS : 1) * TOKENS / 2;
  static constexpr int fitting = 32 / slab_sums > 3 ? 4 : 32 / slab_sums > 1 ? 2 : 1;
  static constexpr int together = !Weight::IN_REGISTERS ? fitting : Weight::CHUNKS == 4 ? 1 : fitting > 1 ? 2 : 1;
  static constexpr int sum_pitch = GROUPS * TILE_ROWS + 4;  // FP32 sums of a token, padded against bank conflicts
  static constexpr int sum_bytes = TOKENS * sum_pitch * 4;
  // The ring has no more stages than the block has slabs. Tokens that are cast here follow, then the sums that blocks of a
  // cluster send.
  static __device__ __forceinline__ int begin_bytes(int used_stages) { return max(used_stages * stage_bytes, sum_bytes); }
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
  if (CODE == Code::INT4_TABLE) {
    first = e4m3_of_int4(word);
    second = e4m3_of_int4(word >> 16);
  } else if (CODE == Code::INT4) {  // high, then low halves of the bytes
    first = (word & 0x80808080u) | (word >> 4 & 0x07070707u);
    second = (word << 4 & 0x80808080u) | (word & 0x07070707u);
  } else {
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

// Where a warpgroup finds its part of the ring, and how far it is.
struct Stages {
  uint32_t ring, full, empty;
  uint32_t weights, scales;  // within a stage
  uint32_t tokens;           // within a stage, or of the next slab where the block has cast them
  uint32_t token_bytes;      // of a slab, where the block has cast them; else 0
  uint32_t stages, stage, phase;

  __device__ __forceinline__ uint32_t tokens_of_slab(uint32_t at_stage) const {
    return token_bytes > 0 ? tokens : at_stage + tokens;
  }
  __device__ __forceinline__ void advance() {
    tokens += token_bytes;
    if (++stage == stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <typename Weight, int TOKENS>
struct Consumer {
  static constexpr int COUNT = TOKENS / 2;
  static constexpr bool INTEGER = Weight::ELEMENT == Element::INT8;
  static constexpr int STEPS = 4;  // tensor core products of 32 bytes in a slab
  static constexpr int PARTS = Weight::CHUNKS == 0 ? 1 : Weight::CHUNKS;
  using Sum = typename std::conditional<INTEGER, int, float>::type;

  Sum segment[COUNT];

  __device__ __forceinline__ void start() {
#pragma unroll
    for (int i = 0; i < COUNT; i++) segment[i] = 0;
  }

  __device__ __forceinline__ static void step(Sum (&chunk)[COUNT], const uint32_t (&a)[4], uint64_t descriptor, uint64_t b,
                                              int accumulate) {
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

  // The next slabs of the ring, all under way at once where registers allow, else a part after the other.
  template <int SLABS, int STAGE_BYTES>
  __device__ __forceinline__ void slabs(Stages& stages, int thread) {
    constexpr bool AT_ONCE = SLABS * PARTS * COUNT <= 64;
    static_assert(AT_ONCE || SLABS == 1);
    uint32_t a[Weight::IN_REGISTERS ? SLABS : 1][STEPS][4];
    Sum chunk[SLABS][AT_ONCE ? PARTS : 1][COUNT];
    float low[SLABS][PARTS], high[SLABS][PARTS];
    uint32_t empty[SLABS];
    int row = thread / 32 * 16 + thread % 32 / 4;
#pragma unroll
    for (int u = 0; u < SLABS; u++) {
      barrier_wait(stages.full + 8 * stages.stage, stages.phase);
      empty[u] = stages.empty + 8 * stages.stage;
      uint32_t at_stage = stages.ring + stages.stage * STAGE_BYTES;
      if constexpr (Weight::CHUNKS > 0) {
        uint32_t scales = at_stage + stages.scales + row * 4;
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
          low[u][part] = load_float(scales + part * TILE_ROWS * 4);
          high[u][part] = load_float(scales + part * TILE_ROWS * 4 + 32);
        }
      }
      uint32_t weights = at_stage + stages.weights;
      if constexpr (Weight::IN_REGISTERS) expand(weights, thread, a[u]);
      uint32_t left = static_cast<uint32_t>(matrix_descriptor(weights));
      uint32_t right = static_cast<uint32_t>(matrix_descriptor(stages.tokens_of_slab(at_stage)));
#pragma unroll
      for (int part = 0; part < PARTS; part++) {
        auto& sums = chunk[u][AT_ONCE ? part : 0];
        pin(sums);
        wgmma_fence();
#pragma unroll
        for (int s = 0; s < STEPS / PARTS; s++) {
          int at = part * (STEPS / PARTS) + s;
          step(sums, a[Weight::IN_REGISTERS ? u : 0][at], descriptor_of(left + 2 * at), descriptor_of(right + 2 * at), s > 0);
        }
        if (!AT_ONCE || part == PARTS - 1) wgmma_commit();
        if (!AT_ONCE) {
          wgmma_wait<0>();
          add(sums, low[u][part], high[u][part]);
        }
      }
      stages.advance();
    }
    if constexpr (AT_ONCE) {
      take<SLABS, 0>(empty, chunk, low, high);
    } else {
      warp_arrive(empty[0]);
    }
  }

  template <int SLABS, int U>
  __device__ __forceinline__ void take(const uint32_t (&empty)[SLABS], Sum (&chunk)[SLABS][PARTS][COUNT],
                                       const float (&low)[SLABS][PARTS], const float (&high)[SLABS][PARTS]) {
    wgmma_wait<SLABS - 1 - U>();
    warp_arrive(empty[U]);
#pragma unroll
    for (int part = 0; part < PARTS; part++) add(chunk[U][part], low[U][part], high[U][part]);
    if constexpr (U + 1 < SLABS) take<SLABS, U + 1>(empty, chunk, low, high);
  }

  __device__ __forceinline__ void add(Sum (&chunk)[COUNT], float low, float high) {
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

// How sums of four rows become numbers of y. Scales and bias are weights, and loaded as such: before the kernel before is done.
// WHOLE: N is a multiple of four (of gated weights, of eight).
template <bool WHOLE>
struct Rows {
  int row, end;
  bool whole, scaled, biased;
  float4 scales, bias;

  // `aligned`: places of fours are; `used`: the rows are of interest.
  __device__ __forceinline__ Rows(const LinearWork& work, int first_row, int end, bool aligned, bool used)
      : row(first_row),
        end(end),
        whole(first_row + 4 <= end && (WHOLE || aligned)),
        scaled(work.row_scales),
        biased(work.bias) {
    if (used && scaled) scales = four(work.row_scales);
    if (used && biased) bias = four(work.bias);
  }

  __device__ __forceinline__ float4 four(const float* of_rows) const {
    if (whole) return *reinterpret_cast<const float4*>(of_rows + row);
    if (WHOLE) return make_float4(0, 0, 0, 0);
    auto one = [&](int i) { return row + i < end ? of_rows[row + i] : 0; };
    return make_float4(one(0), one(1), one(2), one(3));
  }

  template <bool INTEGER>
  __device__ __forceinline__ void scale(float (&v)[4], float4 sum, float by_token) const {
    const float sums[4] = {sum.x, sum.y, sum.z, sum.w}, s[4] = {scales.x, scales.y, scales.z, scales.w};
    const float b[4] = {bias.x, bias.y, bias.z, bias.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
      v[i] = (INTEGER ? __int2float_rn(__float_as_int(sums[i])) : sums[i]) * by_token;
      if (scaled) v[i] *= s[i];
      if (biased) v[i] += b[i];
    }
  }
};

__device__ __forceinline__ float silu_times(float gate, float up) {
  float sigmoid = __fdividef(1.0f, __fadd_rn(1.0f, __expf(-gate)));
  return __fmul_rn(__fmul_rn(gate, sigmoid), up);
}

// The four rows of a thread, the same for all its tokens: `quad`-th of its tile; of gated weights four gates and their ups.
template <bool WHOLE>
struct Finish {
  const LinearWork& work;
  int column, columns;  // of y
  Rows<WHOLE> rows, ups;

  __device__ __forceinline__ Finish(const LinearWork& w, int tile, int quad)
      : work(w),
        column(tile * (w.gated ? TILE_ROWS / 2 : TILE_ROWS) + quad * 4),
        columns(w.gated ? w.gated : w.n),
        rows(w, column, columns, columns % 4 == 0, true),
        ups(w, column + w.gated, w.n, columns % 4 == 0, w.gated) {}

  // What else depends on the token.
  struct Token {
    int64_t at;
    float scale;
    uint2 addend;
  };

  __device__ __forceinline__ Token token(int index) const {
    Token t = {static_cast<int64_t>(index) * columns + column, work.token_scales ? work.token_scales[index] : 1, {}};
    if (!work.addend) return t;
    if (rows.whole) {
      t.addend = *reinterpret_cast<const uint2*>(work.addend + t.at);
    } else if (!WHOLE) {
      auto one = [&](int i) -> uint32_t { return column + i < columns ? work.addend[t.at + i].bits : 0; };
      t.addend = make_uint2(one(0) | one(1) << 16, one(2) | one(3) << 16);
    }
    return t;
  }

  template <bool INTEGER>
  __device__ __forceinline__ void store(float4 sum, const Token& token) const {
    float v[4];
    rows.template scale<INTEGER>(v, sum, token.scale);
    if (work.addend) {
      v[0] += bf16_low(token.addend.x);
      v[1] += bf16_high(token.addend.x);
      v[2] += bf16_low(token.addend.y);
      v[3] += bf16_high(token.addend.y);
    }
    put(v, token.at);
  }

  template <bool INTEGER>
  __device__ __forceinline__ void store_gated(float4 gate, float4 up, const Token& token) const {
    float g[4], u[4];
    rows.template scale<INTEGER>(g, gate, token.scale);
    ups.template scale<INTEGER>(u, up, token.scale);
#pragma unroll
    for (int i = 0; i < 4; i++) g[i] = silu_times(to_float(round_one(g[i])), to_float(round_one(u[i])));
    put(g, token.at);
  }

  __device__ __forceinline__ void put(const float (&v)[4], int64_t at) const {
    if (rows.whole) {
      *reinterpret_cast<uint2*>(work.y + at) = make_uint2(round_pair(v[0], v[1]), round_pair(v[2], v[3]));
    } else if (!WHOLE) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (column + i < columns) work.y[at + i] = round_one(v[i]);
      }
    }
  }
};

template <bool INTEGER>
__device__ __forceinline__ float4 plus(float4 a, float4 b) {
  if (INTEGER) {
    auto add = [](float x, float y) { return __int_as_float(__float_as_int(x) + __float_as_int(y)); };
    return make_float4(add(a.x, b.x), add(a.y, b.y), add(a.z, b.z), add(a.w, b.w));
  }
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

template <typename Weight, int TOKENS, int GROUPS, Made MADE>
__device__ __forceinline__ void produce(const LinearWork& work, uint32_t ring, uint32_t full, uint32_t empty, int stages,
                                        int tile, int first, int count) {
  using S = Shape<Weight, TOKENS, GROUPS, MADE>;
  auto weights = [&](int i, int stage) {
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
  auto tokens = [&](int i, int stage) {
    int64_t row = static_cast<int64_t>(first + i) * work.token_rows + blockIdx.y * TOKENS;
    load_bytes(ring + stage * S::stage_bytes + S::weight_bytes, work.activations + row * 128, S::token_bytes,
               full + 8 * stage);
  };
  int ahead = min(count, stages);
  for (int i = 0; i < ahead; i++) weights(i, i);
  if constexpr (MADE == Made::NOT_HERE) {
    wait_for_previous();
    for (int i = 0; i < ahead; i++) tokens(i, i);
  }
  uint32_t phase = 0;
  int stage = 0;
  for (int i = ahead; i < count; i++) {
    barrier_wait(empty + 8 * stage, phase);
    weights(i, stage);
    if constexpr (MADE == Made::NOT_HERE) tokens(i, stage);
    if (++stage == stages) {
      stage = 0;
      phase ^= 1;
    }
  }
}

struct WarpgroupBarrier {
  __device__ __forceinline__ void sync() const { named_sync(1, 128); }
};

// The largest magnitudes that the blocks of a cluster find in their columns of a token, each of which sends its own to all.
struct Amaxes {
  static constexpr int MOST_BLOCKS = 8, MOST_TOKENS = 8;
  float4 sent[MOST_TOKENS][MOST_BLOCKS];
  uint64_t arrived[MOST_TOKENS];

  // Before other blocks can send.
  __device__ __forceinline__ void init(int blocks) {
    for (int i = 0; i < MOST_TOKENS; i++) barrier_init(shared_address(arrived + i), 1);
    barrier_init_fence();
    for (int i = 0; i < MOST_TOKENS; i++) barrier_arrive_expecting(shared_address(arrived + i), blocks * 16);
  }

  __device__ __forceinline__ float of_all(int token, int blocks, int rank, float amax) {
    if (threadIdx.x < blocks) {
      send_floats(shared_address(&sent[token][rank]), shared_address(arrived + token), threadIdx.x,
                  make_float4(amax, 0, 0, 0));
    }
    barrier_wait(shared_address(arrived + token), 0);
    for (int peer = 0; peer < blocks; peer++) amax = fmaxf(amax, sent[token][peer].x);
    return amax;
  }
};

// What of the product is a block's.
template <int TOKENS, int GROUPS>
struct Share {
  int blocks, shift, rank;    // of the cluster: 2^shift blocks
  int own_segments, each;     // segments, slabs of one
  int first, last;            // slabs
  int tile, tokens;

  __device__ __forceinline__ explicit Share(const LinearWork& work) : blocks(cluster_size()), rank(cluster_rank()) {
    shift = __ffs(blocks) - 1;
    own_segments = work.segments >> shift;
    each = (work.slabs + work.segments - 1) / work.segments;
    first = min(work.slabs, rank * own_segments * each);
    last = min(work.slabs, (rank + 1) * own_segments * each);
    tile = (blockIdx.x >> shift) * GROUPS;
    tokens = min(TOKENS, work.m - static_cast<int>(blockIdx.y) * TOKENS);
  }
};

// Casts all tokens; keeps the codes of the block's slabs, and the scales. Blocks of a cluster each go through all of a token, or
// divide it. What lies where there are no tokens is multiplied too, and not looked at.
template <int TOKENS, Made MADE, int PACKS>
__device__ __forceinline__ void cast_here(const LinearWork& work, const Share<TOKENS, 1>& share,
                                          const RowGains<MADE, PACKS, true>& gains, Amaxes& amaxes, uint8_t* codes, float* scales) {
  __shared__ float reduced[2][2][ROW_THREADS / WARP];
  constexpr bool DIVIDED = MADE == Made::PART;
  WarpgroupBarrier barrier;
  int count = share.last - share.first, from = DIVIDED ? share.first * 128 : 0;
  for (int token = 0; token < share.tokens; token++) {
    uint4 packs[PACKS];
    take_row<MADE, PACKS>(packs, work.source, gains, token, work.k, from, reduced[token % 2][0], barrier);
    float amax = row_amax(packs, reduced[token % 2][1], barrier);
    if (DIVIDED && share.blocks > 1) amax = amaxes.of_all(token, share.blocks, share.rank, amax);
    float scale = scale_for(amax, E4M3::MAX_FINITE, SCALE_FP32);
    Divisor<E4M3> by(scale);
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
      uint32_t byte = from + pack_column(p) - share.first * 128;  // beyond all where it is before the first
      if (byte < count * 128u) {
        *reinterpret_cast<uint2*>(codes + swizzled_place<uint32_t>(token, TOKENS, byte)) = e4m3_codes(packs[p], by);
      }
    }
    if (threadIdx.x == 0) scales[token] = scale;
  }
  shared_proxy_fence();
  barrier.sync();
}

template <typename Weight, int TOKENS, int GROUPS, Made MADE = Made::NOT_HERE, int PACKS = 0>
__device__ __forceinline__ void multiply(const LinearWork& work) {
  using S = Shape<Weight, TOKENS, GROUPS, MADE>;
  constexpr bool INTEGER = Weight::ELEMENT == Element::INT8, HERE = MADE != Made::NOT_HERE;
  constexpr int QUADS = GROUPS * TILE_ROWS / 4;  // fours of rows
  extern __shared__ uint8_t raw[];
  __shared__ uint64_t barriers[2 * S::stages], arrived;
  __shared__ float token_scales[TOKENS];
  __shared__ Amaxes amaxes;
  Share<TOKENS, GROUPS> share(work);
  int own_slabs = share.own_segments * share.each, ring_stages = min(S::stages, own_slabs);
  int before_sent = S::begin_bytes(ring_stages) + (HERE ? own_slabs * TOKENS * 128 : 0);
  require_shared(before_sent + S::sent_bytes + 1024);  // for alignment
  uint8_t* aligned = raw + (1024 - shared_address(raw) % 1024) % 1024;
  uint32_t ring = shared_address(aligned), full = shared_address(barriers), empty = full + 8 * S::stages;
  float* sums = reinterpret_cast<float*>(aligned);
  uint8_t* cast = aligned + S::begin_bytes(ring_stages);
  const float4* sent = reinterpret_cast<const float4*>(aligned + before_sent);
  int blocks = share.blocks, rank = share.rank;
  if (threadIdx.x == 0) {
    for (int i = 0; i < S::stages; i++) {
      barrier_init(full + 8 * i, 1);
      barrier_init(empty + 8 * i, 4 * GROUPS * WARP_ARRIVALS);
    }
    barrier_init(shared_address(&arrived), 1);
    barrier_init_fence();
    // Every block sends the fours of the sums that are this one's: each blocks-th from its rank on.
    int fours = (share.tokens * QUADS - rank + blocks - 1) >> share.shift;
    barrier_arrive_expecting(shared_address(&arrived), fours * blocks * 16);
    if (MADE == Made::PART) amaxes.init(blocks);
  }
  __syncthreads();
  if (blocks > 1) cluster_arrive();
  let_next_start();
  if (threadIdx.x >= 128 * GROUPS) {
    if (GROUPS > 1) shrink_registers<24>();
    if (threadIdx.x == 128 * GROUPS) {
      produce<Weight, TOKENS, GROUPS, MADE>(work, ring, full, empty, ring_stages, share.tile, share.first,
                                            share.last - share.first);
    }
    __syncwarp();
    if (blocks > 1) cluster_wait();
    return;
  }
  if (GROUPS > 1) grow_registers<240>();
  int thread = threadIdx.x % 128, group = GROUPS == 1 ? 0 : threadIdx.x / 128;
  // Fours of sums that this thread finishes: e and every STRIDE blocks-th after it, all of the same rows.
  constexpr int STRIDE = GROUPS * 128;
  int e = rank + blocks * static_cast<int>(threadIdx.x), end_e = share.tokens * QUADS;
  Finish<HERE> finish(work, share.tile + e % QUADS / 16, e % 16);
  if (work.gated && e % 16 >= 8) e = end_e;  // ups, which go with their gates
  RowGains<MADE, PACKS, true> gains(work.source.gain, work.k);
  if (blocks > 1) cluster_wait();
  wait_for_previous();
  typename Finish<HERE>::Token token = {};
  int first_token = blockIdx.y * TOKENS;
  if (e < end_e) token = finish.token(first_token + e / QUADS);
  if constexpr (HERE) cast_here<TOKENS, MADE, PACKS>(work, share, gains, amaxes, cast, token_scales);
  Consumer<Weight, TOKENS> consumer;
  Stages stages = {ring,
                   full,
                   empty,
                   static_cast<uint32_t>(group * Weight::BYTES),
                   static_cast<uint32_t>(S::weight_bytes + S::token_bytes + group * Weight::CHUNKS * TILE_ROWS * 4),
                   HERE ? shared_address(cast) : S::weight_bytes,
                   HERE ? TOKENS * 128 : 0,
                   static_cast<uint32_t>(ring_stages),
                   0,
                   0};
  typename Consumer<Weight, TOKENS>::Sum total[TOKENS / 2];
  int i = 0;
  for (int s = 0; s < share.own_segments; s++) {
    consumer.start();
    int end = min((s + 1) * share.each, share.last - share.first);
    for (; i + S::together <= end; i += S::together) {
      consumer.template slabs<S::together, S::stage_bytes>(stages, thread);
    }
    if (S::together > 1) {
      for (; i < end; i++) consumer.template slabs<1, S::stage_bytes>(stages, thread);
    }
#pragma unroll
    for (int j = 0; j < TOKENS / 2; j++) total[j] = s == 0 ? consumer.segment[j] : total[j] + consumer.segment[j];
  }
  named_sync(1, 128 * GROUPS);
  leave<TOKENS>(total, sums + group * TILE_ROWS, S::sum_pitch, thread);
  named_sync(1, 128 * GROUPS);
  auto own = [&](int four) {
    return *reinterpret_cast<float4*>(sums + four / QUADS * S::sum_pitch + four % QUADS * 4);
  };
  if (blocks > 1) {
    for (int four = threadIdx.x; four < end_e; four += 128) {
      int to = four & (blocks - 1);
      send_floats(shared_address(sent) + (four - to + rank) * 16, shared_address(&arrived), to, own(four));
    }
    barrier_wait(shared_address(&arrived), 0);
  }
  auto folded = [&](int four) {
    if (blocks == 1) return own(four);
    const float4* from = sent + (four - rank);
    float4 sum = from[0];
    for (int peer = 1; peer < blocks; peer++) sum = plus<INTEGER>(sum, from[peer]);
    return sum;
  };
  while (e < end_e) {
    if (HERE) token.scale = token_scales[e / QUADS];
    if (work.gated) {
      finish.template store_gated<INTEGER>(folded(e), folded(e + 8), token);
    } else {
      finish.template store<INTEGER>(folded(e), token);
    }
    e += STRIDE * blocks;
    if (e < end_e) token = finish.token(first_token + e / QUADS);
  }
}

#endif  // OCTAVO_SM90A

}  // namespace

#ifdef OCTAVO_SM90A
#define BODY(...) multiply<__VA_ARGS__>(work)
#else
#define BODY(...)
#endif

// BLOCKS: those that a multiprocessor has registers for. More than three leave room for those of the next product.
#define MULTIPLY_TILE(NAME, TOKENS, GROUPS, THREADS, BLOCKS, ...)                                              \
  extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) multiply_##NAME##_##TOKENS(const LinearWork work) { \
    BODY(__VA_ARGS__, TOKENS, GROUPS);                                                                        \
  }

#define MULTIPLY_MADE(NAME, MADE, P, BLOCKS, ...)                                                             \
  extern "C" __global__ void __launch_bounds__(160, BLOCKS) multiply_##NAME##_##P(const LinearWork work) {    \
    BODY(__VA_ARGS__, 8, 1, Made::MADE, P);                                                                   \
  }

#define MULTIPLY_CASTING(NAME, BLOCKS, ...)                   \
  MULTIPLY_MADE(NAME##_plain, PLAIN, 2, BLOCKS, __VA_ARGS__)  \
  MULTIPLY_MADE(NAME##_plain, PLAIN, 4, 3, __VA_ARGS__)       \
  MULTIPLY_MADE(NAME##_norm, NORM, 2, BLOCKS, __VA_ARGS__)    \
  MULTIPLY_MADE(NAME##_norm, NORM, 4, 3, __VA_ARGS__)         \
  MULTIPLY_MADE(NAME##_part, PART, 2, BLOCKS, __VA_ARGS__)    \
  MULTIPLY_MADE(NAME##_part, PART, 4, 3, __VA_ARGS__)

#define MULTIPLY(NAME, BLOCKS, ...)                   \
  MULTIPLY_TILE(NAME, 8, 1, 160, BLOCKS, __VA_ARGS__) \
  MULTIPLY_TILE(NAME, 16, 1, 160, 3, __VA_ARGS__)     \
  MULTIPLY_TILE(NAME, 32, 1, 160, 3, __VA_ARGS__)     \
  MULTIPLY_TILE(NAME, 64, 1, 160, 2, __VA_ARGS__)     \
  MULTIPLY_TILE(NAME, 128, 2, 384, 1, __VA_ARGS__)

// Also for blocks that cast.
#define MULTIPLY_BOTH(NAME, BLOCKS, ...) \
  MULTIPLY(NAME, BLOCKS, __VA_ARGS__)    \
  MULTIPLY_CASTING(NAME, BLOCKS, __VA_ARGS__)

using PlainE4M3 = Plain<Element::E4M3, 0>;
using ScaledE4M3 = Plain<Element::E4M3, 1>;
using PlainInt8 = Plain<Element::INT8, 0>;
using PlainBf16 = Plain<Element::BF16, 0>;

MULTIPLY_BOTH(e4m3, 5, PlainE4M3)
MULTIPLY_BOTH(e4m3_scaled, 5, ScaledE4M3)
MULTIPLY(int8, 5, PlainInt8)
MULTIPLY(bf16, 5, PlainBf16)
MULTIPLY_BOTH(int4_e4m3_1, 4, FourBitE4M3<Code::INT4, 1>)
MULTIPLY_BOTH(int4_e4m3_2, 4, FourBitE4M3<Code::INT4, 2>)
MULTIPLY_BOTH(int4_e4m3_4, 4, FourBitE4M3<Code::INT4, 4>)
MULTIPLY(int4_table_e4m3_1, 4, FourBitE4M3<Code::INT4_TABLE, 1>)
MULTIPLY(int4_table_e4m3_2, 4, FourBitE4M3<Code::INT4_TABLE, 2>)
MULTIPLY(int4_table_e4m3_4, 4, FourBitE4M3<Code::INT4_TABLE, 4>)
MULTIPLY_BOTH(e2m1_e4m3_1, 4, FourBitE4M3<Code::E2M1, 1>)
MULTIPLY_BOTH(e2m1_e4m3_2, 4, FourBitE4M3<Code::E2M1, 2>)
MULTIPLY_BOTH(e2m1_e4m3_4, 4, FourBitE4M3<Code::E2M1, 4>)
MULTIPLY(int4_bf16_1, 4, Int4Bf16<1>)
MULTIPLY(int4_bf16_2, 4, Int4Bf16<2>)
