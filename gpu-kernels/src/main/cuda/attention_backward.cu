// Gradients of attention_forward.cu for Hopper's tensor cores, BF16, head sizes 64 and 128.
//
//   P = exp(scale Q K^T - lse),  delta = rowsum(dout out),  dS = P (dout V^T - delta)
//   dQ = scale dS K,  dK = scale dS^T Q,  dV = P^T dout;  dK and dV also sum over the query heads of a group
//
// Three launches: `attention_backward_prepare` (delta, lse in powers of two, where each row's document ends, zeroed sums of
// dQ), `attention_backward` and `attention_backward_query` (sums of dQ to BF16).
//
// One persistent block per multiprocessor takes (key tile, sequence, key head) items and walks over the query heads and query
// tiles that see the keys. Products are transposed, S^T = K Q^T and dP^T = V dout^T: each of two warpgroups owns 64 keys, its
// P^T and dS^T stay in registers as left operands of dV and dK, which never leave registers before the item ends: their sums
// have a fixed order. Only dS crosses to the other warpgroup, through shared memory, for dQ = dS K: two more warps hand its
// blocks to the copy engine, which adds them to FP32 sums in device memory in the order in which blocks arrive.
//
// Sums of dQ are laid out as the tensor cores leave them: per 64 queries and 64 columns 4,096 floats, [8][128 threads][4].
// Statistics [B Hq, T'] and ends [B, T'] have T' = T rounded up to 128; past T, lse is infinite, so P is zero there.
#include <cuda_bf16.h>

#include "include/attention.cuh"
#include "include/wgmma.cuh"

using octavo::TensorMap;

namespace {

template <int D>
struct Shape {
  static constexpr int key_rows = 128;
  static constexpr int query_rows = D == 64 ? 128 : 64;
  static constexpr int stages = 2;
  static constexpr int threads = 384;
  static constexpr int producer_registers = 24;
  static constexpr int consumer_registers = 240;
  static constexpr int key_bytes = key_rows * D * 2;
  static constexpr int query_bytes = query_rows * D * 2;
  static constexpr int score_bytes = key_rows * query_rows * 2;
  static constexpr int statistic_bytes = query_rows * 4;
  static constexpr int sum_bytes = 64 * 64 * 4;
  static constexpr int values_at = key_bytes;
  static constexpr int queries_at = values_at + key_bytes;
  static constexpr int gradients_at = queries_at + stages * query_bytes;
  static constexpr int scores_at = gradients_at + stages * query_bytes;
  static constexpr int statistics_at = scores_at + 2 * score_bytes;
  static constexpr int sums_at = statistics_at + 2 * stages * statistic_bytes;
  static constexpr int barriers_at = sums_at + 2 * sum_bytes;
  static constexpr int shared_bytes = barriers_at + 256 + 1024;  // 1,024 for alignment
};

// Shared memory of a multiprocessor; and registers, of which a block has what its threads had at the launch: a warpgroup that
// asks for more than the others gave up waits for ever.
template <int D>
constexpr bool fits() {
  using S = Shape<D>;
  int consumers = S::threads - 128, at_launch = 65536 / S::threads / 8 * 8;
  return S::shared_bytes <= 227 * 1024 &&
         128 * S::producer_registers + consumers * S::consumer_registers <= S::threads * at_launch;
}
static_assert(fits<64>() && fits<128>());

#ifdef OCTAVO_SM90A

using namespace octavo;

struct Work {
  const float* lse;
  const float* delta;
  const int* end;
  float* query_sums;
  __nv_bfloat16* key_gradient;
  __nv_bfloat16* value_gradient;
  long long stride;  // of key and value gradients, in elements
  int* tickets;
  int batch, time, query_heads, key_heads, section_heads;
  float scale;

  __device__ int padded_time() const { return (time + 127) / 128 * 128; }
  __device__ int group() const { return query_heads / key_heads; }
};

struct Barriers {
  uint32_t base;
  __device__ uint32_t keys_full() const { return base; }
  __device__ uint32_t keys_empty() const { return base + 8; }
  __device__ uint32_t query_full(int stage) const { return base + 16 + 8 * stage; }
  __device__ uint32_t query_empty(int stage) const { return base + 48 + 8 * stage; }
  __device__ uint32_t gradient_full(int stage) const { return base + 80 + 8 * stage; }
  __device__ uint32_t gradient_empty(int stage) const { return base + 112 + 8 * stage; }
};

// What an item means: keys, and the query tiles that see at least one of them.
template <int D>
struct KeyTile {
  using S = Shape<D>;
  int batch, key_head, first_key, lowest, highest;

