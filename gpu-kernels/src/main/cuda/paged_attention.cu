// Keys and values in pages, and attention of one step over them. Shapes as in io.octavo.kernel.CacheKernels: a page holds 16
// positions of all key/value heads; it lies as head, then keys and values, then position (codes one after the other, low
// nibble first), then the FP32 scales in the same order.
//
// append_<format>   qkv [M, (Hq + 2 Hkv) D] BF16 -> pool. A warp for a key or value of a head: grid (M, Hkv), 64 threads.
//
// rotate_append_<format>   The same after rotary embedding (half-split, as in rotary.cu), which also turns the queries in qkv;
//                          the keys in qkv stay as they are. D up to 256. A warp a head: grid (M, (Hq + 2 Hkv) / 4 rounded up),
//                          128 threads.
//
// attend_<format>_<D>        Scores of 64 keys (anchored at position 0) at a time: S = q K^T by tensor cores (binary16, FP32
//     sums), P = exp2(S c - max), O = P V. Tiles of 64 keys are folded in order of position, each with its own maximum, so that
//     it makes no difference which block computes a tile: a row has the same bits alone, in a batch, or in a chunk of its
//     prompt. Query heads that share a key/value head, and rows of one sequence, share its loads: 64 pairs of (row, head) a
//     block. Grid (pairs / 64, Hkv), 128 threads.
// attend_split_<format>_<D>  The same with a block for each 64 keys of a row, whose warps share the products; the last block of
//     a row and head folds what all have left in `partials`, in the same order. `arrived`: zeroed counters, zero again
//     afterwards. Grid (M, Hkv, tiles of keys).
// attend_next_<format>_<D>   rotate_append and attend_split in one, where every row is the only one of its sequence in the step:
//     the keys and values before it are there already, and loaded before the kernel before is done. The keys and queries in qkv
//     stay as they are. The same launch, or with the tiles of a row as a cluster: at most 8, and 16 query heads a key head.
// attend_plain_<format>      Any head size: a warp for a row and head, sums in FP32. Grid (M, Hq), 32 threads.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "include/fp8.cuh"
#include "include/reduce.cuh"
#include "include/wgmma_tokens.cuh"

namespace {

constexpr int PAGE = 16;
constexpr int KEYS = 64;
constexpr int PAIRS = 64;
constexpr int THREADS = 128;

struct CacheWork {
  const bf16* qkv;
  const uint8_t* pool;
  const int* table;  // [sequences, table_columns]
  const int* sequence;
  const int* lengths;
  bf16* out;
  float* partials;  // [M Hq, tiles of keys, D + 2]
  int* arrived;
  int rows, query_heads, key_heads, head_size, table_columns, window, page_bytes;
  float scale;  // of scores, times log2(e)
};

__device__ __forceinline__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// ------------------------------------------------------------------------------------------------
// Formats: how 16 neighbouring elements of a line are read, and how two are written.

struct Fp16 {
  static constexpr int BITS = 16;
  static constexpr bool SCALED = false;
  static constexpr float LARGEST = 1;

  struct Sixteen {
    uint4 low, high;
    __device__ __forceinline__ void load(const uint8_t* line, int chunk) {
      low = reinterpret_cast<const uint4*>(line)[2 * chunk];
      high = reinterpret_cast<const uint4*>(line)[2 * chunk + 1];
    }
    __device__ __forceinline__ void halves(uint32_t (&pairs)[8], float) const {
      *reinterpret_cast<uint4*>(pairs) = low;
      *reinterpret_cast<uint4*>(pairs + 4) = high;
    }
  };
  static __device__ __forceinline__ void store(uint8_t* line, int pair, float a, float b, float) {
    reinterpret_cast<__half2*>(line)[pair] = __floats2half2_rn(a, b);
  }
  static __device__ __forceinline__ float value(const uint8_t* line, int d) {
    return __half2float(reinterpret_cast<const __half*>(line)[d]);
  }
};

__device__ __forceinline__ uint32_t scaled_halves(float a, float b, float scale) {
  __half2 pair = __floats2half2_rn(a * scale, b * scale);
  return *reinterpret_cast<uint32_t*>(&pair);
}

struct Fp8 {
  static constexpr int BITS = 8;
  static constexpr bool SCALED = true;
  static constexpr float LARGEST = E4M3::MAX_FINITE;

  struct Sixteen {
    uint4 codes;
    __device__ __forceinline__ void load(const uint8_t* line, int chunk) {
      codes = reinterpret_cast<const uint4*>(line)[chunk];
    }
    __device__ __forceinline__ void halves(uint32_t (&pairs)[8], float scale) const {
      const uint32_t words[4] = {codes.x, codes.y, codes.z, codes.w};
#pragma unroll
      for (int i = 0; i < 8; i++) {
        float2 two = E4M3::decode2(words[i / 2] >> i % 2 * 16);
        pairs[i] = scaled_halves(two.x, two.y, scale);
      }
    }
  };
  static __device__ __forceinline__ void store(uint8_t* line, int pair, float a, float b, float scale) {
    uint32_t codes = Divisor<E4M3>(scale).encode4(a, b, 0, 0);
    reinterpret_cast<uint16_t*>(line)[pair] = static_cast<uint16_t>(codes);
  }
  static __device__ __forceinline__ float value(const uint8_t* line, int d) { return E4M3::decode2(line[d]).x; }
};

struct Int4 {
  static constexpr int BITS = 4;
  static constexpr bool SCALED = true;
  static constexpr float LARGEST = 7;

