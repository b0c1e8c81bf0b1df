// Softmax cross-entropy over rows of logits [M, V], F32 or BF16; losses and all arithmetic F32.
//
//   loss = max + log(sum exp(z - max)) - z[target];  dz = (exp(z - max) / sum - onehot) * scale
//
// The target's own exponential is kept out of the sum and added last: of a row whose target is almost
// certain, loss and gradient are the small rest, which would drown in a sum next to 1.
//
// A block takes a row. Rows whose target is IGNORED have loss 0 and gradient 0.
//
// cross_entropy_<type>_x<WIDTH>            reads a row once: a running maximum and sum a thread.
// cross_entropy_backward_<type>_p<PACKS>   the row stays in registers, PACKS packs of 8 a thread, from
//     the only read to the write in place; V % 8 == 0, V <= 8 PACKS * threads, aligned to 16 bytes.
// cross_entropy_backward_<type>_x<WIDTH>   any V: reads a row twice, the second time from the L2 cache
//     as far as rows fit. WIDTH 8 needs V % 8 == 0 and pointers aligned to 16 bytes.

#include "vectors.cuh"

constexpr int IGNORED = -100;
constexpr float LOG2_E = 1.4426950408889634f;

__device__ __forceinline__ float infinity() { return __uint_as_float(0x7F800000u); }

// exp(x) for x <= 0, within 2 units in the last place of what x * log2(e) rounds to; 0 below 2^-126.
__device__ __forceinline__ float exp_of(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x * LOG2_E));
  return result;
}

// ------------------------------------------------------------------------------------------------
// sum exp(z - max) of the numbers seen, which may be none.

struct SoftmaxSum {
  float max = -infinity();
  float sum = 0;

  template <int WIDTH, typename Taken>
  __device__ __forceinline__ void add(const Taken& pack) {
    float most = pack.value(0);
#pragma unroll
    for (int i = 1; i < WIDTH; i++) {
      most = fmaxf(most, pack.value(i));
    }
    raise(most);
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
      sum += exp_of(pack.value(i) - shift());
    }
  }

  __device__ __forceinline__ void raise(float most) {
    if (most > max) {
      sum *= exp_of(max - most);
      max = most;
    }
  }

  // What is subtracted: while all numbers are minus infinity, 0, so that none becomes NaN.
  __device__ __forceinline__ float shift() const { return max == -infinity() ? 0 : max; }

  // Of all threads of the block.
  __device__ __forceinline__ void combine() {
    __shared__ float maxima[MOST_WARPS];
    __shared__ float sums[MOST_WARPS];
    raise(block_max(max, maxima));
    sum = block_sum(sum, sums);
  }
};

// A row's softmax as its target sees it.
struct RowLoss {
  float max;
  float rest;
  float sum;
  float target_logit;

  // `others` without the target.
  __device__ __forceinline__ RowLoss(SoftmaxSum others, float logit) : target_logit(logit) {
    others.raise(logit);
    max = others.max;
    rest = others.sum;
    sum = rest + exp_of(logit - max);
  }

  __device__ __forceinline__ float loss() const {
    return target_logit == max ? log1pf(rest) : max - target_logit + logf(sum);
  }
};

// Takes the target out of a pack that starts at `column`, if it is there.
template <typename T, int WIDTH>
__device__ __forceinline__ void leave_out(int target, int column, Pack<T, WIDTH>& pack) {
  if (target >= column && target < column + WIDTH) {
    float values[WIDTH];
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
      values[i] = column + i == target ? -infinity() : pack.value(i);
    }
    pack.set(values);
  }
}

// ------------------------------------------------------------------------------------------------
// Kernels

template <int WIDTH, typename T>
__device__ __forceinline__ SoftmaxSum sum_others(const T* row, int target, int columns) {
  constexpr int AHEAD = 4;
  SoftmaxSum total;
  int step = blockDim.x * WIDTH;
  for (int first = threadIdx.x * WIDTH; first < columns; first += AHEAD * step) {
    Pack<T, WIDTH> packs[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      if (first + a * step < columns) {
        packs[a].load(row + first + a * step);
      }
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      if (first + a * step < columns) {
        leave_out(target, first + a * step, packs[a]);
        total.add<WIDTH>(packs[a]);
      }
    }
  }
  total.combine();
  return total;
}

template <int WIDTH, typename T>
__device__ __forceinline__ void cross_entropy(const T* logits, const int* targets, float* losses,
                                              int columns) {
  int target = targets[blockIdx.x];
  float loss = 0;
  if (target != IGNORED) {
    const T* row = logits + static_cast<int64_t>(blockIdx.x) * columns;
    float target_logit = to_float(row[target]);
    loss = RowLoss(sum_others<WIDTH>(row, target, columns), target_logit).loss();
  }
  if (threadIdx.x == 0) {
    losses[blockIdx.x] = loss;
  }
}

// Gradient of one pack; `weight` is scale / sum.
template <int WIDTH, typename T>
__device__ __forceinline__ void store_gradient(const Pack<T, WIDTH>& pack, float max,
                                               float weight, T* to) {
  float gradient[WIDTH];
#pragma unroll
  for (int i = 0; i < WIDTH; i++) {
    gradient[i] = exp_of(pack.value(i) - max) * weight;
  }
  Pack<T, WIDTH> packed;
  packed.set(gradient);
  packed.store(to);
}