  __device__ KeyTile(const Work& work, int index) {
    Items items = all(work);
    Item item = items.at(index);
    batch = item.head / work.key_heads;
    key_head = item.head % work.key_heads;
    first_key = (items.tiles - 1 - item.tile) * S::key_rows;  // the first keys are seen by most queries
    lowest = first_key / S::query_rows;
    highest = (end(work)[min(first_key + S::key_rows, work.time) - 1] - 1) / S::query_rows;
  }

  __device__ static Items all(const Work& work) {
    return Items(work.batch * work.key_heads, (work.time + S::key_rows - 1) / S::key_rows, work.section_heads);
  }

  __device__ const int* end(const Work& work) const {
    return work.end + static_cast<long long>(batch) * work.padded_time();
  }

  __device__ int query_head(const Work& work, int member) const {
    return batch * work.query_heads + key_head * work.group() + member;
  }
};

template <int D>
__device__ void produce(const TensorMap* q, const TensorMap* k, const TensorMap* v, const TensorMap* dout,
                        const Work& work, uint32_t base, Barriers barriers, volatile int* slot) {
  using S = Shape<D>;
  uint32_t item_use = 0, use = 0;
  int count = KeyTile<D>::all(work).count();
  int index = blockIdx.x;
  while (index < count) {
    int next = gridDim.x + atomicAdd(work.tickets, 1);
    KeyTile<D> keys(work, index);
    barrier_wait(barriers.keys_empty(), (item_use & 1) ^ 1);
    *slot = index;
    barrier_arrive_expecting(barriers.keys_full(), 2 * S::key_bytes);
    for (int column = 0; column < D; column += 64) {
      int at = column * S::key_rows * 2;
      load_box(base + at, k, barriers.keys_full(), column, keys.key_head, keys.first_key, keys.batch);
      load_box(base + S::values_at + at, v, barriers.keys_full(), column, keys.key_head, keys.first_key, keys.batch);
    }
    item_use++;
    for (int member = 0; member < work.group(); member++) {
      int head = keys.key_head * work.group() + member;
      long long statistics = static_cast<long long>(keys.query_head(work, member)) * work.padded_time();
      for (int tile = keys.lowest; tile <= keys.highest; tile++, use++) {
        int stage = use % S::stages, row = tile * S::query_rows;
        uint32_t parity = (use / S::stages & 1) ^ 1;
        uint32_t shared_statistics = base + S::statistics_at + 2 * stage * S::statistic_bytes;
        barrier_wait(barriers.query_empty(stage), parity);
        barrier_arrive_expecting(barriers.query_full(stage), S::query_bytes + S::statistic_bytes);
        for (int column = 0; column < D; column += 64) {
          load_box(base + S::queries_at + stage * S::query_bytes + column * S::query_rows * 2, q,
                   barriers.query_full(stage), column, head, row, keys.batch);
        }
        load_bytes(shared_statistics, work.lse + statistics + row, S::statistic_bytes, barriers.query_full(stage));
        barrier_wait(barriers.gradient_empty(stage), parity);
        barrier_arrive_expecting(barriers.gradient_full(stage), S::query_bytes + S::statistic_bytes);
        for (int column = 0; column < D; column += 64) {
          load_box(base + S::gradients_at + stage * S::query_bytes + column * S::query_rows * 2, dout,
                   barriers.gradient_full(stage), column, head, row, keys.batch);
        }
        load_bytes(shared_statistics + S::statistic_bytes, work.delta + statistics + row, S::statistic_bytes,
                   barriers.gradient_full(stage));
      }
    }
    index = next;
  }
  barrier_wait(barriers.keys_empty(), (item_use & 1) ^ 1);
  *slot = -1;
  barrier_arrive(barriers.keys_full());
  release_tickets(work.tickets);
}

// Named barriers; 0 is the block's.
constexpr int scores_stored = 1;

// How a warpgroup hands a staged block of dQ to the warp that adds it. By named barriers, which are a little faster; by counting
// ones where racecheck is to follow.
#ifdef OCTAVO_RACECHECK
struct Handover {
  uint32_t empty, full, turn;

