// SwiGLU, residual add, scaling, bias. Numbers are F32 or BF16 (gateUp of SwiGLU also E4M3 codes in
// groups of 16, g16); biases, their gradients and all arithmetic are F32.
//
//   out = silu(gate) * up, silu(x) = x * s, s = 1 / (1 + exp(-x));  gateUp [M, 2 F]: gates, then ups
//   dgate = dout * up * s * (1 + gate * (1 - s)),  dup = dout * silu(gate)
//
// Names end in x<WIDTH>: numbers an access takes. x8 needs F % 8 == 0 (N, C) and pointers aligned to
// 16 bytes, x1 nothing.
//
// swiglu_<in>_<out>, swiglu_backward_<in>_<out>   persistent grid; leave block_amax[block] of what they
//     wrote. dgate_up may be gate_up.
// add_<type>, scale_<type>      any grid; n numbers, the last n % 8 one by one.
// add_bias_<type>               grid (N / (256 WIDTH) rounded up, any), 256 threads.
// bias_partials_<type>          grid (N / (32 WIDTH) rounded up, P), 256 threads: partial sums [P, N],
//                               which add_partials then adds up.

#include "columns.cuh"
#include "gate.cuh"
#include "vectors.cuh"
#include "walk.cuh"

// ------------------------------------------------------------------------------------------------
// SwiGLU

// Packs a thread has on their way at once.
constexpr int AHEAD = 2;

template <int WIDTH, typename T, typename Source>
__device__ __forceinline__ void swiglu(Source gate_up, T* out, int rows, int width,
                                       float* block_amax) {
  Amax<T> amax;
  for (Walk walk(width / WIDTH); walk.row < rows;) {
    typename Source::template Taken<WIDTH> gate[AHEAD];
    typename Source::template Taken<WIDTH> up[AHEAD];
    T* to[AHEAD];
    bool some[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      some[a] = walk.row < rows;
      if (some[a]) {
        int column = walk.pack * WIDTH;
        gate_up.take(gate[a], walk.row, column);
        gate_up.take(up[a], walk.row, width + column);
        to[a] = out + static_cast<int64_t>(walk.row) * width + column;
      }
      walk.next();
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      if (some[a]) {
        float g[WIDTH];
        float result[WIDTH];
        values_of(gate[a], g);
        values_of(up[a], result);
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
          result[i] *= Gate(g[i]).silu;
        }
        Pack<T, WIDTH> packed;
        packed.set(result);
        packed.store(to[a]);
        amax.add(packed);
      }
    }
  }
  store_block_amax(amax.value(), block_amax);
}

template <int WIDTH, typename T, typename Source>
__device__ __forceinline__ void swiglu_backward(const T* dout, Source gate_up, T* dgate_up,
                                                int rows, int width, float* block_amax) {
  Amax<T> amax;
  for (Walk walk(width / WIDTH); walk.row < rows;) {
    typename Source::template Taken<WIDTH> gate[AHEAD];
    typename Source::template Taken<WIDTH> up[AHEAD];
    Pack<T, WIDTH> d[AHEAD];
    T* to[AHEAD];
    bool some[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      some[a] = walk.row < rows;
      if (some[a]) {
        int64_t row = walk.row;
        int column = walk.pack * WIDTH;
        gate_up.take(gate[a], row, column);
        gate_up.take(up[a], row, width + column);
        d[a].load(dout + row * width + column);
        to[a] = dgate_up + row * 2 * width + column;
      }
      walk.next();
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      if (some[a]) {
        float g[WIDTH];
        float dgate[WIDTH];
        float dup[WIDTH];
        values_of(gate[a], g);
        values_of(up[a], dgate);
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
          Gate of(g[i]);
          dgate[i] *= d[a].value(i) * of.slope();
          dup[i] = d[a].value(i) * of.silu;
        }
        Pack<T, WIDTH> packed;
        packed.set(dgate);
        packed.store(to[a]);
        amax.add(packed);
        packed.set(dup);
        packed.store(to[a] + width);
        amax.add(packed);
      }
    }
  }
  store_block_amax(amax.value(), block_amax);
}

// ------------------------------------------------------------------------------------------------
// Residual add, scaling

// target = change(target, source) for n numbers; a thread has AHEAD packs on their way.
template <int WIDTH, typename T, typename Change>
__device__ __forceinline__ void update(T* target, const T* source, int64_t n, Change change) {
  int64_t packs = n / WIDTH;
  int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  int64_t start = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  for (int64_t first = start; first < packs; first += AHEAD * step) {
    Pack<T, WIDTH> old[AHEAD];
    Pack<T, WIDTH> with[AHEAD];
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      int64_t at = first + a * step;
      if (at < packs) {
        old[a].load(target + at * WIDTH);
        with[a].load(source + at * WIDTH);
      }
    }
#pragma unroll
    for (int a = 0; a < AHEAD; a++) {
      int64_t at = first + a * step;
      if (at < packs) {
        float result[WIDTH];
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
          result[i] = change(old[a].value(i), with[a].value(i));
        }
        Pack<T, WIDTH> packed;
        packed.set(result);
        packed.store(target + at * WIDTH);
      }
    }
  }
  if (start < n % WIDTH) {
    int64_t at = packs * WIDTH + start;
    Pack<T, 1> old;
    Pack<T, 1> with;
    old.load(target + at);
    with.load(source + at);
    float result[1] = {change(old.value(0), with.value(0))};
    old.set(result);
    old.store(target + at);
  }
}

