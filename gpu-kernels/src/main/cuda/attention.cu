// Causal grouped-query attention over packed documents, one warp per row and head: plain on purpose.
//
//   S[i, j] = scale <q_i, k_j> for start[i] <= j <= i,  P = softmax_j(S),  out_i = sum_j P[i, j] v_j,  lse_i = ln sum_j exp S[i, j]
//   delta_i = <dout_i, out_i>,  dS[i, j] = P[i, j] (<dout_i, v_j> - delta_i) scale
//   dq_i = sum_j dS[i, j] k_j,  dk_j = sum_i dS[i, j] q_i,  dv_j = sum_i P[i, j] dout_i,  both also over the group's query heads
//
// q, dq [M, Hq D]; k, v, dk, dv [M, Hkv D]; M = B T rows at strides of their own, so that all may be columns of one matrix.
// out, dout [M, Hq D] and lse, delta [M, Hq] are dense. start I32 [M] counts within the sequence and never falls within one.
// FP32 or BF16 values, FP32 arithmetic, D <= 256, every architecture, no atomics. Oracle and fallback of attention_forward.cu
// and attention_backward.cu. Launch: 128 threads, one warp per (row, head): ceil(M Hq / 4) blocks (keys: ceil(M Hkv / 4)).
#include <cuda_bf16.h>

namespace {

constexpr int lanes = 32;
constexpr int warps = 4;
constexpr int most_per_lane = 256 / lanes;

__device__ __forceinline__ float load(const float* at) { return *at; }
__device__ __forceinline__ float load(const __nv_bfloat16* at) { return __bfloat162float(*at); }
__device__ __forceinline__ void store(float* at, float value) { *at = value; }
__device__ __forceinline__ void store(__nv_bfloat16* at, float value) { *at = __float2bfloat16_rn(value); }

__device__ __forceinline__ float sum_of_warp(float value) {
#pragma unroll
  for (int offset = lanes / 2; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

// One head's vector spread over a warp: lane l holds columns l, l + 32, ...
struct Vector {
  float at[most_per_lane];

  template <typename T>
  __device__ __forceinline__ void read(const T* source, int size) {
#pragma unroll
    for (int i = 0; i < most_per_lane; i++) {
      int column = threadIdx.x % lanes + i * lanes;
      at[i] = column < size ? load(source + column) : 0.0f;
    }
  }

  template <typename T>
  __device__ __forceinline__ void write(T* target, int size, float factor) const {
#pragma unroll
    for (int i = 0; i < most_per_lane; i++) {
      int column = threadIdx.x % lanes + i * lanes;
      if (column < size) store(target + column, at[i] * factor);
    }
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < most_per_lane; i++) at[i] = 0.0f;
  }

  __device__ __forceinline__ float dot(const Vector& other) const {
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < most_per_lane; i++) sum += at[i] * other.at[i];
    return sum_of_warp(sum);
  }

  // this = this * keep + other * factor
  __device__ __forceinline__ void blend(float keep, float factor, const Vector& other) {
#pragma unroll
    for (int i = 0; i < most_per_lane; i++) at[i] = at[i] * keep + other.at[i] * factor;
  }
};

struct Extents {
  int rows, time, query_heads, key_heads, head_size;
};

// The (row, head) of this warp; false past the end.
__device__ __forceinline__ bool place(int rows, int heads, int& row, int& head) {
  long long at = static_cast<long long>(blockIdx.x) * warps + threadIdx.x / lanes;
  row = static_cast<int>(at / heads);
  head = static_cast<int>(at % heads);
  return row < rows;
}

template <typename T>
__device__ void forward(const T* q, const T* k, const T* v, long long q_stride, long long k_stride, const int* start,
                        T* out, float* lse, Extents e, float scale) {
  int row, head;
  if (!place(e.rows, e.query_heads, row, head)) return;
  int sequence = row / e.time * e.time;
  int key_column = head / (e.query_heads / e.key_heads) * e.head_size;
  Vector query, key, value, sum;
  query.read(q + row * q_stride + head * e.head_size, e.head_size);
  sum.clear();
  float peak = -INFINITY, total = 0.0f;
  for (int j = sequence + start[row]; j <= row; j++) {
    key.read(k + j * k_stride + key_column, e.head_size);
    value.read(v + j * k_stride + key_column, e.head_size);
    float score = query.dot(key) * scale;
    float higher = fmaxf(peak, score);
    float keep = expf(peak - higher), weight = expf(score - higher);
    sum.blend(keep, weight, value);
    total = total * keep + weight;
    peak = higher;
  }
  long long at = static_cast<long long>(row) * e.query_heads + head;
  sum.write(out + at * e.head_size, e.head_size, 1.0f / total);
  if (threadIdx.x % lanes == 0) lse[at] = peak + logf(total);
}

template <typename T>
__device__ void delta(const T* out, const T* dout, float* result, Extents e) {
  int row, head;
  if (!place(e.rows, e.query_heads, row, head)) return;
  long long at = static_cast<long long>(row) * e.query_heads + head;
  Vector a, b;
  a.read(out + at * e.head_size, e.head_size);
  b.read(dout + at * e.head_size, e.head_size);
  float sum = a.dot(b);
  if (threadIdx.x % lanes == 0) result[at] = sum;
}

template <typename T>
__device__ void backward_query(const T* q, const T* k, const T* v, long long q_stride, long long k_stride,
                               const int* start, const T* dout, const float* lse, const float* deltas, T* dq,
                               Extents e, float scale) {
  int row, head;
  if (!place(e.rows, e.query_heads, row, head)) return;
  int sequence = row / e.time * e.time;
  int key_column = head / (e.query_heads / e.key_heads) * e.head_size;
  long long at = static_cast<long long>(row) * e.query_heads + head;
  Vector query, gradient, key, value, sum;
  query.read(q + row * q_stride + head * e.head_size, e.head_size);
  gradient.read(dout + at * e.head_size, e.head_size);
  sum.clear();
  for (int j = sequence + start[row]; j <= row; j++) {
    key.read(k + j * k_stride + key_column, e.head_size);
    value.read(v + j * k_stride + key_column, e.head_size);
    float probability = expf(query.dot(key) * scale - lse[at]);
    sum.blend(1.0f, probability * (gradient.dot(value) - deltas[at]), key);
  }
  sum.write(dq + row * q_stride + head * e.head_size, e.head_size, scale);
}

template <typename T>
__device__ void backward_key(const T* q, const T* k, const T* v, long long q_stride, long long k_stride,
                             const int* start, const T* dout, const float* lse, const float* deltas, T* dk, T* dv,
                             Extents e, float scale) {
  int row, key_head;
  if (!place(e.rows, e.key_heads, row, key_head)) return;
  int sequence = row / e.time * e.time;
  int position = row - sequence, group = e.query_heads / e.key_heads;
  long long key_at = row * k_stride + key_head * e.head_size;
  Vector key, value, query, gradient, key_sum, value_sum;
  key.read(k + key_at, e.head_size);
  value.read(v + key_at, e.head_size);
  key_sum.clear();
  value_sum.clear();
  for (int i = row; i < sequence + e.time && start[i] <= position; i++) {
    for (int head = key_head * group; head < (key_head + 1) * group; head++) {
      long long at = static_cast<long long>(i) * e.query_heads + head;
      query.read(q + i * q_stride + head * e.head_size, e.head_size);
      gradient.read(dout + at * e.head_size, e.head_size);
      float probability = expf(query.dot(key) * scale - lse[at]);
      value_sum.blend(1.0f, probability, gradient);
      key_sum.blend(1.0f, probability * (gradient.dot(value) - deltas[at]), query);
    }
  }
  key_sum.write(dk + key_at, e.head_size, scale);
  value_sum.write(dv + key_at, e.head_size, 1.0f);
}

}  // namespace

