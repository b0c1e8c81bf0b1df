// Causal grouped-query attention over packed documents for Hopper's tensor cores, BF16, head sizes 64 and 128.
//
//   S = scale Q K^T where start[i] <= j <= i,  P = softmax(S),  out = P V,  lse = ln sum exp S   (shapes as in attention.cu)
//
// One persistent block per multiprocessor takes (query tile, sequence, head) items from a ticket counter: heads in sections
// whose keys and values fit the L2 cache, long tiles of a section first. A producer thread feeds two buffers of Q and a ring of
// K and V tiles through the copy engine; each consumer warpgroup owns 64 query rows. It issues S of the next key tile, then
// P V of this one, and exponentiates while the tensor cores work, across the border of two items as well; warpgroups take turns
// at issuing, so that one's softmax hides behind the other's products. FP32 accumulators; P is rounded to BF16 for the second
// product, the sum of a row is not. Key tiles before the first row's document are never loaded; only tiles that straddle a
// limit are masked.
//
// Launch: Shape::threads threads, Shape::shared_bytes dynamic shared memory, at most one block per multiprocessor;
// `tickets` are two zeroed ints, zero again afterwards. Boxes of the tensor maps {D, heads, T, B}: 64 columns, 1 head,
// 64 rows (queries, out) or 128 rows (keys, values), 128-byte swizzle. lse [M, Hq]; amax: one amax of |out| a block.
#include <cuda_bf16.h>

#include "include/attention.cuh"
#include "include/wgmma.cuh"

using octavo::TensorMap;