// ------------------------------------------------------------------------------------------------
// Bias

template <int WIDTH, typename T>
__device__ __forceinline__ void add_bias(const float* bias, T* y, int rows, int columns) {
  int column = (blockIdx.x * blockDim.x + threadIdx.x) * WIDTH;
  if (column >= columns) {
    return;
  }
  Pack<float, WIDTH> addend;
  addend.load(bias + column);
#pragma unroll 4
  for (int row = blockIdx.y; row < rows; row += gridDim.y) {
    T* at = y + static_cast<int64_t>(row) * columns + column;
    Pack<T, WIDTH> pack;
    pack.load(at);
    float result[WIDTH];
#pragma unroll
    for (int i = 0; i < WIDTH; i++) {
      result[i] = pack.value(i) + addend.value(i);
    }
    pack.set(result);
    pack.store(at);
  }
}

// Warp w of a block sums rows w, w + 8, ... of those of the block's part.
template <int WIDTH, typename T>
__device__ __forceinline__ void bias_partials(const T* dy, int rows, int columns,
                                              float* partials) {
  constexpr int WARPS = 8;
  constexpr int ROWS_AHEAD = 4;
  __shared__ float shared[WARPS][WARP * WIDTH];
  int warp = threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  int first = blockIdx.x * WARP * WIDTH;
  int column = first + lane * WIDTH;
  float sums[WIDTH] = {};
  int step = gridDim.y * WARPS;
  for (int row = blockIdx.y * WARPS + warp; column < columns && row < rows;
       row += ROWS_AHEAD * step) {
    Pack<T, WIDTH> packs[ROWS_AHEAD];
#pragma unroll
    for (int ahead = 0; ahead < ROWS_AHEAD; ahead++) {
      if (row + ahead * step < rows) {
        packs[ahead].load(dy + static_cast<int64_t>(row + ahead * step) * columns + column);
      }
    }
#pragma unroll
    for (int ahead = 0; ahead < ROWS_AHEAD; ahead++) {
      if (row + ahead * step < rows) {
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
          sums[i] += packs[ahead].value(i);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < WIDTH; i++) {
    shared[warp][lane * WIDTH + i] = sums[i];
  }
  __syncthreads();
  for (int c = threadIdx.x; c < WARP * WIDTH && first + c < columns; c += blockDim.x) {
    float sum = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
      sum += shared[w][c];
    }
    partials[static_cast<int64_t>(blockIdx.y) * columns + first + c] = sum;
  }
}

// dbias[N] += sums of the columns of partials[count, N].
extern "C" __global__ void add_partials(const float* partials, int count, int columns,
                                        float* dbias) {
  add_column_sums(partials, count, columns, dbias);
}

// ------------------------------------------------------------------------------------------------
// Instances. `scales` are those of codes; numbers have none and may pass anything.

#define SWIGLU(IN, OUT, T, SOURCE, WIDTH)                                                           \
  extern "C" __global__ void swiglu_##IN##_##OUT##_x##WIDTH(                                        \
      const void* gate_up, const void* scales, T* out, int rows, int width, float* block_amax) {    \
    swiglu<WIDTH, T>(SOURCE(gate_up, scales, 2 * width), out, rows, width, block_amax);             \
  }                                                                                                 \
  extern "C" __global__ void swiglu_backward_##IN##_##OUT##_x##WIDTH(                               \
      const T* dout, const void* gate_up, const void* scales, T* dgate_up, int rows, int width,     \
      float* block_amax) {                                                                          \
    swiglu_backward<WIDTH, T>(dout, SOURCE(gate_up, scales, 2 * width), dgate_up, rows, width,      \
                              block_amax);                                                          \
  }

#define ELEMENTWISE(NAME, T, WIDTH)                                                                 \
  extern "C" __global__ void add_##NAME##_x##WIDTH(const T* source, T* target, long long n) {       \
    update<WIDTH>(target, source, n, [](float a, float b) { return a + b; });                       \
  }                                                                                                 \
  extern "C" __global__ void scale_##NAME##_x##WIDTH(T* target, float factor, long long n) {        \
    update<WIDTH>(target, target, n, [factor](float a, float) { return a * factor; });              \
  }                                                                                                 \
  extern "C" __global__ void add_bias_##NAME##_x##WIDTH(const float* bias, T* y, int rows,          \
                                                        int columns) {                              \
    add_bias<WIDTH>(bias, y, rows, columns);                                                        \
  }                                                                                                 \
  extern "C" __global__ void bias_partials_##NAME##_x##WIDTH(const T* dy, int rows, int columns,    \
                                                             float* partials) {                     \
    bias_partials<WIDTH>(dy, rows, columns, partials);                                              \
  }

SWIGLU(f32, f32, float, Numbers<float>, 8)
SWIGLU(f32, f32, float, Numbers<float>, 1)
SWIGLU(bf16, bf16, bf16, Numbers<bf16>, 8)
SWIGLU(bf16, bf16, bf16, Numbers<bf16>, 1)
SWIGLU(g16, f32, float, Codes16, 8)
SWIGLU(g16, f32, float, Codes16, 1)
SWIGLU(g16, bf16, bf16, Codes16, 8)
SWIGLU(g16, bf16, bf16, Codes16, 1)
ELEMENTWISE(f32, float, 8)
ELEMENTWISE(f32, float, 1)
ELEMENTWISE(bf16, bf16, 8)
ELEMENTWISE(bf16, bf16, 1)