  struct Sixteen {
    uint2 codes;
    __device__ __forceinline__ void load(const uint8_t* line, int chunk) {
      codes = reinterpret_cast<const uint2*>(line)[chunk];
    }
    __device__ __forceinline__ void halves(uint32_t (&pairs)[8], float scale) const {
#pragma unroll
      for (int i = 0; i < 8; i++) {
        int two = static_cast<int>(i < 4 ? codes.x : codes.y) >> i % 4 * 8;
        pairs[i] = scaled_halves(static_cast<float>(two << 28 >> 28), static_cast<float>(two << 24 >> 28), scale);
      }
    }
  };
  static __device__ __forceinline__ uint32_t code(float x, float scale) {
    return static_cast<uint32_t>(static_cast<int>(fminf(fmaxf(rintf(__fdiv_rn(x, scale)), -7), 7))) & 0xF;
  }
  static __device__ __forceinline__ void store(uint8_t* line, int pair, float a, float b, float scale) {
    line[pair] = static_cast<uint8_t>(code(a, scale) | code(b, scale) << 4);
  }
  static __device__ __forceinline__ float value(const uint8_t* line, int d) {
    return static_cast<float>(static_cast<int>(line[d / 2]) << (d % 2 ? 24 : 28) >> 28);
  }
};

// Line of a key (part 0) or value (part 1) and its scale.
template <typename Format>
struct Line {
  uint8_t* codes;
  float* scale;

  __device__ __forceinline__ Line(uint8_t* at, float* of) : codes(at), scale(of) {}

  __device__ __forceinline__ Line(uint8_t* pool, int64_t page, int place, int head, int part, int key_heads,
                                  int head_size, int page_bytes) {
    int bytes = head_size * Format::BITS / 8, index = (head * 2 + part) * PAGE + place;
    uint8_t* at = pool + page * page_bytes;
    codes = at + index * bytes;
    scale = reinterpret_cast<float*>(at + 2 * key_heads * PAGE * bytes) + index;
  }
};

// 0 for what is not finite: it does not count for scales.
__device__ __forceinline__ float finite_magnitude(float x) {
  float magnitude = fabsf(x);
  return magnitude < __uint_as_float(0x7F800000u) ? magnitude : 0;
}

// A warp writes a key or value; `number(d)` gives its elements.
template <typename Format, typename Number>
__device__ __forceinline__ void write_line(const Line<Format>& line, int head_size, int lane, const Number& number) {
  float scale = 1;
  if (Format::SCALED) {
    float amax = 0;
    for (int d = lane; d < head_size; d += WARP) {
      amax = fmaxf(amax, finite_magnitude(number(d)));
    }
    scale = scale_for(warp_max(amax), Format::LARGEST, SCALE_FP32);
    if (lane == 0) *line.scale = scale;
  }
  for (int pair = lane; pair < head_size / 2; pair += WARP) {
    Format::store(line.codes, pair, number(2 * pair), number(2 * pair + 1), scale);
  }
}

__device__ __forceinline__ void chain() {
#ifdef OCTAVO_SM90A
  octavo::let_next_start();
  octavo::wait_for_previous();
#endif
}

struct AppendWork {
  bf16* qkv;
  const int* slots;
  uint8_t* pool;
  const int* positions;  // with cosine and sine: where keys are turned here
  const float* cosine;
  const float* sine;
  int query_heads, key_heads, head_size, page_bytes;
};

// Numbers j and j + D / 2 of a head, turned.
__device__ __forceinline__ float turned_low(float low, float high, float cosine, float sine) {
  return __fmaf_rn(low, cosine, -__fmul_rn(high, sine));
}

__device__ __forceinline__ float turned_high(float low, float high, float cosine, float sine) {
  return __fmaf_rn(high, cosine, __fmul_rn(low, sine));
}

template <typename Format>
__device__ void append(const AppendWork& work) {
  chain();
  int slot = work.slots[blockIdx.x], size = work.head_size;
  if (slot < 0) return;
  int part = threadIdx.x / WARP, head = blockIdx.y;
  const bf16* from = work.qkv + static_cast<int64_t>(blockIdx.x) * (work.query_heads + 2 * work.key_heads) * size +
                     (work.query_heads + part * work.key_heads + head) * size;
  Line<Format> line(work.pool, slot / PAGE, slot % PAGE, head, part, work.key_heads, size, work.page_bytes);
  write_line(line, size, threadIdx.x % WARP, [&](int d) { return to_float(from[d]); });
}

template <typename Format>
__device__ void rotate_append(const AppendWork& work) {
  constexpr int MOST = 256;
  __shared__ float turned[THREADS / WARP][MOST];
  chain();
  int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, size = work.head_size, half = size / 2;
  int head = blockIdx.y * (THREADS / WARP) + warp, heads = work.query_heads + 2 * work.key_heads;
  if (head >= heads) return;
  int64_t row = blockIdx.x;
  bf16* at = work.qkv + (row * heads + head) * size;
  int slot = work.slots[row];
  if (head >= work.query_heads + work.key_heads) {
    if (slot < 0) return;
    Line<Format> line(work.pool, slot / PAGE, slot % PAGE, head - work.query_heads - work.key_heads, 1, work.key_heads, size,
                      work.page_bytes);
    write_line(line, size, lane, [&](int d) { return to_float(at[d]); });
    return;
  }
  int64_t angles = static_cast<int64_t>(work.positions[row]) * half;
  for (int j = lane; j < half; j += WARP) {
    float low = to_float(at[j]), high = to_float(at[j + half]);
    float c = work.cosine[angles + j], s = work.sine[angles + j];
    bf16 lower = round_one(turned_low(low, high, c, s)), higher = round_one(turned_high(low, high, c, s));
    if (head < work.query_heads) {
      at[j] = lower;
      at[j + half] = higher;
    } else {
      turned[warp][j] = to_float(lower);
      turned[warp][j + half] = to_float(higher);
    }
  }
  if (head < work.query_heads || slot < 0) return;
  __syncwarp();
  Line<Format> line(work.pool, slot / PAGE, slot % PAGE, head - work.query_heads, 0, work.key_heads, size, work.page_bytes);
  write_line(line, size, lane, [&](int d) { return turned[warp][d]; });
}

// ------------------------------------------------------------------------------------------------
// Tensor core products of a warp, 16 x 8 x 16.

__device__ __forceinline__ void mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

__device__ __forceinline__ void load_transposed(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

__device__ __forceinline__ uint32_t halves_of(uint32_t bf16_pair) {
  __half2 pair = __floats2half2_rn(bf16_low(bf16_pair), bf16_high(bf16_pair));
  return *reinterpret_cast<uint32_t*>(&pair);
}

__device__ __forceinline__ uint32_t halves_of(float low, float high) {
  __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<uint32_t*>(&pair);
}

// What tiles of keys give for one pair, and how the next is folded in.
struct Fold {
  float peak, total, before, after;

  // Factors for sums so far and sums of the tile; `empty`: nothing so far.
  __device__ __forceinline__ void add(float tile_peak, float tile_total, bool empty) {
    float high = empty ? tile_peak : fmaxf(peak, tile_peak);
    before = empty ? 0 : exp2_approximate(peak - high);
    after = exp2_approximate(tile_peak - high);
    total = __fmaf_rn(empty ? 0 : total, before, __fmul_rn(tile_total, after));
    peak = high;
  }
  __device__ __forceinline__ float join(float so_far, float tile) const {
    return __fmaf_rn(so_far, before, __fmul_rn(tile, after));
  }
};

// Which keys a pair sees: first to last - 1.
struct Range {
  int first, last;
};

template <typename Format, int D>
struct Attention {
  static constexpr int PITCH = D + 8;  // halves: rows of a matrix lie in different banks
  static constexpr int CHUNKS = D / 16;

  const CacheWork& work;
  int head, group, lane, warp;
  __half* keys;
  __half* values;
  int64_t pair[2];  // of this thread's two rows: row * group + query head in the group, or that head alone; -1 for none
  uint32_t q[D / 16][4];

  __device__ __forceinline__ Attention(const CacheWork& w, __half* shared)
      : work(w),
        head(blockIdx.y),
        group(w.query_heads / w.key_heads),
        lane(threadIdx.x % WARP),
        warp(threadIdx.x / WARP),
        keys(shared),
        values(shared + KEYS * PITCH) {}

  // The 16 pairs from `first` on.
  __device__ __forceinline__ void take_queries(int64_t first, int64_t end) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      pair[i] = first + lane / 4 + 8 * i;
      bool inside = pair[i] < end;
      int64_t row = inside ? pair[i] / group : 0;
      take_query(i, work.qkv + row * (work.query_heads + 2 * work.key_heads) * D +
                        (head * group + (inside ? pair[i] % group : 0)) * D, inside);
      if (!inside) pair[i] = -1;
    }
  }

