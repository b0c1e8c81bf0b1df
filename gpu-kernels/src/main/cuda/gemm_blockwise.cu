// Products of E4M3 codes scaled in groups of 128 along K, for Hopper's tensor cores.
//
//   D[m, n] = sum_g sA[m, g] sB[n, g] sum_{k in g} A[m, k] B[n, k]  (+ C[m, n]),   g = k / 128
//
// A [M, K], B [N, K] codes, K contiguous; sA, sB FP32. Tensor cores keep about 14 bits of a running sum, so that each group's
// sum starts at zero and is added, times its scales, to FP32 registers.
//
//   1d2d   sA [K/128][M], sB [N/128][K/128 up to a multiple of 4]: a scale for 128 x 128 of B; D in BF16 (fprop, dgrad)
//   1d1d   sA [K/128][M], sB [K/128][N]; D in FP32 (wgrad)
//
// Clusters of two blocks go through pairs of neighbouring tiles, in sections that keep what is read in the L2 cache. A producer
// thread of each block feeds a ring of stages with codes and scales through the copy engine; what both blocks of a cluster
// need, each loads half of and hands to both. Each of the other warpgroups has 64 rows of the tile: four products, wait, add.
// They take turns at issuing, so that the tensor cores work for one while others add. Issuing for the next tile before the sums
// of this one leave was measured to be slower.
//
// Launch: Tiling::threads threads, Tiling::shared_bytes dynamic shared memory, clusters of Tiling::cluster blocks, at most one
// block per multiprocessor. Boxes of the tensor maps {K, rows}: 128 bytes, Tiling::a_box and Tiling::b_box rows, 128-byte
// swizzle; of C and D (BF16) {N, M}: 64 columns, 16 rows, 128-byte swizzle. K and N are multiples of 16, M of 4; scales start at
// multiples of 16 bytes.
#include <cuda_bf16.h>

#include "include/bf16.cuh"
#include "include/wgmma.cuh"

#ifdef OCTAVO_SM90A  // there are no kernels for other architectures

using namespace octavo;

namespace {

enum class Common : int { none, a, b };  // what the two blocks of a cluster load for each other
enum class Scales : int { blocks, groups };  // of B
enum class Result : int { bf16, bf16_plus_c, f32, f32_added };

constexpr int kDepth = 128;  // of a stage, bytes and elements of K: the width of a group
constexpr int kSection = 8;  // rows of tiles whose operands the L2 cache holds together

template <int warpgroups_, int n_, int stages_, Common common_, Scales scales_, Result result_>
struct Tiling {
  static constexpr int warpgroups = warpgroups_, m = 64 * warpgroups, n = n_, stages = stages_;
  static constexpr Common common = common_;
  static constexpr Scales scales = scales_;
  static constexpr Result result = result_;
  static constexpr bool is_bf16 = result == Result::bf16 || result == Result::bf16_plus_c;
  static constexpr bool has_c = result == Result::bf16_plus_c;
  static constexpr bool straddles = n > 128;  // two blocks of columns
  // Scales of columns wait in registers for the sums of two warpgroups; three have no room for them.
  static constexpr bool held = scales == Scales::groups && warpgroups == 2 && n == 128;
  static constexpr int cluster = common == Common::none ? 1 : 2;
  static constexpr int a_box = common == Common::a ? m / 2 : m;
  static constexpr int b_box = common == Common::b ? n / 2 : n;
  static constexpr int threads = 128 * (warpgroups + 1);
  static constexpr int producer_registers = warpgroups == 2 ? 40 : 56;
  static constexpr int consumer_registers = warpgroups == 2 ? 232 : 152;
  static constexpr int a_bytes = m * kDepth, b_bytes = n * kDepth;
  static constexpr int a_scale_bytes = m * 4, b_scale_bytes = scales == Scales::groups ? n * 4 : 32;
  static constexpr int scale_bytes = a_scale_bytes + b_scale_bytes;
  // Results of a warp leave through boxes of 16 rows and 64 columns, in which C has waited.
  static constexpr int boxes = is_bf16 ? n / 64 : 0;
  static constexpr int box_bytes = 16 * 128;
  static constexpr int b_at = stages * a_bytes;
  static constexpr int staging_at = b_at + stages * b_bytes;
  static constexpr int scales_at = staging_at + 4 * warpgroups * boxes * box_bytes;
  static constexpr int barriers_at = scales_at + stages * scale_bytes;
  static constexpr int shared_bytes = barriers_at + 16 * stages + 32 * warpgroups;
  static_assert(shared_bytes <= 227 * 1024);
  // A warpgroup that asks for more registers than the others gave up waits for ever.
  static_assert(128 * producer_registers + 128 * warpgroups * consumer_registers <= threads * (65536 / threads / 8 * 8));
};

struct Problem {
  const TensorMap *a, *b, *c, *d;
  const float *a_scales, *b_scales;
  float* f32;  // D where it is FP32
  int m, n, k;
  __device__ int groups() const { return (k + kDepth - 1) / kDepth; }
  __device__ int block_stride() const { return (groups() + 3) / 4 * 4; }
};

// The tiles of a block, one after the other: pairs of a cluster, in sections of rows, down columns within a section.
template <class T>
struct Tiles {
  int rows, columns, unit, rank;