  // Before the block is at work; `memory`: four counters.
  __device__ static void init(uint64_t* memory) {
    for (int i = 0; i < 2; i++) {
      barrier_init(shared_address(memory + i), 32);
      barrier_init(shared_address(memory + 2 + i), 128);
    }
  }
  __device__ __forceinline__ Handover(uint64_t* memory, int warpgroup)
      : empty(shared_address(memory + warpgroup)), full(shared_address(memory + 2 + warpgroup)), turn(0) {}
  __device__ __forceinline__ void give_back() { barrier_arrive(empty); }
  __device__ __forceinline__ void wait_for_room() { barrier_wait(empty, turn++ & 1); }
  __device__ __forceinline__ void give() { barrier_arrive(full); }
  __device__ __forceinline__ void wait_for_sums() { barrier_wait(full, turn++ & 1); }
};
#else
struct Handover {
  int warpgroup;

  __device__ static void init(uint64_t*) {}
  __device__ __forceinline__ Handover(uint64_t*, int warpgroup) : warpgroup(warpgroup) {}
  __device__ __forceinline__ void give_back() const { named_arrive(2 + warpgroup, 160); }
  __device__ __forceinline__ void wait_for_room() const { named_sync(2 + warpgroup, 160); }
  __device__ __forceinline__ void give() const { named_arrive(4 + warpgroup, 160); }
  __device__ __forceinline__ void wait_for_sums() const { named_sync(4 + warpgroup, 160); }
};
#endif

// One warp a consumer warpgroup: adds its staged blocks of dQ to the sums by the copy engine.
template <int D>
__device__ void add_sums(const Work& work, uint32_t base, int warpgroup, Handover handover, volatile int* staged) {
  using S = Shape<D>;
  while (true) {
    handover.give_back();
    handover.wait_for_sums();
    int block = staged[warpgroup];
    if (block < 0) return;
    if (threadIdx.x % 32 == 0) {
      reduce_add_floats(work.query_sums + static_cast<long long>(block) * 4096,
                        base + S::sums_at + warpgroup * S::sum_bytes, S::sum_bytes);
      bulk_commit();
      bulk_wait_read();
    }
    __syncwarp();
  }
}

template <int D>
struct Consumer {
  using S = Shape<D>;
  static constexpr int width = S::query_rows / 2;  // accumulators of S^T in a thread
  const Work& work;
  Barriers barriers;
  uint32_t base;
  const char* shared;
  int warpgroup;
  Handover handover;
  volatile int* staged;
  float s[width], dk[D / 2], dv[D / 2];
  uint32_t use = 0;

  __device__ __forceinline__ Consumer(const Work& work, Barriers barriers, uint32_t base, const char* shared,
                                      int warpgroup, Handover handover, volatile int* staged)
      : work(work),
        barriers(barriers),
        base(base),
        shared(shared),
        warpgroup(warpgroup),
        handover(handover),
        staged(staged) {}

  // result^T = own 64 rows of keys (or values) times a query (or gradient) tile.
  __device__ __forceinline__ void scores(float (&result)[width], uint32_t keys_at, uint32_t queries_at) {
    uint64_t key = matrix_descriptor(base + keys_at + warpgroup * 64 * 128);
    uint64_t query = matrix_descriptor(base + queries_at);
    pin(result);
    wgmma_fence();
    Wgmma<S::query_rows>::template shared<false, Major::contraction, Major::contraction>(result, key, query);
#pragma unroll
    for (int step = 1; step < D / 16; step++) {
      int inside = step % 4 * 32, tile = step / 4 * 128;
      Wgmma<S::query_rows>::template shared<true, Major::contraction, Major::contraction>(
          result, advance(key, inside + tile * S::key_rows), advance(query, inside + tile * S::query_rows));
    }
    wgmma_commit();
  }