  // This thread's i-th row of queries.
  __device__ __forceinline__ void take_query(int i, const bf16* from, bool inside) {
#pragma unroll
    for (int s = 0; s < D / 16; s++) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        uint32_t two = *reinterpret_cast<const uint32_t*>(from + 16 * s + 8 * j + lane % 4 * 2);
        q[s][2 * j + i] = inside ? halves_of(two) : 0;
      }
    }
  }

  // The 16 query heads of a row and this key head from `first` on; `pair` is then the head in the group.
  __device__ __forceinline__ void take_heads(int row, int first) {
    const bf16* heads = work.qkv + (static_cast<int64_t>(row) * (work.query_heads + 2 * work.key_heads) + head * group) * D;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int h = first + lane / 4 + 8 * i;
      take_query(i, heads + (h < group ? h : 0) * D, h < group);
    }
    name_heads(first);
  }

  // The same from shared memory, where they are binary16 in rows of PITCH, zeros beyond the group.
  __device__ __forceinline__ void take_heads(const __half* queries, int first) {
    uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(queries)) + (lane % 16 * PITCH + lane / 16 * 8) * 2;
#pragma unroll
    for (int s = 0; s < D / 16; s++) load_matrices(q[s], at + s * 32);
    name_heads(first);
  }

  __device__ __forceinline__ void name_heads(int first) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int h = first + lane / 4 + 8 * i;
      pair[i] = h < group ? h : -1;
    }
  }

  // Keys 64 t onwards of a sequence, and their values, to shared memory as binary16. Beyond `end`: zeros. AHEAD of a thread's
  // loads are under way at once.
  template <int AHEAD>
  __device__ __forceinline__ void load_tile(int sequence, int tile, int end) {
    constexpr int EACH = 2 * KEYS * CHUNKS / THREADS;
    static_assert(EACH % AHEAD == 0);
    const int* table = work.table + static_cast<int64_t>(sequence) * work.table_columns;
#pragma unroll
    for (int from = 0; from < EACH; from += AHEAD) {
      typename Format::Sixteen sixteen[AHEAD];
      float scale[AHEAD];
#pragma unroll
      for (int a = 0; a < AHEAD; a++) {
        int e = (from + a) * THREADS + threadIdx.x, key = e / CHUNKS % KEYS, position = tile * KEYS + key;
        if (position < end) {
          Line<Format> line(const_cast<uint8_t*>(work.pool), table[position / PAGE], position % PAGE, head,
                            e / (KEYS * CHUNKS), work.key_heads, D, work.page_bytes);
          sixteen[a].load(line.codes, e % CHUNKS);
          scale[a] = Format::SCALED ? *line.scale : 1;
        }
      }
#pragma unroll
      for (int a = 0; a < AHEAD; a++) {
        int e = (from + a) * THREADS + threadIdx.x, key = e / CHUNKS % KEYS;
        uint32_t pairs[8] = {};
        if (tile * KEYS + key < end) sixteen[a].halves(pairs, scale[a]);
        uint4* to = reinterpret_cast<uint4*>((e < KEYS * CHUNKS ? keys : values) + key * PITCH + e % CHUNKS * 16);
        to[0] = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
        to[1] = make_uint4(pairs[4], pairs[5], pairs[6], pairs[7]);
      }
    }
  }

  // One tile of keys for the warp's 16 pairs.
  __device__ __forceinline__ void tile(int index, const Range (&range)[2], float (&o)[D / 8][4], float (&peak)[2],
                                       float (&total)[2]) {
    float s[KEYS / 8][4];
    uint32_t shared_keys = static_cast<uint32_t>(__cvta_generic_to_shared(keys));
    uint32_t shared_values = static_cast<uint32_t>(__cvta_generic_to_shared(values));
#pragma unroll
    for (int n = 0; n < KEYS / 8; n++) {
      s[n][0] = s[n][1] = s[n][2] = s[n][3] = 0;
    }
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int n = 0; n < KEYS / 16; n++) {
        uint32_t b[4];
        int row = n * 16 + lane % 8 + lane / 16 * 8, column = k * 16 + lane / 8 % 2 * 8;
        load_matrices(b, shared_keys + (row * PITCH + column) * 2);
        mma(s[2 * n], q[k], b[0], b[1]);
        mma(s[2 * n + 1], q[k], b[2], b[3]);
      }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float high = -INFINITY;