namespace {

template <int D>
struct Shape {
  static constexpr int warpgroups = D == 64 ? 3 : 2;
  static constexpr int query_rows = 64 * warpgroups;
  static constexpr int key_rows = 128;
  static constexpr int stages = D == 64 ? 4 : 2;
  static constexpr int threads = 128 * (warpgroups + 1);
  static constexpr int producer_registers = D == 64 ? 32 : 24;
  static constexpr int consumer_registers = D == 64 ? 160 : 240;
  static constexpr int query_bytes = query_rows * D * 2;
  static constexpr int key_bytes = key_rows * D * 2;
  static constexpr int keys_at = 2 * query_bytes;
  static constexpr int values_at = keys_at + stages * key_bytes;
  static constexpr int barriers_at = values_at + stages * key_bytes;
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
  const int* start;
  float* lse;
  float* amax;
  int* tickets;
  int batch, time, query_heads, key_heads, section_heads;
  float scale;
};

// Written by the producer for the consumers, one for each buffer of Q; index -1 ends the work.
template <int D>
struct Job {
  int index, lowest, highest;                      // key tiles of the block
  int own_lowest[Shape<D>::warpgroups];            // first key tile of each warpgroup
  int latest_start[Shape<D>::warpgroups];          // of its rows
};

// Addresses of the barriers in shared memory.
struct Barriers {
  uint32_t base;
  __device__ uint32_t query_full(int buffer) const { return base + 8 * buffer; }
  __device__ uint32_t query_empty(int buffer) const { return base + 16 + 8 * buffer; }
  __device__ uint32_t key_full(int stage) const { return base + 32 + 8 * stage; }
  __device__ uint32_t key_empty(int stage) const { return base + 64 + 8 * stage; }
  __device__ uint32_t value_full(int stage) const { return base + 96 + 8 * stage; }
  __device__ uint32_t value_empty(int stage) const { return base + 128 + 8 * stage; }
};

template <int D>
__device__ Items all_items(const Work& work) {
  constexpr int rows = Shape<D>::query_rows;
  return Items(work.batch * work.query_heads, (work.time + rows - 1) / rows, work.section_heads);
}

template <int D>
__device__ Job<D> job_of(const Work& work, int index, const Item& item) {
  using S = Shape<D>;
  const int* start = work.start + static_cast<long long>(item.head / work.query_heads) * work.time;
  int first = item.tile * S::query_rows, last_row = work.time - 1;
  Job<D> job;
  job.index = index;
  job.highest = min(first + S::query_rows - 1, last_row) / S::key_rows;
#pragma unroll
  for (int w = 0; w < S::warpgroups; w++) {
    job.own_lowest[w] = start[min(first + 64 * w, last_row)] / S::key_rows;
    job.latest_start[w] = start[min(first + 64 * w + 63, last_row)];
  }
  job.lowest = job.own_lowest[0];
  return job;
}

template <int D>
__device__ void publish(volatile Job<D>& to, const Job<D>& job) {
  to.index = job.index;
  to.lowest = job.lowest;
  to.highest = job.highest;
#pragma unroll
  for (int w = 0; w < Shape<D>::warpgroups; w++) {
    to.own_lowest[w] = job.own_lowest[w];
    to.latest_start[w] = job.latest_start[w];
  }
}

template <int D>
__device__ void produce(const TensorMap* q, const TensorMap* k, const TensorMap* v, const Work& work, uint32_t base,
                        Barriers barriers, volatile Job<D>* jobs) {
  using S = Shape<D>;
  Items items = all_items<D>(work);
  uint32_t query_use = 0, use = 0;
  int index = blockIdx.x;
  while (index < items.count()) {
    int next = gridDim.x + atomicAdd(work.tickets, 1);
    Item item = items.at(index);
    int batch = item.head / work.query_heads, head = item.head % work.query_heads;
    int key_head = head / (work.query_heads / work.key_heads);
    int first = item.tile * S::query_rows;
    Job<D> job = job_of<D>(work, index, item);
    int buffer = query_use % 2;
    barrier_wait(barriers.query_empty(buffer), (query_use / 2 & 1) ^ 1);
    publish<D>(jobs[buffer], job);
    barrier_arrive_expecting(barriers.query_full(buffer), S::query_bytes);
    for (int column = 0; column < D; column += 64) {
      for (int row = 0; row < S::query_rows; row += 64) {
        load_box(base + buffer * S::query_bytes + (column / 64 * S::query_rows + row) * 128, q,
                 barriers.query_full(buffer), column, head, first + row, batch);
      }
    }
    query_use++;
    for (int tile = job.highest; tile >= job.lowest; tile--, use++) {
      int stage = use % S::stages;
      uint32_t parity = (use / S::stages & 1) ^ 1;
      barrier_wait(barriers.key_empty(stage), parity);
      barrier_arrive_expecting(barriers.key_full(stage), S::key_bytes);
      for (int column = 0; column < D; column += 64) {
        load_box(base + S::keys_at + stage * S::key_bytes + column * S::key_rows * 2, k, barriers.key_full(stage),
                 column, key_head, tile * S::key_rows, batch);
      }
      barrier_wait(barriers.value_empty(stage), parity);
      barrier_arrive_expecting(barriers.value_full(stage), S::key_bytes);
      for (int column = 0; column < D; column += 64) {
        load_box(base + S::values_at + stage * S::key_bytes + column * S::key_rows * 2, v, barriers.value_full(stage),
                 column, key_head, tile * S::key_rows, batch);
      }
    }
    index = next;
  }
  int buffer = query_use % 2;
  barrier_wait(barriers.query_empty(buffer), (query_use / 2 & 1) ^ 1);
  jobs[buffer].index = -1;
  barrier_arrive(barriers.query_full(buffer));
  release_tickets(work.tickets);
}

// Rows r and r + 8 of a warpgroup's tile, as one thread holds them; maxima are of unscaled scores.
struct Softmax {
  float peak[2], total[2];

  __device__ __forceinline__ void reset() {
    peak[0] = peak[1] = -INFINITY;
    total[0] = total[1] = 0.0f;
  }

  // Scores become weights relative to the new maxima; `keep` rescales what was summed up before.
  __device__ __forceinline__ void exponentiate(float (&s)[64], float (&keep)[2], float factor) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float high = fmaxf(s[2 * half], s[2 * half + 1]);
#pragma unroll
      for (int j = 4; j < 64; j += 4) high = fmaxf(high, fmaxf(s[j + 2 * half], s[j + 2 * half + 1]));
      high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 1));
      high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 2));
      high = fmaxf(high, peak[half]);
      keep[half] = exp2_approximate((peak[half] - high) * factor);
      peak[half] = high;
      float offset = high * factor, sum = 0.0f;
#pragma unroll
      for (int j = 0; j < 64; j += 4) {
        s[j + 2 * half] = exp2_approximate(fmaf(s[j + 2 * half], factor, -offset));
        s[j + 2 * half + 1] = exp2_approximate(fmaf(s[j + 2 * half + 1], factor, -offset));
        sum += s[j + 2 * half] + s[j + 2 * half + 1];
      }
      total[half] = total[half] * keep[half] + sum;
    }
  }
};

// Where the output of one warpgroup and item goes.
struct Place {
  int batch, head, first_row;
  uint32_t query_use;
};