  __device__ Tiles(const Problem& p, int rank) : unit(blockIdx.x / T::cluster), rank(rank) {
    int tall = T::m * (T::common == Common::b ? 2 : 1), wide = T::n * (T::common == Common::a ? 2 : 1);
    rows = (p.m + tall - 1) / tall;
    columns = (p.n + wide - 1) / wide;
  }
  __device__ int step() const { return gridDim.x / T::cluster; }
  __device__ bool more() const { return unit < rows * columns; }
  __device__ void advance() { unit += step(); }
  // First row and column of the tile.
  __device__ int2 origin() const {
    int first = unit / (kSection * columns) * kSection;
    int tall = min(kSection, rows - first), within = unit - first * columns;
    int row = first + within % tall, column = within / tall;
    if (T::common == Common::a) column = 2 * column + rank;
    if (T::common == Common::b) row = 2 * row + rank;
    return make_int2(row * T::m, column * T::n);
  }
};

// Place in the ring.
template <class T>
struct Ring {
  uint32_t base, stage = 0, phase = 0;
  __device__ explicit Ring(uint32_t base) : base(base) {}
  __device__ uint32_t a() const { return base + stage * T::a_bytes; }
  __device__ uint32_t b() const { return base + T::b_at + stage * T::b_bytes; }
  __device__ uint32_t scales() const { return base + T::scales_at + stage * T::scale_bytes; }
  __device__ uint32_t full() const { return base + T::barriers_at + 8 * stage; }
  __device__ uint32_t empty() const { return base + T::barriers_at + 8 * (T::stages + stage); }
  __device__ void advance() {
    if (++stage == T::stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <class T>
__device__ uint32_t c_barrier(uint32_t base, int warp) {
  return base + T::barriers_at + 16 * T::stages + 8 * warp;
}

template <class T>
__device__ void produce(const Problem& p, uint32_t base, int rank) {
  Ring<T> ring(base);
  constexpr uint16_t both = 3;
  for (Tiles<T> tiles(p, rank); tiles.more(); tiles.advance()) {
    int2 at = tiles.origin();
    // A tile of a cluster may lie outside.
    int a_bytes = max(0, min(T::m, p.m - at.x)) * 4, b_bytes = max(0, min(T::n, p.n - at.y)) * 4;
    int last_block = (p.n - 1) / 128;
    const float* block = p.b_scales + min(at.y / 128, last_block) * p.block_stride();
    const float* next_block = p.b_scales + min(at.y / 128 + 1, last_block) * p.block_stride();
    if (T::scales == Scales::blocks) b_bytes = T::straddles ? 32 : 16;
    for (int g = 0; g < p.groups(); g++, ring.advance()) {
      barrier_wait(ring.empty(), ring.phase ^ 1);
      uint32_t full = ring.full(), scales = ring.scales();
      barrier_arrive_expecting(full, T::a_bytes + T::b_bytes + a_bytes + b_bytes);
      if (T::common == Common::a) {
        load_box_to_all(ring.a() + rank * T::a_bytes / 2, p.a, full, g * kDepth, at.x + rank * T::a_box, both);
      } else {
        load_box(ring.a(), p.a, full, g * kDepth, at.x);
      }
      if (T::common == Common::b) {
        load_box_to_all(ring.b() + rank * T::b_bytes / 2, p.b, full, g * kDepth, at.y + rank * T::b_box, both);
      } else {
        load_box(ring.b(), p.b, full, g * kDepth, at.y);
      }
      if (a_bytes > 0) load_bytes(scales, p.a_scales + static_cast<long long>(g) * p.m + at.x, a_bytes, full);
      scales += T::a_scale_bytes;
      if (T::scales == Scales::blocks) {  // four groups, of which this is one: the engine copies 16 bytes
        load_bytes(scales, block + g / 4 * 4, 16, full);
        if (T::straddles) load_bytes(scales + 16, next_block + g / 4 * 4, 16, full);
      } else if (b_bytes > 0) {
        load_bytes(scales, p.b_scales + static_cast<long long>(g) * p.n + at.y, b_bytes, full);
      }
    }
  }
}

__device__ __forceinline__ uint32_t load_pair(uint32_t address) {
  uint32_t v;
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(v) : "r"(address) : "memory");
  return v;
}

// One warpgroup's 64 rows of its block's tiles.
template <class T>
struct Consumer {
  static constexpr int half = T::n / 2;  // accumulators of a thread
  static constexpr int held = T::held ? T::n / 4 : 1;
  const Problem& p;
  uint32_t base;
  int rank, warpgroup, warp, lane;
  uint32_t a_matrix, b_matrix;  // lower halves of descriptors in the first stage
  uint32_t c_phase = 0;
  float sum[half];

  __device__ Consumer(const Problem& p, uint32_t base, int rank)
      : p(p), base(base), rank(rank), warpgroup(threadIdx.x / 128 - 1), warp(threadIdx.x / 32 % 4), lane(threadIdx.x % 32) {
    a_matrix = static_cast<uint32_t>(matrix_descriptor(base + warpgroup * 64 * kDepth));
    b_matrix = static_cast<uint32_t>(matrix_descriptor(base + T::b_at));
  }

  __device__ __forceinline__ int first_row() const { return warpgroup * 64 + 16 * warp; }

  __device__ void run() {
    Ring<T> ring(base);
    int groups = p.groups();
    if (warpgroup == T::warpgroups - 1) named_arrive(1, 256);  // the turn is the first warpgroup's
    clear();
    for (Tiles<T> tiles(p, rank); tiles.more(); tiles.advance()) {
      int2 at = tiles.origin();
      for (int g = 0; g < groups; g++, ring.advance()) {
        float part[half];
        issue(part, ring);
        if (T::has_c && g == min(2, groups - 1)) fetch_c(at);
        take(part, ring, at, g);
      }
      leave(at);
    }
    if (T::is_bf16 && lane == 0) bulk_wait_read();
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < half; i++) sum[i] = 0;
  }

  // Products of a group. Warpgroups take turns: the tensor cores go through what is issued in that order, so that their
  // sums are ready one after the other, and one adds while the others multiply.
  __device__ __forceinline__ void issue(float (&part)[half], const Ring<T>& ring) {
    barrier_wait(ring.full(), ring.phase);
    named_sync(1 + warpgroup, 256);
    uint32_t a = ring.stage * T::a_bytes, b = ring.stage * T::b_bytes;
    wgmma_fence();
    Wgmma8<T::n>::template shared<false>(part, moved(a_matrix, a), moved(b_matrix, b));
#pragma unroll
    for (int step = 32; step < kDepth; step += 32) {
      Wgmma8<T::n>::template shared<true>(part, moved(a_matrix, a + step), moved(b_matrix, b + step));
    }
    wgmma_commit();
    named_arrive(1 + (warpgroup + 1) % T::warpgroups, 256);
  }

  // A descriptor, given by its lower half, of what lies some bytes on.
  __device__ __forceinline__ static uint64_t moved(uint32_t lower, uint32_t bytes) { return descriptor_of(lower + (bytes >> 4)); }

  // sum += scales * part, once part is there.
  __device__ __forceinline__ void take(float (&part)[half], const Ring<T>& ring, int2 at, int g) {
    uint32_t rows = ring.scales() + (first_row() + lane / 4) * 4;
    float upper = load_float(rows), lower = load_float(rows + 32);
    if (T::scales == Scales::blocks) {
      uint32_t block = ring.scales() + T::a_scale_bytes + g % 4 * 4;
      float left = load_float(block), right = T::straddles ? load_float(block + 16) : left;
      wgmma_wait<0>();
      pin(part);
      release(ring);
      // 192 columns: the block of 128 begins with the first or ends with the second 64.
      float middle = at.y % 128 == 0 ? left : right;
#pragma unroll
      for (int j = 0; j < T::n / 8; j++) {
        float column = j < 8 ? left : j < 16 ? middle : right;
        add(part, j, upper * column, upper * column, lower * column, lower * column);
      }
    } else {
      uint32_t columns = ring.scales() + T::a_scale_bytes + lane % 4 * 8;
      float2 waiting[held];
      if (T::held) {
#pragma unroll
        for (int j = 0; j < held; j++) waiting[j] = load_float2(columns + 32 * j);
      }
      wgmma_wait<0>();
      pin(part);
      if (T::held) release(ring);
#pragma unroll
      for (int j = 0; j < T::n / 8; j++) {
        float2 column = T::held ? waiting[T::held ? j : 0] : load_float2(columns + 32 * j);
        add(part, j, upper * column.x, upper * column.y, lower * column.x, lower * column.y);
      }
      if (!T::held) release(ring);
    }
  }

  __device__ __forceinline__ void add(const float (&part)[half], int j, float a, float b, float c, float d) {
    sum[4 * j] += part[4 * j] * a;
    sum[4 * j + 1] += part[4 * j + 1] * b;
    sum[4 * j + 2] += part[4 * j + 2] * c;
    sum[4 * j + 3] += part[4 * j + 3] * d;
  }

  __device__ __forceinline__ void release(const Ring<T>& ring) {
    if (T::cluster == 1) {
      warp_arrive(ring.empty());
      return;
    }
    __syncwarp();
    for (int rank = WARP_ARRIVALS > 1 ? 0 : lane; rank < 2; rank += WARP_ARRIVALS > 1 ? 1 : 2) {
      barrier_arrive_at(ring.empty(), rank);
    }
  }

  __device__ __forceinline__ void leave(int2 at) {
    if (T::is_bf16) {
      store_bf16(at);
    } else {
      store_f32(at);
    }
    clear();
  }

  __device__ __forceinline__ uint32_t staging() const {
    return base + T::staging_at + (4 * warpgroup + warp) * T::boxes * T::box_bytes;
  }

  // C into the place from which D will leave.
  __device__ __forceinline__ void fetch_c(int2 at) {
    if (lane != 0) return;
    bulk_wait_read();
    uint32_t barrier = c_barrier<T>(base, 4 * warpgroup + warp);
    barrier_arrive_expecting(barrier, T::boxes * T::box_bytes);
    for (int box = 0; box < T::boxes; box++) {
      load_box(staging() + box * T::box_bytes, p.c, barrier, at.y + 64 * box, at.x + first_row());
    }
  }

  // sum += C, from the pattern in which threads hold it.
  __device__ __forceinline__ void add_c() {
    barrier_wait(c_barrier<T>(base, 4 * warpgroup + warp), c_phase);
    c_phase ^= 1;
    int row = lane / 4;
#pragma unroll
    for (int j = 0; j < T::n / 8; j++) {
      uint32_t from = staging() + j / 8 * T::box_bytes + row * 128 + (j % 8 ^ row) * 16 + lane % 4 * 4;
      uint32_t upper = load_pair(from), lower = load_pair(from + 8 * 128);
      sum[4 * j] += __uint_as_float(upper << 16);
      sum[4 * j + 1] += __uint_as_float(upper & 0xFFFF0000);
      sum[4 * j + 2] += __uint_as_float(lower << 16);
      sum[4 * j + 3] += __uint_as_float(lower & 0xFFFF0000);
    }
    __syncwarp();
  }

  __device__ __forceinline__ void store_bf16(int2 at) {
    if (T::has_c) {
      add_c();
    } else {
      if (lane == 0) bulk_wait_read();
      __syncwarp();
    }
    int row = lane % 16;
#pragma unroll
    for (int j = 0; j < T::n / 8; j += 2) {
      int chunk = j % 8 + lane / 16;
      store_matrices(staging() + j / 8 * T::box_bytes + row * 128 + (chunk ^ row % 8) * 16, round_pair(sum[4 * j], sum[4 * j + 1]),
                     round_pair(sum[4 * j + 2], sum[4 * j + 3]), round_pair(sum[4 * j + 4], sum[4 * j + 5]),
                     round_pair(sum[4 * j + 6], sum[4 * j + 7]));
    }
    shared_proxy_fence();
    __syncwarp();
    if (lane == 0) {
#pragma unroll
      for (int box = 0; box < T::boxes; box++) {
        store_box(p.d, staging() + box * T::box_bytes, at.y + 64 * box, at.x + first_row());
      }
      bulk_commit();
    }
  }

  __device__ __forceinline__ void store_f32(int2 at) {
    int row = at.x + first_row() + lane / 4, column = at.y + lane % 4 * 2;
    float* to = p.f32 + static_cast<long long>(row) * p.n + column;
#pragma unroll
    for (int h = 0; h < 2; h++, row += 8, to += 8 * static_cast<long long>(p.n)) {
      if (row >= p.m) continue;
#pragma unroll
      for (int j = 0; j < T::n / 8; j++) {
        if (column + 8 * j < p.n) put(to + 8 * j, sum[4 * j + 2 * h], sum[4 * j + 2 * h + 1]);
      }
    }
  }

  // One block writes a number, so that adding to memory has no order to depend on.
  __device__ __forceinline__ static void put(float* to, float x, float y) {
    if (T::result == Result::f32_added) {
      asm volatile("red.relaxed.gpu.global.add.v2.f32 [%0], {%1, %2};" ::"l"(to), "f"(x), "f"(y) : "memory");
    } else {
      *reinterpret_cast<float2*>(to) = make_float2(x, y);
    }
  }
};

template <class T>
__device__ __forceinline__ void multiply_codes(const Problem& p) {
  extern __shared__ __align__(1024) uint8_t memory[];
  require_shared(T::shared_bytes);
  uint32_t base = shared_address(memory);
  asm volatile("" : "+r"(base));  // or it is worked out anew wherever it is used
  int rank = T::cluster == 1 ? 0 : cluster_rank();
  if (threadIdx.x == 0) {
    for (Ring<T> ring(base); ring.phase == 0; ring.advance()) {
      barrier_init(ring.full(), 1);
      barrier_init(ring.empty(), 4 * T::warpgroups * T::cluster * WARP_ARRIVALS);
    }
    for (int warp = 0; warp < 4 * T::warpgroups; warp++) barrier_init(c_barrier<T>(base, warp), 1);
    barrier_init_fence();
  }
  if (T::cluster == 1) {
    __syncthreads();
  } else {
    cluster_sync();
  }
  if (threadIdx.x < 128) {
    shrink_registers<T::producer_registers>();
    if (threadIdx.x == 0) produce<T>(p, base, rank);
    __syncwarp();
  } else {
    grow_registers<T::consumer_registers>();
    Consumer<T> consumer(p, base, rank);
    consumer.run();
    __syncwarp();
  }
  // A block must not end while the other arrives at its barriers.
  if (T::cluster > 1) cluster_sync();
}

}  // namespace

#define MULTIPLY(TILING, C, D, F32) multiply_codes<TILING>({&a, &b, C, D, a_scales, b_scales, F32, m, n, k})

#define KERNEL(TILING, NAME, ...)                                                                             \
  extern "C" __global__ void __cluster_dims__(TILING::cluster, 1, 1) __launch_bounds__(TILING::threads, 1)    \
      NAME(const __grid_constant__ TensorMap a, const __grid_constant__ TensorMap b, __VA_ARGS__,             \
           const float* a_scales, const float* b_scales, int m, int n, int k)

#define BOX_MAP const __grid_constant__ TensorMap

// Both kernels of a tiling: without and with what is added.
#define GEMM_1D2D(WARPGROUPS, M, N, STAGES, COMMON)                                                           \
  using Blocks##M = Tiling<WARPGROUPS, N, STAGES, COMMON, Scales::blocks, Result::bf16>;                      \
  using BlocksAdd##M = Tiling<WARPGROUPS, N, STAGES, COMMON, Scales::blocks, Result::bf16_plus_c>;            \
  KERNEL(Blocks##M, gemm_e4m3_e4m3_bf16_1d2d_##M##x##N, BOX_MAP d) { MULTIPLY(Blocks##M, &d, &d, nullptr); }  \
  KERNEL(BlocksAdd##M, gemm_e4m3_e4m3_bf16_1d2d_add_##M##x##N, BOX_MAP c, BOX_MAP d) {                        \
    MULTIPLY(BlocksAdd##M, &c, &d, nullptr);                                                                  \
  }

#define GEMM_1D1D(WARPGROUPS, M, N, STAGES, COMMON)                                                           \
  using Groups##M = Tiling<WARPGROUPS, N, STAGES, COMMON, Scales::groups, Result::f32>;                       \
  using GroupsAdd##M = Tiling<WARPGROUPS, N, STAGES, COMMON, Scales::groups, Result::f32_added>;              \
  KERNEL(Groups##M, gemm_e4m3_e4m3_f32_1d1d_##M##x##N, float* d) { MULTIPLY(Groups##M, nullptr, nullptr, d); } \
  KERNEL(GroupsAdd##M, gemm_e4m3_e4m3_f32_1d1d_add_##M##x##N, float* d) { MULTIPLY(GroupsAdd##M, nullptr, nullptr, d); }

GEMM_1D2D(3, 192, 128, 4, Common::a)
GEMM_1D2D(2, 128, 192, 4, Common::b)
GEMM_1D1D(3, 192, 128, 5, Common::a)
GEMM_1D1D(2, 128, 128, 6, Common::b)

#endif  // OCTAVO_SM90A