#pragma unroll
      for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
          int position = index * KEYS + n * 8 + lane % 4 * 2 + j;
          float& score = s[n][2 * i + j];
          score = position >= range[i].first && position < range[i].last ? score * work.scale : -INFINITY;
          high = fmaxf(high, score);
        }
      }
      high = fmaxf(high, __shfl_xor_sync(ALL_LANES, high, 1));
      high = fmaxf(high, __shfl_xor_sync(ALL_LANES, high, 2));
      peak[i] = high;
#pragma unroll
      for (int n = 0; n < KEYS / 8; n += 2) {
        float sum = weights_of(s[n], s[n + 1], i, high);
        total[i] = n == 0 ? sum : __fadd_rn(total[i], sum);
      }
    }
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
      o[n][0] = o[n][1] = o[n][2] = o[n][3] = 0;
    }
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) {
      uint32_t p[4] = {halves_of(s[2 * k][0], s[2 * k][1]), halves_of(s[2 * k][2], s[2 * k][3]),
                       halves_of(s[2 * k + 1][0], s[2 * k + 1][1]), halves_of(s[2 * k + 1][2], s[2 * k + 1][3])};
#pragma unroll
      for (int n = 0; n < D / 16; n++) {
        uint32_t b[4];
        int row = k * 16 + lane % 16, column = n * 16 + lane / 16 * 8;
        load_transposed(b, shared_values + (row * PITCH + column) * 2);
        mma(o[2 * n], p, b[0], b[1]);
        mma(o[2 * n + 1], p, b[2], b[3]);
      }
    }
  }

  // 16 scores of row i become weights; their sum, over the threads that share the row.
  static __device__ __forceinline__ float weights_of(float (&first)[4], float (&second)[4], int i, float high) {
    float offset = high == -INFINITY ? 0 : high, sum = 0;
#pragma unroll
    for (int j = 0; j < 2; j++) {
      first[2 * i + j] = exp2_approximate(first[2 * i + j] - offset);
      second[2 * i + j] = exp2_approximate(second[2 * i + j] - offset);
      sum = __fadd_rn(sum, __fadd_rn(first[2 * i + j], second[2 * i + j]));
    }
    sum = __fadd_rn(sum, __shfl_xor_sync(ALL_LANES, sum, 1));
    return __fadd_rn(sum, __shfl_xor_sync(ALL_LANES, sum, 2));
  }

  // One tile of keys for 16 pairs by all four warps: each takes 16 keys for the scores and COLUMNS of the values for the
  // sums. The same products and sums as in `tile`.
  static constexpr int COLUMNS = D / 4 < 16 ? 16 : D / 4;
  static constexpr int WEIGHT_PITCH = KEYS + 8;

  struct Exchange {
    float peaks[THREADS / WARP][16], totals[THREADS / WARP][16];
    __align__(16) __half weights[16 * WEIGHT_PITCH];
  };

  __device__ __forceinline__ void tile_together(int index, const Range& range, float (&o)[COLUMNS / 8][4], float (&peak)[2],
                                                float (&total)[2], Exchange& exchange) {
    float s[2][4] = {};
    uint32_t shared_keys = static_cast<uint32_t>(__cvta_generic_to_shared(keys));
    uint32_t shared_values = static_cast<uint32_t>(__cvta_generic_to_shared(values));
    uint32_t shared_weights = static_cast<uint32_t>(__cvta_generic_to_shared(exchange.weights));
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      uint32_t b[4];
      int row = warp * 16 + lane % 8 + lane / 16 * 8, column = k * 16 + lane / 8 % 2 * 8;
      load_matrices(b, shared_keys + (row * PITCH + column) * 2);
      mma(s[0], q[k], b[0], b[1]);
      mma(s[1], q[k], b[2], b[3]);
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float high = -INFINITY;
#pragma unroll
      for (int n = 0; n < 2; n++) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
          int position = index * KEYS + warp * 16 + n * 8 + lane % 4 * 2 + j;
          float& score = s[n][2 * i + j];
          score = position >= range.first && position < range.last ? score * work.scale : -INFINITY;
          high = fmaxf(high, score);
        }
      }
      high = fmaxf(high, __shfl_xor_sync(ALL_LANES, high, 1));
      high = fmaxf(high, __shfl_xor_sync(ALL_LANES, high, 2));
      if (lane % 4 == 0) exchange.peaks[warp][lane / 4 + 8 * i] = high;
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int row = lane / 4 + 8 * i;
      peak[i] = fmaxf(fmaxf(exchange.peaks[0][row], exchange.peaks[1][row]),
                      fmaxf(exchange.peaks[2][row], exchange.peaks[3][row]));
      float sum = weights_of(s[0], s[1], i, peak[i]);
      if (lane % 4 == 0) exchange.totals[warp][row] = sum;
      uint32_t* to = reinterpret_cast<uint32_t*>(exchange.weights + row * WEIGHT_PITCH + warp * 16 + lane % 4 * 2);
      to[0] = halves_of(s[0][2 * i], s[0][2 * i + 1]);
      to[4] = halves_of(s[1][2 * i], s[1][2 * i + 1]);
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int row = lane / 4 + 8 * i;
      total[i] = __fadd_rn(__fadd_rn(__fadd_rn(exchange.totals[0][row], exchange.totals[1][row]), exchange.totals[2][row]),
                           exchange.totals[3][row]);
    }
    if (warp * COLUMNS >= D) return;