template <int D>
struct Consumer {
  using S = Shape<D>;
  const Work& work;
  const TensorMap* out;
  Barriers barriers;
  uint32_t base;
  int warpgroup;
  volatile Job<D>* jobs;
  float s[64], o[D / 2], keep[2];
  uint32_t p[32];
  Softmax softmax;
  float amax = 0.0f;
  uint32_t use = 0;         // of the ring: the tile whose P is pending
  bool owes_query = false;  // the other buffer of Q is still to be released
  Place place{0, 0, 0, 0};
  int tile, lowest, own_lowest, latest_start;
  Limits limits[2];

  __device__ __forceinline__ Consumer(const Work& work, const TensorMap* out, Barriers barriers, uint32_t base,
                                      int warpgroup, volatile Job<D>* jobs)
      : work(work), out(out), barriers(barriers), base(base), warpgroup(warpgroup), jobs(jobs) {}

  __device__ __forceinline__ int stage() const { return use % S::stages; }
  __device__ __forceinline__ uint32_t parity() const { return use / S::stages & 1; }

  // This warpgroup's rows of a buffer of Q; `out` leaves through the same place.
  __device__ __forceinline__ uint32_t own_rows(uint32_t query_use) const {
    return base + query_use % 2 * S::query_bytes + warpgroup * 64 * 128;
  }

  __device__ __forceinline__ void take_turn() { named_sync(1 + warpgroup, 256); }
  __device__ __forceinline__ void pass_turn() { named_arrive(1 + (warpgroup + 1) % S::warpgroups, 256); }
  __device__ __forceinline__ void sync_warpgroup() { named_sync(4 + warpgroup, 128); }

  __device__ __forceinline__ void scores() {
    barrier_wait(barriers.key_full(stage()), parity());
    take_turn();
    uint64_t query = matrix_descriptor(own_rows(place.query_use));
    uint64_t key = matrix_descriptor(base + S::keys_at + stage() * S::key_bytes);
    pin(s);
    wgmma_fence();
    Wgmma<128>::shared<false, Major::contraction, Major::contraction>(s, query, key);
#pragma unroll
    for (int step = 1; step < D / 16; step++) {
      int inside = step % 4 * 32, column = step / 4 * 128;
      Wgmma<128>::shared<true, Major::contraction, Major::contraction>(
          s, advance(query, inside + column * S::query_rows), advance(key, inside + column * S::key_rows));
    }
    wgmma_commit();
  }