  // sum += left^T (queries along the contraction) times a query (or gradient) tile.
  __device__ __forceinline__ void accumulate(float (&sum)[D / 2], uint32_t (&left)[width / 2], uint32_t queries_at) {
    uint64_t query = matrix_descriptor(base + queries_at, S::query_rows * 128);
    pin(sum);
    pin(left);
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < S::query_rows / 16; step++) {
      Wgmma<D>::template registers<true, Major::outer>(sum, left + 4 * step, advance(query, step * 16 * 128));
    }
    wgmma_commit();
  }

  // A 64x64 block of dS K: for D = 64 of own queries, for D = 128 of own columns.
  __device__ __forceinline__ void query_gradient(float (&result)[32], int buffer) {
    uint32_t scores_at = S::scores_at + buffer * S::score_bytes + (D == 64 ? warpgroup * S::key_rows * 128 : 0);
    uint32_t keys_at = D == 64 ? 0 : warpgroup * S::key_rows * 128;
    uint64_t score = matrix_descriptor(base + scores_at);
    uint64_t key = matrix_descriptor(base + keys_at);
    pin(result);
    wgmma_fence();
    Wgmma<64>::shared<false, Major::outer, Major::outer>(result, score, key);
#pragma unroll
    for (int step = 1; step < S::key_rows / 16; step++) {
      Wgmma<64>::shared<true, Major::outer, Major::outer>(result, advance(score, step * 16 * 128),
                                                          advance(key, step * 16 * 128));
    }
    wgmma_commit();
  }