#pragma unroll
    for (int n = 0; n < COLUMNS / 8; n++) o[n][0] = o[n][1] = o[n][2] = o[n][3] = 0;
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) {
      uint32_t p[4];
      load_matrices(p, shared_weights + (lane % 16 * WEIGHT_PITCH + k * 16 + lane / 16 * 8) * 2);
#pragma unroll
      for (int n = 0; n < COLUMNS / 16; n++) {
        uint32_t b[4];
        int row = k * 16 + lane % 16, column = warp * COLUMNS + n * 16 + lane / 16 * 8;
        load_transposed(b, shared_values + (row * PITCH + column) * 2);
        mma(o[2 * n], p, b[0], b[1]);
        mma(o[2 * n + 1], p, b[2], b[3]);
      }
    }
  }

  __device__ __forceinline__ void store(int i, const float (&o)[D / 8][4], float total) {
    if (pair[i] < 0) return;
    int64_t row = pair[i] / group;
    bf16* to = work.out + (row * work.query_heads + head * group + pair[i] % group) * D;
    float by = __fdiv_rn(1.0f, total);
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
      uint32_t two = round_pair(__fmul_rn(o[n][2 * i], by), __fmul_rn(o[n][2 * i + 1], by));
      *reinterpret_cast<uint32_t*>(to + 8 * n + lane % 4 * 2) = two;
    }
  }
};

__device__ __forceinline__ Range range_of(const CacheWork& work, int64_t row) {
  int length = work.lengths[row];
  return {work.window == 0 ? 0 : max(0, length - work.window), length};
}

__device__ __forceinline__ int tiles_of(const Range& range) { return (range.last + KEYS - 1) / KEYS - range.first / KEYS; }

template <typename Format, int D>
__device__ void attend(const CacheWork& work) {
  extern __shared__ __align__(16) __half shared[];
  chain();
  Attention<Format, D> attention(work, shared);
  int group = attention.group;
  int64_t first = static_cast<int64_t>(blockIdx.x) * PAIRS;
  int64_t end = min(first + PAIRS, static_cast<int64_t>(work.rows) * group);
  attention.take_queries(first + attention.warp * 16, end);
  int row = static_cast<int>(first / group), beyond = static_cast<int>((end - 1) / group) + 1;
  while (row < beyond) {
    // Rows of one sequence, and the keys that any of them sees.
    int sequence = work.sequence[row], from = row;
    Range all = {0x7FFFFFFF, 0};
    for (; row < beyond && work.sequence[row] == sequence; row++) {
      Range one = range_of(work, row);
      if (one.last > 0) all = {min(all.first, one.first), max(all.last, one.last)};
    }
    if (all.last == 0) continue;
    Range own[2];
    float sums[D / 8][4];
    Fold fold[2];
    bool empty[2] = {true, true};
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int64_t at = attention.pair[i] < 0 ? -1 : attention.pair[i] / group;
      own[i] = at >= from && at < row ? range_of(work, at) : Range{0, 0};
    }
    for (int t = all.first / KEYS; t * KEYS < all.last; t++) {
      __syncthreads();
      attention.template load_tile<2>(sequence, t, all.last);
      __syncthreads();
      if (first + attention.warp * 16 >= end) continue;
      float o[D / 8][4], peak[2], total[2];
      attention.tile(t, own, o, peak, total);
#pragma unroll
      for (int i = 0; i < 2; i++) {
        if (peak[i] == -INFINITY) continue;
        fold[i].add(peak[i], total[i], empty[i]);
#pragma unroll
        for (int n = 0; n < D / 8; n++) {
#pragma unroll
          for (int j = 0; j < 2; j++) {
            sums[n][2 * i + j] = fold[i].join(empty[i] ? 0 : sums[n][2 * i + j], o[n][2 * i + j]);
          }
        }
        empty[i] = false;
      }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (!empty[i]) attention.store(i, sums, fold[i].total);
    }
  }
}

// How the tiles of a row and head come together where each has a block: the last block to leave its sums folds them, as `attend`
// folds: in order of position, a warp a query head.
template <int D>
struct ByMemory {
  static constexpr int PITCH = D + 2;
  using Place = float*;
  const CacheWork& work;
  int head, group;

  __device__ __forceinline__ ByMemory(const CacheWork& w, int head, int group) : work(w), head(head), group(group) {}

  __device__ __forceinline__ float* sums(int h) const {
    int64_t pair = static_cast<int64_t>(blockIdx.x) * work.query_heads + head * group + h;
    return work.partials + pair * gridDim.z * PITCH;
  }
  __device__ __forceinline__ Place place(int, int h, int tile) const { return sums(h) + tile * PITCH; }
  __device__ __forceinline__ void leave(Place place, int column, float a, float b) const {
    *reinterpret_cast<float2*>(place + column) = make_float2(a, b);
  }
  // False in a block that has nothing more to do.
  __device__ __forceinline__ bool complete(int count) const {
    __shared__ int last;
    int* counter = work.arrived + blockIdx.x * work.key_heads + head;
    __syncthreads();
    if (threadIdx.x == 0) {
      // Orders what all threads have written before, and what they read from here on.
      __threadfence();
      last = atomicAdd(counter, 1) == count - 1;
      if (last) *counter = 0;
      __threadfence();
    }
    __syncthreads();
    return last;
  }
  __device__ __forceinline__ int first_head() const { return 0; }
  __device__ __forceinline__ int head_step() const { return 1; }
  __device__ __forceinline__ float load(const float* from) const { return __ldcg(from); }
};

#ifdef OCTAVO_SM90A
// The same where the blocks of a row and head are a cluster: each sends what it has to those that fold, query heads in turn.
// At most 16 query heads.
template <int D>
struct ByCluster {
  static constexpr int MOST_BLOCKS = 8, MOST_HEADS = 16, PITCH = D + 4;
  static constexpr int FLOATS = (MOST_HEADS + MOST_BLOCKS) * PITCH;
  float* received;  // [heads of this block][blocks][PITCH]
  uint64_t* arrived;
  int blocks, rank;

  struct Place {
    uint32_t address, rank;
  };
  Place places[2];  // of this thread's two heads