#define ATTENTION(NAME, T)                                                                                            \
  extern "C" __global__ void __launch_bounds__(128) attention_forward_##NAME(                                         \
      const T* q, const T* k, const T* v, long long q_stride, long long k_stride, const int* start, T* out,           \
      float* lse, int rows, int time, int query_heads, int key_heads, int head_size, float scale) {                   \
    forward(q, k, v, q_stride, k_stride, start, out, lse, {rows, time, query_heads, key_heads, head_size}, scale);    \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(128)                                                                   \
      attention_delta_##NAME(const T* out, const T* dout, float* result, int rows, int query_heads, int head_size) {  \
    delta(out, dout, result, {rows, rows, query_heads, query_heads, head_size});                                      \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(128) attention_backward_query_##NAME(                                  \
      const T* q, const T* k, const T* v, long long q_stride, long long k_stride, const int* start, const T* dout,    \
      const float* lse, const float* deltas, T* dq, int rows, int time, int query_heads, int key_heads,               \
      int head_size, float scale) {                                                                                   \
    backward_query(q, k, v, q_stride, k_stride, start, dout, lse, deltas, dq,                                         \
                   {rows, time, query_heads, key_heads, head_size}, scale);                                           \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(128) attention_backward_key_##NAME(                                    \
      const T* q, const T* k, const T* v, long long q_stride, long long k_stride, const int* start, const T* dout,    \
      const float* lse, const float* deltas, T* dk, T* dv, int rows, int time, int query_heads, int key_heads,        \
      int head_size, float scale) {                                                                                   \
    backward_key(q, k, v, q_stride, k_stride, start, dout, lse, deltas, dk, dv,                                       \
                 {rows, time, query_heads, key_heads, head_size}, scale);                                             \
  }

ATTENTION(f32, float)
ATTENTION(bf16, __nv_bfloat16)