  // dS^T, queries contiguous.
  __device__ __forceinline__ void store_scores(const uint32_t (&packed)[width / 2], int buffer) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    int key = warpgroup * 64 + warp * 16 + lane % 16;
    uint32_t at = base + S::scores_at + buffer * S::score_bytes + key * 128;
#pragma unroll
    for (int step = 0; step < S::query_rows / 16; step++) {
      int chunk = (2 * step % 8 + lane / 16) ^ (key & 7);
      store_matrices(at + step / 4 * S::key_rows * 128 + chunk * 16, packed[4 * step], packed[4 * step + 1],
                     packed[4 * step + 2], packed[4 * step + 3]);
    }
  }

  // Hands the 64x64 block of this warpgroup to its writer.
  __device__ __forceinline__ void add_query_gradient(const float (&dq)[32], int block) {
    uint32_t to = base + S::sums_at + warpgroup * S::sum_bytes;
    int thread = threadIdx.x % 128;
    handover.wait_for_room();
#pragma unroll
    for (int i = 0; i < 8; i++) {
      store_floats(to + (i * 128 + thread) * 16, dq[4 * i], dq[4 * i + 1], dq[4 * i + 2], dq[4 * i + 3]);
    }
    if (thread == 0) staged[warpgroup] = block;
    shared_proxy_fence();
    handover.give();
  }

  __device__ __forceinline__ int stage() const { return use % S::stages; }
  __device__ __forceinline__ uint32_t parity() const { return use / S::stages & 1; }
  __device__ __forceinline__ uint32_t queries_at() const { return S::queries_at + stage() * S::query_bytes; }
  __device__ __forceinline__ uint32_t gradients_at() const { return S::gradients_at + stage() * S::query_bytes; }
  __device__ __forceinline__ const float* statistics() const {
    return reinterpret_cast<const float*>(shared + S::statistics_at) + 2 * stage() * S::query_rows;
  }

  // S^T of the query tile at `use`.
  __device__ __forceinline__ void begin_scores() {
    barrier_wait(barriers.query_full(stage()), parity());
    scores(s, 0, queries_at());
  }

  // All products of one query tile whose S^T is on its way; starts the next tile's unless it is the last.
  __device__ __forceinline__ void attend(int first_query, bool masked, const Limits (&limits)[2], int head, bool last) {
    float factor = work.scale * 1.4426950408889634f;
    int column = 2 * static_cast<int>(threadIdx.x % 4);
    const float* lse = statistics();
    const float* delta = lse + S::query_rows;
    int done = stage();
    uint32_t p[width / 2], ds[width / 2];
    float dp[width], dq[32];
    float2 early[width / 4];  // where registers suffice, statistics are read while S^T is under way
#pragma unroll
    for (int j = 0; D == 128 && j < width / 4; j++) early[j] = *reinterpret_cast<const float2*>(lse + 8 * j + column);
    barrier_wait(barriers.gradient_full(done), parity());
    scores(dp, S::values_at, gradients_at());
    if (masked) mask(s, limits, first_query + column);
#pragma unroll
    for (int j = 0; j < width / 4; j++) {
      float2 at = D == 128 ? early[j] : *reinterpret_cast<const float2*>(lse + 8 * j + column);
#pragma unroll
      for (int i = 0; i < 4; i++) s[4 * j + i] = exp2_approximate(fmaf(s[4 * j + i], factor, -(i % 2 ? at.y : at.x)));
      p[2 * j] = round_pair(s[4 * j], s[4 * j + 1]);
      p[2 * j + 1] = round_pair(s[4 * j + 2], s[4 * j + 3]);
    }
    accumulate(dv, p, gradients_at());
    wgmma_wait<1>();
    pin(dp);
#pragma unroll
    for (int j = 0; j < width / 4; j++) {
      float2 at = *reinterpret_cast<const float2*>(delta + 8 * j + column);
#pragma unroll
      for (int i = 0; i < 4; i++) s[4 * j + i] *= dp[4 * j + i] - (i % 2 ? at.y : at.x);
      ds[2 * j] = round_pair(s[4 * j], s[4 * j + 1]);
      ds[2 * j + 1] = round_pair(s[4 * j + 2], s[4 * j + 3]);
    }
    int buffer = use % 2;
    store_scores(ds, buffer);
    accumulate(dk, ds, queries_at());
    shared_proxy_fence();
    named_sync(scores_stored, 256);
    query_gradient(dq, buffer);
    wgmma_wait<2>();
    pin(dv);
    pin(p);
    warp_arrive(barriers.gradient_empty(done));
    use++;
    // Past the last tile of an item: scores of whatever lies there, which nobody reads.
    if (!last) barrier_wait(barriers.query_full(stage()), parity());
    scores(s, 0, queries_at());
    wgmma_wait<1>();
    pin(dk);
    pin(ds);
    pin(dq);
    warp_arrive(barriers.query_empty(done));
    add_query_gradient(dq, head * (work.padded_time() / 64 * (D / 64)) + first_query / S::query_rows * 2 + warpgroup);
    wgmma_wait<0>();
    pin(s);
  }

  __device__ void run(volatile int* slot) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    uint32_t item_use = 0;
    while (true) {
      barrier_wait(barriers.keys_full(), item_use & 1);
      int index = *slot;
      if (index < 0) break;
      KeyTile<D> keys(work, index);
      const int* end = keys.end(work);
      int first_key = keys.first_key + 64 * warpgroup;
      int row = first_key + 16 * warp + lane / 4;
      Limits limits[2] = {{row, end[row] - 1}, {row + 8, end[row + 8] - 1}};
      int earliest_end = end[first_key];
#pragma unroll
      for (int i = 0; i < D / 2; i++) dk[i] = dv[i] = 0.0f;
      begin_scores();
      wgmma_wait<0>();
      pin(s);
      int head = keys.query_head(work, 0), tile = keys.lowest;
      int rest = work.group() * (keys.highest - keys.lowest + 1);
      do {  // every key sees at least itself
        int first_query = tile * S::query_rows;
        bool masked = first_query < first_key + 63 || first_query + S::query_rows > earliest_end;
        attend(first_query, masked, limits, head, --rest == 0);
        bool wrapped = tile == keys.highest;
        tile = wrapped ? keys.lowest : tile + 1;
        head += wrapped;
      } while (rest > 0);
      warp_arrive(barriers.keys_empty());
      item_use++;
      write(keys, row, 2 * (lane % 4));
    }
    handover.wait_for_room();
    if (threadIdx.x % 128 == 0) staged[warpgroup] = -1;
    handover.give();
  }

  __device__ __forceinline__ void write(const KeyTile<D>& keys, int row, int column) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int position = row + 8 * half;
      if (position >= work.time) continue;
      long long at = (static_cast<long long>(keys.batch) * work.time + position) * work.stride + keys.key_head * D + column;
      uint32_t* key = reinterpret_cast<uint32_t*>(work.key_gradient + at);
      uint32_t* value = reinterpret_cast<uint32_t*>(work.value_gradient + at);