template <int WIDTH, typename T>
__device__ __forceinline__ void store_zeros(T* row, int columns) {
  Pack<T, WIDTH> zeros;
  float values[WIDTH] = {};
  zeros.set(values);
  for (int c = threadIdx.x * WIDTH; c < columns; c += blockDim.x * WIDTH) {
    zeros.store(row + c);
  }
}

// The target's own element and the loss, by the thread that wrote the element's neighbours.
template <int WIDTH, typename T>
__device__ __forceinline__ void finish_row(T* row, int target, const RowLoss& of_row, float scale,
                                           float* loss) {
  if (target / WIDTH % blockDim.x == threadIdx.x) {
    Pack<T, 1> one;
    float gradient[1] = {-of_row.rest / of_row.sum * scale};
    one.set(gradient);
    one.store(row + target);
    *loss = of_row.loss();
  }
}

template <int PACKS, typename T>
__device__ __forceinline__ void cross_entropy_backward_registers(T* logits, const int* targets,
                                                                 float* losses, float scale,
                                                                 int columns) {
  T* row = logits + static_cast<int64_t>(blockIdx.x) * columns;
  int step = blockDim.x * WIDE;
  Pack<T, WIDE> packs[PACKS];
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    int column = threadIdx.x * WIDE + p * step;
    if (column < columns) {
      packs[p].load(row + column);
    }
  }
  int target = targets[blockIdx.x];
  if (target == IGNORED) {
    store_zeros<WIDE>(row, columns);
    if (threadIdx.x == 0) {
      losses[blockIdx.x] = 0;
    }
    return;
  }
  float target_logit = to_float(row[target]);
  SoftmaxSum total;
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    int column = threadIdx.x * WIDE + p * step;
    if (column < columns) {
      leave_out(target, column, packs[p]);
#pragma unroll
      for (int i = 0; i < WIDE; i++) {
        total.max = fmaxf(total.max, packs[p].value(i));
      }
    }
  }
  __shared__ float maxima[MOST_WARPS];
  __shared__ float sums[MOST_WARPS];
  total.max = fmaxf(block_max(total.max, maxima), target_logit);
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    if (threadIdx.x * WIDE + p * step < columns) {
#pragma unroll
      for (int i = 0; i < WIDE; i++) {
        total.sum += exp_of(packs[p].value(i) - total.max);
      }
    }
  }
  total.sum = block_sum(total.sum, sums);
  RowLoss of_row(total, target_logit);
  float weight = scale / of_row.sum;
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    int column = threadIdx.x * WIDE + p * step;
    if (column < columns) {
      store_gradient(packs[p], of_row.max, weight, row + column);
    }
  }
  finish_row<WIDE>(row, target, of_row, scale, losses + blockIdx.x);
}

template <int WIDTH, typename T>
__device__ __forceinline__ void cross_entropy_backward(T* logits, const int* targets,
                                                       float* losses, float scale, int columns) {
  T* row = logits + static_cast<int64_t>(blockIdx.x) * columns;
  int target = targets[blockIdx.x];
  if (target == IGNORED) {
    store_zeros<WIDTH>(row, columns);
    if (threadIdx.x == 0) {
      losses[blockIdx.x] = 0;
    }
    return;
  }
  float target_logit = to_float(row[target]);
  RowLoss of_row(sum_others<WIDTH>(row, target, columns), target_logit);
  float weight = scale / of_row.sum;
#pragma unroll 4
  for (int c = threadIdx.x * WIDTH; c < columns; c += blockDim.x * WIDTH) {
    Pack<T, WIDTH> pack;
    pack.load(row + c);
    store_gradient(pack, of_row.max, weight, row + c);
  }
  finish_row<WIDTH>(row, target, of_row, scale, losses + blockIdx.x);
}

// ------------------------------------------------------------------------------------------------
// Instances

#define CROSS_ENTROPY(NAME, T, WIDTH)                                                               \
  extern "C" __global__ void cross_entropy_##NAME##_x##WIDTH(const T* logits, const int* targets,   \
                                                             float* losses, int columns) {          \
    cross_entropy<WIDTH>(logits, targets, losses, columns);                                         \
  }                                                                                                 \
  extern "C" __global__ void cross_entropy_backward_##NAME##_x##WIDTH(                              \
      T* logits, const int* targets, float* losses, float scale, int columns) {                     \
    cross_entropy_backward<WIDTH>(logits, targets, losses, scale, columns);                         \
  }

#define CROSS_ENTROPY_REGISTERS(NAME, T, PACKS, THREADS)                                            \
  extern "C" __global__ void __launch_bounds__(THREADS)                                             \
      cross_entropy_backward_##NAME##_p##PACKS(T* logits, const int* targets, float* losses,        \
                                               float scale, int columns) {                          \
    cross_entropy_backward_registers<PACKS>(logits, targets, losses, scale, columns);               \
  }

CROSS_ENTROPY(f32, float, 8)
CROSS_ENTROPY(f32, float, 1)
CROSS_ENTROPY(bf16, bf16, 8)
CROSS_ENTROPY(bf16, bf16, 1)
CROSS_ENTROPY_REGISTERS(f32, float, 1, 512)
CROSS_ENTROPY_REGISTERS(f32, float, 4, 512)
CROSS_ENTROPY_REGISTERS(bf16, bf16, 1, 512)
CROSS_ENTROPY_REGISTERS(bf16, bf16, 4, 512)
CROSS_ENTROPY_REGISTERS(bf16, bf16, 8, 512)