  // Before other blocks can send; `count` tiles will, of which this block's is the rank-th.
  __device__ __forceinline__ ByCluster(float* buffer, uint64_t* barrier, int group, int count)
      : received(buffer), arrived(barrier), blocks(octavo::cluster_size()), rank(octavo::cluster_rank()) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int h = threadIdx.x % WARP / 4 + 8 * i;
      places[i] = {octavo::shared_address(sums(h) + rank * PITCH), static_cast<uint32_t>(h % blocks)};
      asm volatile("" : "+r"(places[i].address), "+r"(places[i].rank));  // now, not where they are used
    }
    if (threadIdx.x == 0) {
      uint32_t at = octavo::shared_address(arrived);
      octavo::barrier_init(at, 1);
      octavo::barrier_init_fence();
      int heads = (group - rank + blocks - 1) / blocks;
      octavo::barrier_arrive_expecting(at, max(heads, 0) * count * (D + 2) * 4);
    }
    __syncthreads();
    octavo::cluster_arrive();
  }
  __device__ __forceinline__ float* sums(int h) const { return received + h / blocks * blocks * PITCH; }
  __device__ __forceinline__ Place place(int i, int, int) const { return places[i]; }
  __device__ __forceinline__ void leave(const Place& place, int column, float a, float b) const {
    octavo::send_pair(place.address + column * 4, octavo::shared_address(arrived), place.rank, a, b);
  }
  __device__ __forceinline__ bool complete(int) const {
    octavo::barrier_wait(octavo::shared_address(arrived), 0);
    return true;
  }
  __device__ __forceinline__ int first_head() const { return rank; }
  __device__ __forceinline__ int head_step() const { return blocks; }
  __device__ __forceinline__ float load(const float* from) const { return *from; }
};
#endif

// A tile of keys that is in shared memory, for all query heads of a row that share them; `take(first)` takes 16 of the heads.
template <typename Format, int D, typename Meeting, typename Take>
__device__ __forceinline__ void split_tile(const CacheWork& work, Attention<Format, D>& attention, const Range& range, int t,
                                           const Meeting& meeting, const Take& take) {
  __shared__ typename Attention<Format, D>::Exchange exchange;
  constexpr int COLUMNS = Attention<Format, D>::COLUMNS;
  int group = attention.group, count = tiles_of(range), lane = attention.lane;
  int column = attention.warp * COLUMNS + lane % 4 * 2;
  for (int first = 0; first < group; first += 16) {
    take(first);
    float o[COLUMNS / 8][4], peak[2], total[2];
    attention.tile_together(t, range, o, peak, total, exchange);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int h = attention.pair[i];
      if (h < 0 || column >= D) continue;
      if (count == 1) {
        bf16* out = work.out + (static_cast<int64_t>(blockIdx.x) * work.query_heads + attention.head * group + h) * D + column;
        float by = __fdiv_rn(1.0f, total[i]);
#pragma unroll
        for (int n = 0; n < COLUMNS / 8; n++) {
          *reinterpret_cast<uint32_t*>(out + 8 * n) =
              round_pair(__fmul_rn(o[n][2 * i], by), __fmul_rn(o[n][2 * i + 1], by));
        }
      } else {
        auto place = meeting.place(i, h, t - range.first / KEYS);
        if (column == 0) meeting.leave(place, D, peak[i], total[i]);
#pragma unroll
        for (int n = 0; n < COLUMNS / 8; n++) meeting.leave(place, column + 8 * n, o[n][2 * i], o[n][2 * i + 1]);
      }
    }
    if (first + 16 < group) __syncthreads();
  }
}

// `count` tiles, more than one.
template <int D, typename Meeting>
__device__ __forceinline__ void fold_tiles(const CacheWork& work, const Meeting& meeting, int head, int count) {
  if (!meeting.complete(count)) return;
  int group = work.query_heads / work.key_heads, lane = threadIdx.x % WARP, step = meeting.head_step();
  for (int h = meeting.first_head() + static_cast<int>(threadIdx.x / WARP) * step; h < group; h += THREADS / WARP * step) {
    constexpr int EACH = D / WARP;
    float sums[EACH] = {}, total = 0, peak = -INFINITY;
    const float* from = meeting.sums(h);
    // As Fold does, but a lane works out the factors of a tile.
    for (int begin = 0; begin < count; begin += WARP, from += WARP * Meeting::PITCH) {
      int tiles = min(WARP, count - begin);
      bool mine = lane < tiles;
      float own = mine ? meeting.load(from + lane * Meeting::PITCH + D) : -INFINITY, high = fmaxf(own, peak);
      float own_total = mine ? meeting.load(from + lane * Meeting::PITCH + D + 1) : 0;
#pragma unroll
      for (int step = 1; step < WARP; step *= 2) {
        float before = __shfl_up_sync(ALL_LANES, high, step);
        if (lane >= step) high = fmaxf(high, before);
      }
      float last = __shfl_up_sync(ALL_LANES, high, 1);
      if (lane == 0) last = peak;
      float before = begin + lane == 0 ? 0 : exp2_approximate(last - high), after = exp2_approximate(own - high);
      float tile_total = __fmul_rn(own_total, after);
#pragma unroll 4
      for (int i = 0; i < tiles; i++) {
        float b = __shfl_sync(ALL_LANES, before, i), a = __shfl_sync(ALL_LANES, after, i);
        total = __fmaf_rn(total, b, __shfl_sync(ALL_LANES, tile_total, i));
#pragma unroll
        for (int e = 0; e < EACH; e++) {
          sums[e] = __fmaf_rn(sums[e], b, __fmul_rn(meeting.load(from + i * Meeting::PITCH + lane + WARP * e), a));
        }
      }
      peak = __shfl_sync(ALL_LANES, high, tiles - 1);
    }
    float by = __fdiv_rn(1.0f, total);
    bf16* out = work.out + (static_cast<int64_t>(blockIdx.x) * work.query_heads + head * group + h) * D + lane;
#pragma unroll
    for (int e = 0; e < EACH; e++) out[WARP * e] = round_one(__fmul_rn(sums[e], by));
  }
}

// Loads of a tile that a thread has under way at once.
template <int D>
constexpr int ALL_AHEAD = 2 * KEYS * (D / 16) / THREADS;