#pragma unroll
      for (int j = 0; j < D / 8; j++) {
        int i = 4 * j + 2 * half;
        key[4 * j] = round_pair(dk[i] * work.scale, dk[i + 1] * work.scale);
        value[4 * j] = round_pair(dv[i], dv[i + 1]);
      }
    }
  }
};

template <int D>
__device__ void differentiate(const TensorMap* q, const TensorMap* k, const TensorMap* v, const TensorMap* dout,
                              const Work& work) {
  using S = Shape<D>;
  require_shared(S::shared_bytes);
  extern __shared__ char dynamic[];
  __shared__ int slot;
  __shared__ int staged[2];  // blocks of dQ; negative at the end
  __shared__ uint64_t handovers[4];
  uint32_t base = (shared_address(dynamic) + 1023) & ~1023u;
  Barriers barriers{base + S::barriers_at};
  if (threadIdx.x == 0) {
    barrier_init(barriers.keys_full(), 1);
    barrier_init(barriers.keys_empty(), 8 * WARP_ARRIVALS);
    for (int stage = 0; stage < S::stages; stage++) {
      barrier_init(barriers.query_full(stage), 1);
      barrier_init(barriers.query_empty(stage), 8 * WARP_ARRIVALS);
      barrier_init(barriers.gradient_full(stage), 1);
      barrier_init(barriers.gradient_empty(stage), 8 * WARP_ARRIVALS);
    }
    Handover::init(handovers);
    barrier_init_fence();
  }
  __syncthreads();
  int role = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
  if (role == 2) {
    shrink_registers<S::producer_registers>();
    int warp = __shfl_sync(0xffffffffu, threadIdx.x / 32, 0) % 4;
    if (warp == 0) {
      if (threadIdx.x % 32 == 0) produce<D>(q, k, v, dout, work, base, barriers, &slot);
    } else if (warp <= 2) {
      add_sums<D>(work, base, warp - 1, Handover(handovers, warp - 1), staged);
    }
  } else {
    grow_registers<S::consumer_registers>();
    Consumer<D> consumer(work, barriers, base, dynamic + (base - shared_address(dynamic)), role,
                         Handover(handovers, role), staged);
    consumer.run(&slot);
  }
}

#endif