  __device__ __forceinline__ void outputs(int stage, uint32_t parity) {
    barrier_wait(barriers.value_full(stage), parity);
    uint64_t value = matrix_descriptor(base + S::values_at + stage * S::key_bytes, S::key_rows * 128);
    pin(o);
    pin(p);
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < S::key_rows / 16; step++) {
      Wgmma<D>::template registers<true, Major::outer>(o, p + 4 * step, advance(value, step * 16 * 128));
    }
    wgmma_commit();
  }

  // A tile that other warpgroups need and this one does not.
  __device__ __forceinline__ void skip(uint32_t skipped) {
    int stage = skipped % S::stages;
    uint32_t parity = skipped / S::stages & 1;
    take_turn();
    pass_turn();
    barrier_wait(barriers.key_full(stage), parity);
    warp_arrive(barriers.key_empty(stage));
    barrier_wait(barriers.value_full(stage), parity);
    warp_arrive(barriers.value_empty(stage));
  }

  // Waits for the item in the buffer of `place.query_use` and reads it; false at the end.
  __device__ __forceinline__ bool read_item() {
    int buffer = place.query_use % 2;
    barrier_wait(barriers.query_full(buffer), place.query_use / 2 & 1);
    volatile Job<D>& job = jobs[buffer];
    int index = job.index;
    if (index < 0) return false;
    Item item = all_items<D>(work).at(index);
    place.batch = item.head / work.query_heads;
    place.head = item.head % work.query_heads;
    place.first_row = item.tile * S::query_rows + 64 * warpgroup;
    tile = job.highest;
    lowest = job.lowest;
    own_lowest = job.own_lowest[warpgroup];
    latest_start = job.latest_start[warpgroup];
    const int* start = work.start + static_cast<long long>(place.batch) * work.time;
    int row = place.first_row + threadIdx.x / 32 % 4 * 16 + threadIdx.x % 32 / 4;
    limits[0] = {start[min(row, work.time - 1)], row};
    limits[1] = {start[min(row + 8, work.time - 1)], row + 8};
    return true;
  }

  // Key tiles past the diagonal of this warpgroup's rows, which only others need.
  __device__ __forceinline__ int ahead() const {
    return tile - min(place.first_row + 63, work.time - 1) / S::key_rows;
  }

  __device__ __forceinline__ void weigh() {
    int first_key = tile * S::key_rows;
    if (first_key + S::key_rows - 1 > place.first_row || first_key < latest_start) {
      mask(s, limits, first_key + 2 * static_cast<int>(threadIdx.x % 4));
    }
    softmax.exponentiate(s, keep, work.scale * 1.4426950408889634f);
  }

  __device__ __forceinline__ void pack_probabilities() {
#pragma unroll
    for (int i = 0; i < 32; i++) p[i] = round_pair(s[2 * i], s[2 * i + 1]);
  }

  // First key tile of an item, nothing pending.
  __device__ __forceinline__ void begin() {
    for (int skips = ahead(); skips > 0; skips--, tile--) skip(use++);
    scores();
    pass_turn();
    wgmma_wait<0>();
    pin(s);
    warp_arrive(barriers.key_empty(stage()));
    softmax.reset();
    weigh();
    pack_probabilities();
#pragma unroll
    for (int i = 0; i < D / 2; i++) o[i] = 0.0f;
  }

  // Scores of `tile` at `use` over P V of the tile before at `stage`: of the same item, or of one that ends here.
  template <bool border>
  __device__ __forceinline__ void advance_to_tile(int last_stage, uint32_t last_parity, const Place& done) {
    scores();
    outputs(last_stage, last_parity);
    pass_turn();
    if (!border && owes_query) release_query(place.query_use - 1);
    Softmax before = softmax;
    if (border) softmax.reset();
    wgmma_wait<1>();
    pin(s);
    warp_arrive(barriers.key_empty(stage()));
    weigh();
    wgmma_wait<0>();
    pin(o);
    pin(p);
    warp_arrive(barriers.value_empty(last_stage));
    if (border) {
      write(done, before);
      owes_query = true;
    }
#pragma unroll
    for (int i = 0; i < D / 2; i++) o[i] = border ? 0.0f : o[i] * keep[i / 2 % 2];
    pack_probabilities();
  }

  // P V of the last tile of an item, with nothing to overlap it.
  __device__ __forceinline__ void finish(int last_stage, uint32_t last_parity, const Place& done) {
    outputs(last_stage, last_parity);
    wgmma_wait<0>();
    pin(o);
    pin(p);
    warp_arrive(barriers.value_empty(last_stage));
    write(done, softmax);
    release_query(done.query_use);
  }

  __device__ void run() {
    if (warpgroup == S::warpgroups - 1) pass_turn();
    bool more = read_item();
    while (more) {
      begin();
      bool joined;
      do {
        while (tile > own_lowest) {
          int last_stage = stage();
          uint32_t last_parity = parity();
          tile--;
          use++;
          advance_to_tile<false>(last_stage, last_parity, place);
        }
        int last_stage = stage();
        uint32_t last_parity = parity();
        Place done = place;
        int rest = own_lowest - lowest;
        if (owes_query) release_query(place.query_use - 1);
        use++;
        joined = false;
        if (rest == 0) {
          place.query_use++;
          more = read_item();
          joined = more && ahead() <= S::stages - 2;  // V of the last tile is not released yet
        }
        if (joined) {
          for (int skips = ahead(); skips > 0; skips--, tile--) skip(use++);
          advance_to_tile<true>(last_stage, last_parity, done);
        } else {
          finish(last_stage, last_parity, done);
          if (rest > 0) {
            for (; rest > 0; rest--) skip(use++);
            place.query_use++;
            more = read_item();
          }
        }
      } while (joined);
    }
    write_amax();
  }

  // Rows of `out` through this warpgroup's rows of the done item's Q.
  __device__ __forceinline__ void write(const Place& done, const Softmax& sums) {
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    float factor[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float total = sums.total[half];
      total += __shfl_xor_sync(0xffffffffu, total, 1);
      total += __shfl_xor_sync(0xffffffffu, total, 2);
      factor[half] = 1.0f / total;
      int position = done.first_row + warp * 16 + lane / 4 + 8 * half;
      if (lane % 4 == 0 && position < work.time) {
        long long at = (static_cast<long long>(done.batch) * work.time + position) * work.query_heads + done.head;
        work.lse[at] = sums.peak[half] * work.scale + __logf(total);
      }
      float high = 0.0f;
#pragma unroll
      for (int j = 0; j < D / 2; j += 4) {
        high = fmaxf(high, fmaxf(fabsf(o[j + 2 * half]), fabsf(o[j + 2 * half + 1])));
      }
      if (position < work.time) amax = fmaxf(amax, high * factor[half]);
    }
    sync_warpgroup();  // all have read their Q
    int row = warp * 16 + lane % 16;
    uint32_t to = own_rows(done.query_use) + row * 128;
#pragma unroll
    for (int step = 0; step < D / 16; step++) {
      uint32_t packed[4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        packed[i] = round_pair(o[8 * step + 2 * i] * factor[i % 2], o[8 * step + 2 * i + 1] * factor[i % 2]);
      }
      int chunk = (2 * step % 8 + lane / 16) ^ (row % 8);
      store_matrices(to + step / 4 * S::query_rows * 128 + chunk * 16, packed[0], packed[1], packed[2], packed[3]);
    }
    shared_proxy_fence();
    sync_warpgroup();
    if (threadIdx.x % 128 == 0) {
      for (int column = 0; column < D; column += 64) {
        store_box(out, own_rows(done.query_use) + column * S::query_rows * 2, column, done.head, done.first_row,
                  done.batch);
      }
      bulk_commit();
    }
  }

  __device__ __forceinline__ void release_query(uint32_t query_use) {
    if (threadIdx.x % 128 == 0) {
      bulk_wait_read();
      barrier_arrive(barriers.query_empty(query_use % 2));
    }
    owes_query = false;
  }

  // Largest |out| of the block, of the values as rounded.
  __device__ __forceinline__ void write_amax() {
    __shared__ float of_warps[4 * S::warpgroups];
#pragma unroll
    for (int offset = 16; offset > 0; offset /= 2) amax = fmaxf(amax, __shfl_xor_sync(0xffffffffu, amax, offset));
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = amax;
    named_sync(7, 128 * S::warpgroups);
    if (threadIdx.x == 0) {
      for (int w = 1; w < 4 * S::warpgroups; w++) amax = fmaxf(amax, of_warps[w]);
      work.amax[blockIdx.x] = __bfloat162float(__float2bfloat16_rn(amax));
    }
  }
};