template <typename Format, int D>
__device__ void attend_split(const CacheWork& work) {
  extern __shared__ __align__(16) __half shared[];
  chain();
  int row = blockIdx.x;
  Range range = range_of(work, row);
  int t = range.first / KEYS + blockIdx.z;
  if (t * KEYS >= range.last) return;
  Attention<Format, D> attention(work, shared);
  attention.template load_tile<ALL_AHEAD<D>>(work.sequence[row], t, range.last);
  __syncthreads();
  ByMemory<D> meeting(work, attention.head, attention.group);
  split_tile(work, attention, range, t, meeting, [&](int first) { attention.take_heads(row, first); });
  int count = tiles_of(range);
  if (count > 1) fold_tiles<D>(work, meeting, attention.head, count);
}

// The key (part 0) or value (part 1) of a row and head, a warp each, on its way to the pool and, as it is read from there, to shared memory.
// A lane has pairs l and l + D / 4. What does not depend on the kernel before is loaded on construction.
template <typename Format, int D>
struct NewLine {
  static constexpr int LANES = D / 4;
  const AppendWork& work;
  int part, lane, head, slot;
  float2 cosine, sine;
  uint32_t lower, higher;

  __device__ __forceinline__ NewLine(const AppendWork& w, int part, int lane, int head)
      : work(w), part(part), lane(lane), head(head), slot(w.slots[blockIdx.x]) {
    if (part > 0 || lane >= LANES) return;
    int64_t at = static_cast<int64_t>(work.positions[blockIdx.x]) * (D / 2) + 2 * lane;
    cosine = *reinterpret_cast<const float2*>(work.cosine + at);
    sine = *reinterpret_cast<const float2*>(work.sine + at);
  }

  __device__ __forceinline__ void load() {
    if (lane >= LANES) return;
    const bf16* from = work.qkv + ((blockIdx.x * static_cast<int64_t>(work.query_heads + 2 * work.key_heads)) +
                                   work.query_heads + part * work.key_heads + head) * D;
    lower = *reinterpret_cast<const uint32_t*>(from + 2 * lane);
    higher = *reinterpret_cast<const uint32_t*>(from + 2 * lane + D / 2);
  }

  __device__ __forceinline__ void keep(__half* row) const {
    __shared__ __align__(16) uint8_t codes[2][D * Format::BITS / 8];
    float low[2] = {}, high[2] = {};
    if (lane < LANES) {
      low[0] = bf16_low(lower), low[1] = bf16_high(lower), high[0] = bf16_low(higher), high[1] = bf16_high(higher);
      if (part == 0) {
        turn(low[0], high[0], cosine.x, sine.x);
        turn(low[1], high[1], cosine.y, sine.y);
      }
    }
    float scale = 1;
    if (Format::SCALED) {
      float amax = fmaxf(fmaxf(finite_magnitude(low[0]), finite_magnitude(low[1])),
                         fmaxf(finite_magnitude(high[0]), finite_magnitude(high[1])));
      scale = scale_for(warp_max(amax), Format::LARGEST, SCALE_FP32);
    }
    if (lane < LANES) {
      Format::store(codes[part], lane, low[0], low[1], scale);
      Format::store(codes[part], lane + LANES, high[0], high[1], scale);
    }
    __syncwarp();
    if (lane < D / 16) {
      typename Format::Sixteen sixteen;
      sixteen.load(codes[part], lane);
      uint32_t pairs[8];
      sixteen.halves(pairs, scale);
      uint4* to = reinterpret_cast<uint4*>(row + lane * 16);
      to[0] = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
      to[1] = make_uint4(pairs[4], pairs[5], pairs[6], pairs[7]);
    }
    if (slot < 0) return;
    Line<Format> kept(work.pool, slot / PAGE, slot % PAGE, head, part, work.key_heads, D, work.page_bytes);
    constexpr int WORDS = D * Format::BITS / 32;
    for (int i = lane; i < WORDS; i += WARP) {
      reinterpret_cast<uint32_t*>(kept.codes)[i] = reinterpret_cast<const uint32_t*>(codes[part])[i];
    }
    if (Format::SCALED && lane == 0) *kept.scale = scale;
  }

 private:
  static __device__ __forceinline__ void turn(float& low, float& high, float c, float s) {
    float lower = to_float(round_one(turned_low(low, high, c, s)));
    high = to_float(round_one(turned_high(low, high, c, s)));
    low = lower;
  }
};

// Turned queries of a row and key head on their way to shared memory as binary16: a thread has 4 columns and their counterparts
// D / 2 further on, of one head in HEADS. Angles do not depend on the kernel before.
template <int D>
struct TurnedQueries {
  static constexpr int LANES = D / 8, HEADS = THREADS / LANES, PITCH = D + 8, MOST = 16;
  int column, own;
  float4 cosine, sine;

  __device__ __forceinline__ TurnedQueries(const AppendWork& work)
      : column(threadIdx.x % LANES * 4), own(threadIdx.x / LANES) {
    int64_t at = static_cast<int64_t>(work.positions[blockIdx.x]) * (D / 2) + column;
    cosine = *reinterpret_cast<const float4*>(work.cosine + at);
    sine = *reinterpret_cast<const float4*>(work.sine + at);
  }

  // 16 heads from `first` on.
  __device__ __forceinline__ void store(__half* to, const bf16* heads, int first, int group) const {
#pragma unroll
    for (int part = 0; part < (MOST + HEADS - 1) / HEADS; part++) {
      int place = part * HEADS + own;
      if (place >= MOST) return;
      uint2 lower = {}, higher = {};
      if (first + place < group) {
        uint2 low = *reinterpret_cast<const uint2*>(heads + (first + place) * D + column);
        uint2 high = *reinterpret_cast<const uint2*>(heads + (first + place) * D + column + D / 2);
        turn(low.x, high.x, cosine.x, cosine.y, sine.x, sine.y, lower.x, higher.x);
        turn(low.y, high.y, cosine.z, cosine.w, sine.z, sine.w, lower.y, higher.y);
      }
      *reinterpret_cast<uint2*>(to + place * PITCH + column) = lower;
      *reinterpret_cast<uint2*>(to + place * PITCH + column + D / 2) = higher;
    }
  }