// First position whose document begins after `position`: how far row `position` is seen.
__device__ int document_end(const int* start, int position, int time) {
  int low = position + 1, high = time;
  while (low < high) {
    int middle = (low + high) / 2;
    if (start[middle] > position) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// 64 rows of one head: 256 threads, D / 8 of them to a row of 16-byte pieces.
template <int D>
__device__ void prepare(const __nv_bfloat16* out, const __nv_bfloat16* dout, const float* lse, const int* start,
                        float* lse_in_twos, float* deltas, int* end, float* query_sums, int time) {
  constexpr int pieces = D / 8, rows_at_once = 256 / pieces;
  int head = blockIdx.y, heads = gridDim.y, batch = blockIdx.z;
  int padded_time = gridDim.x * 64, first = blockIdx.x * 64;
  long long sequence = static_cast<long long>(batch) * time, head_at = static_cast<long long>(batch) * heads + head;
#pragma unroll
  for (int pass = 0; pass < 64; pass += rows_at_once) {
    int position = first + pass + threadIdx.x / pieces, piece = threadIdx.x % pieces;
    float sum = 0.0f;
    long long at = (sequence + position) * heads + head;
    if (position < time) {
      uint4 a = *reinterpret_cast<const uint4*>(out + at * D + piece * 8);
      uint4 b = *reinterpret_cast<const uint4*>(dout + at * D + piece * 8);
      const __nv_bfloat162* x = reinterpret_cast<const __nv_bfloat162*>(&a);
      const __nv_bfloat162* y = reinterpret_cast<const __nv_bfloat162*>(&b);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        float2 u = __bfloat1622float2(x[i]), w = __bfloat1622float2(y[i]);
        sum += u.x * w.x + u.y * w.y;
      }
    }
#pragma unroll
    for (int offset = pieces / 2; offset > 0; offset /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    if (piece == 0) {
      deltas[head_at * padded_time + position] = sum;
      lse_in_twos[head_at * padded_time + position] = position < time ? lse[at] * 1.4426950408889634f : INFINITY;
    }
  }
  if (head == 0 && threadIdx.x < 64) {
    int position = first + threadIdx.x;
    end[static_cast<long long>(batch) * padded_time + position] =
        position < time ? document_end(start + sequence, position, time) : 0;
  }
  float4* sums = reinterpret_cast<float4*>(query_sums + (head_at * padded_time + first) * D);
  for (int i = threadIdx.x; i < 64 * D / 4; i += 256) sums[i] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
}

// A 64x64 block of the sums of dQ: from the order of accumulators to rows, 128 threads.
template <int D>
__device__ void finish_query(const float* query_sums, __nv_bfloat16* dq, long long stride, int time, float scale) {
  __shared__ uint32_t tile[64][36];  // 32 pairs; 36 keeps 16-byte pieces aligned and rows in different banks
  int head = blockIdx.y, heads = gridDim.y, batch = blockIdx.z, block = blockIdx.x;
  long long head_at = static_cast<long long>(batch) * heads + head;
  const float4* sums = reinterpret_cast<const float4*>(query_sums + (head_at * gridDim.x + block) * 4096);
  int lane = threadIdx.x % 32, row = threadIdx.x / 32 * 16 + lane / 4;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    float4 sum = sums[i * 128 + threadIdx.x];
    tile[row][4 * i + lane % 4] = round_pair(sum.x * scale, sum.y * scale);
    tile[row + 8][4 * i + lane % 4] = round_pair(sum.z * scale, sum.w * scale);
  }
  __syncthreads();
  int first = block / (D / 64) * 64, column = block % (D / 64) * 64;
  for (int i = threadIdx.x; i < 64 * 8; i += 128) {
    int position = first + i / 8;
    if (position >= time) continue;
    __nv_bfloat16* to = dq + (static_cast<long long>(batch) * time + position) * stride + head * D + column + i % 8 * 8;
    *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(&tile[i / 8][i % 8 * 4]);
  }
}

}  // namespace

#ifdef OCTAVO_SM90A
#define DIFFERENTIATE(D, ...) differentiate<D>(&q, &k, &v, &dout, Work{__VA_ARGS__})
#else
#define DIFFERENTIATE(D, ...) __trap()
#endif

// prepare: grid (T' / 64, Hq, B), 256 threads. main: one block per multiprocessor, Shape::threads, Shape::shared_bytes;
// boxes of 64 columns, 1 head, 128 rows (keys, values) or Shape::query_rows (queries, dout). query: grid (T' / 64 * D / 64, Hq, B),
// 128 threads.
#define ATTENTION_BACKWARD(D)                                                                                         \
  extern "C" __global__ void __launch_bounds__(256) attention_backward_prepare_bf16_d##D(                             \
      const __nv_bfloat16* out, const __nv_bfloat16* dout, const float* lse, const int* start, float* lse_in_twos,    \
      float* deltas, int* end, float* query_sums, int time) {                                                         \
    prepare<D>(out, dout, lse, start, lse_in_twos, deltas, end, query_sums, time);                                    \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(Shape<D>::threads, 1) attention_backward_bf16_d##D(                    \
      const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v,  \
      const __grid_constant__ TensorMap dout, const float* lse, const float* delta, const int* end,                   \
      float* query_sums, __nv_bfloat16* dk, __nv_bfloat16* dv, long long stride, int* tickets, int batch, int time,   \
      int query_heads, int key_heads, int section_heads, float scale) {                                               \
    DIFFERENTIATE(D, lse, delta, end, query_sums, dk, dv, stride, tickets, batch, time, query_heads, key_heads,       \
                  section_heads, scale);                                                                              \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(128) attention_backward_query_bf16_d##D(                               \
      const float* query_sums, __nv_bfloat16* dq, long long stride, int time, float scale) {                          \
    finish_query<D>(query_sums, dq, stride, time, scale);                                                             \
  }

ATTENTION_BACKWARD(64)
ATTENTION_BACKWARD(128)