template <int D>
__device__ void attend(const TensorMap* q, const TensorMap* k, const TensorMap* v, const TensorMap* out,
                       const Work& work) {
  using S = Shape<D>;
  require_shared(S::shared_bytes);
  extern __shared__ char shared[];
  __shared__ Job<D> jobs[2];
  uint32_t base = (shared_address(shared) + 1023) & ~1023u;
  Barriers barriers{base + S::barriers_at};
  if (threadIdx.x == 0) {
    for (int buffer = 0; buffer < 2; buffer++) {
      barrier_init(barriers.query_full(buffer), 1);
      barrier_init(barriers.query_empty(buffer), S::warpgroups);
    }
    for (int stage = 0; stage < S::stages; stage++) {
      barrier_init(barriers.key_full(stage), 1);
      barrier_init(barriers.key_empty(stage), 4 * S::warpgroups * WARP_ARRIVALS);
      barrier_init(barriers.value_full(stage), 1);
      barrier_init(barriers.value_empty(stage), 4 * S::warpgroups * WARP_ARRIVALS);
    }
    barrier_init_fence();
  }
  __syncthreads();
  int role = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0);
  if (role == S::warpgroups) {
    shrink_registers<S::producer_registers>();
    if (threadIdx.x % 128 == 0) produce<D>(q, k, v, work, base, barriers, jobs);
  } else {
    grow_registers<S::consumer_registers>();
    Consumer<D> consumer(work, out, barriers, base, role, jobs);
    consumer.run();
  }
}

#endif

}  // namespace

#ifdef OCTAVO_SM90A
#define ATTEND(D, ...) attend<D>(&q, &k, &v, &out, Work{__VA_ARGS__})
#else
#define ATTEND(D, ...) __trap()
#endif

#define ATTENTION_FORWARD(D)                                                                                         \
  extern "C" __global__ void __launch_bounds__(Shape<D>::threads, 1) attention_forward_bf16_d##D(                    \
      const __grid_constant__ TensorMap q, const __grid_constant__ TensorMap k, const __grid_constant__ TensorMap v, \
      const __grid_constant__ TensorMap out, const int* start, float* lse, float* amax, int* tickets, int batch,     \
      int time, int query_heads, int key_heads, int section_heads, float scale) {                                    \
    ATTEND(D, start, lse, amax, tickets, batch, time, query_heads, key_heads, section_heads, scale);                 \
  }

ATTENTION_FORWARD(64)
ATTENTION_FORWARD(128)