 private:
  static __device__ __forceinline__ void turn(uint32_t low, uint32_t high, float c0, float c1, float s0, float s1,
                                              uint32_t& lower, uint32_t& higher) {
    lower = halves_of(round_pair(turned_low(bf16_low(low), bf16_low(high), c0, s0),
                                   turned_low(bf16_high(low), bf16_high(high), c1, s1)));
    higher = halves_of(round_pair(turned_high(bf16_low(low), bf16_low(high), c0, s0),
                                    turned_high(bf16_high(low), bf16_high(high), c1, s1)));
  }
};

template <typename Format, int D>
__device__ void attend_next(const CacheWork& work, const AppendWork& append) {
  extern __shared__ __align__(16) __half shared[];
#ifdef OCTAVO_SM90A
  __shared__ __align__(16) float received[ByCluster<D>::FLOATS];
  __shared__ uint64_t arrived;
  int row = blockIdx.x;
  Range range = range_of(work, row);
  int count = range.last == 0 ? 0 : tiles_of(range), t = range.first / KEYS + blockIdx.z, own = range.last - 1;
  bool used = blockIdx.z < count, in_cluster = octavo::cluster_size() > 1;
  Attention<Format, D> attention(work, shared);
  ByCluster<D> cluster(received, &arrived, attention.group, count);
  ByMemory<D> memory(work, attention.head, attention.group);
  octavo::let_next_start();
  // The last warps have fewer queries, if any.
  NewLine<Format, D> line(append, THREADS / WARP - 1 - attention.warp, attention.lane, attention.head);
  TurnedQueries<D> queries(append);
  __shared__ __align__(16) __half turned[TurnedQueries<D>::MOST * TurnedQueries<D>::PITCH];
  const bf16* heads = work.qkv + (static_cast<int64_t>(row) * (work.query_heads + 2 * work.key_heads) +
                                  attention.head * attention.group) * D;
  if (used) attention.template load_tile<ALL_AHEAD<D>>(work.sequence[row], t, own);
  __syncthreads();
  octavo::cluster_wait();
  octavo::wait_for_previous();
  if (used) {
    bool keeps = own / KEYS == t && line.part < 2;
    if (keeps) line.load();
    queries.store(turned, heads, 0, attention.group);
    if (keeps) {
      line.keep((line.part == 0 ? attention.keys : attention.values) + own % KEYS * Attention<Format, D>::PITCH);
    }
    __syncthreads();
    auto take = [&](int first) {
      if (first > 0) {
        queries.store(turned, heads, first, attention.group);
        __syncthreads();
      }
      attention.take_heads(turned, first);
    };
    if (in_cluster) {
      split_tile(work, attention, range, t, cluster, take);
    } else {
      split_tile(work, attention, range, t, memory, take);
    }
  }
  if (count < 2) return;
  if (in_cluster) {
    fold_tiles<D>(work, cluster, attention.head, count);
  } else if (used) {
    fold_tiles<D>(work, memory, attention.head, count);
  }
#endif
}

// Two passes over the keys: the largest score, then the sums.
template <typename Format>
__device__ void attend_plain(const CacheWork& work) {
  chain();
  int64_t row = blockIdx.x;
  int head = blockIdx.y, shared = head / (work.query_heads / work.key_heads), lane = threadIdx.x, size = work.head_size;
  Range range = range_of(work, row);
  if (range.last == 0) return;
  const bf16* q = work.qkv + row * (work.query_heads + 2 * work.key_heads) * size + head * size;
  const int* table = work.table + static_cast<int64_t>(work.sequence[row]) * work.table_columns;
  auto line = [&](int position, int part) {
    return Line<Format>(const_cast<uint8_t*>(work.pool), table[position / PAGE], position % PAGE, shared, part,
                        work.key_heads, size, work.page_bytes);
  };
  auto score = [&](int position) {
    Line<Format> key = line(position, 0);
    float sum = 0;
    for (int d = lane; d < size; d += WARP) sum += to_float(q[d]) * Format::value(key.codes, d);
    return warp_sum(sum) * (Format::SCALED ? *key.scale : 1) * work.scale;
  };
  float high = -INFINITY;
  for (int position = range.first; position < range.last; position++) high = fmaxf(high, score(position));
  for (int from = 0; from < size; from += WARP) {
    float sum = 0, total = 0;
    for (int position = range.first; position < range.last; position++) {
      float p = exp2_approximate(score(position) - high);
      Line<Format> value = line(position, 1);
      total += p;
      if (from + lane < size) {
        sum += p * Format::value(value.codes, from + lane) * (Format::SCALED ? *value.scale : 1);
      }
    }
    if (from + lane < size) work.out[(row * work.query_heads + head) * size + from + lane] = round_one(sum / total);
  }
}

}  // namespace

#define ATTEND(NAME, FORMAT, D)                                                                                     \
  extern "C" __global__ void __launch_bounds__(THREADS) attend_##NAME##_##D(const CacheWork work) {                 \
    attend<FORMAT, D>(work);                                                                                        \
  }                                                                                                                 \
  extern "C" __global__ void __launch_bounds__(THREADS) attend_split_##NAME##_##D(const CacheWork work) {           \
    attend_split<FORMAT, D>(work);                                                                                  \
  }                                                                                                                 \
  extern "C" __global__ void __launch_bounds__(THREADS)                                                             \
      attend_next_##NAME##_##D(const CacheWork work, const AppendWork append) {                                     \
    attend_next<FORMAT, D>(work, append);                                                                           \
  }

#define CACHE(NAME, FORMAT)                                                                                         \
  extern "C" __global__ void append_##NAME(const AppendWork work) { append<FORMAT>(work); }                         \
  extern "C" __global__ void __launch_bounds__(THREADS) rotate_append_##NAME(const AppendWork work) {               \
    rotate_append<FORMAT>(work);                                                                                    \
  }                                                                                                                 \
  extern "C" __global__ void attend_plain_##NAME(const CacheWork work) { attend_plain<FORMAT>(work); }              \
  ATTEND(NAME, FORMAT, 32)                                                                                          \
  ATTEND(NAME, FORMAT, 64)                                                                                          \
  ATTEND(NAME, FORMAT, 128)

CACHE(fp16, Fp16)
CACHE(fp8, Fp8)
CACHE(int4, Int4)
