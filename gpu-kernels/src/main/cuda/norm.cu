// RMSNorm over rows of x [M, C]: y = x * rstd * weight, rstd = 1 / sqrt(mean(x^2) + eps). Numbers are
// F32 or BF16, x may be E4M3 codes in groups of 16 (g16); weight, rstd, dweight and all arithmetic
// are F32.
//
//   dx += rstd * dy * weight - x * rstd^3 * sum(dy * weight * x) / C
//   dweight += sum over rows of dy * x * rstd
//
// rms_norm_<in>_<out>_x<P>, rms_norm_backward_<in>_<out>_x<P>
//     A team of whole warps takes a row, a thread P packs of 8 numbers of it, in registers; the next
//     row is on its way while this one is reduced. C % 8 == 0, C <= 8 P * threads of a team, pointers
//     aligned to 16 bytes. Persistent grid; blocks of any number of warps that teams divide.
//     Leaves block_amax[block] of what it wrote. Backward leaves partial sums of dweight, a row a
//     team: [blocks * teams, C], which add_partials then adds up.
// rms_norm_<in>_<out>_plain, rms_norm_backward_<in>_<out>_plain, weight_gradient_<in>_<out>_plain
//     Any C and alignment, a block a row at a time: the slow way.
// rms_norm_heads_<type>_x1
//     In place, each of `heads` heads of D columns from `first` on by itself. A warp a head: grid
//     (M, heads / 4 rounded up), 128 threads.

#include "columns.cuh"
#include "teams.cuh"
#include "vectors.cuh"

template <int PACKS>
__device__ __forceinline__ void load_weights(const float* weight, const Team& team, int columns,
                                             Pack<float, WIDE> (&into)[PACKS]) {
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    if (team.column(p) < columns) {
      into[p].load(weight + team.column(p));
    }
  }
}

// ------------------------------------------------------------------------------------------------
// Forward

template <int PACKS, typename T, typename Source>
__device__ __forceinline__ void rms_norm_teams(Source x, const float* weight, float eps, T* y,
                                               float* rstd, int rows, int team_warps,
                                               float* block_amax) {
  using Taken = typename Source::template Taken<WIDE>;
  __shared__ __align__(16) float shared[2][MOST_WARPS];
  const Team team(team_warps);
  const int columns = x.columns;
  const float share = 1.0f / columns;
  Pack<float, WIDE> gain[PACKS];
  load_weights(weight, team, columns, gain);
  Taken next[PACKS];
  auto take = [&](int row) {
    if (row < rows) {
#pragma unroll
      for (int p = 0; p < PACKS; p++) {
        if (team.column(p) < columns) {
          x.take(next[p], row, team.column(p));
        }
      }
    }
  };
  const int stride = gridDim.x * team.count;
  Amax<T> amax;
  int phase = 0;
  take(blockIdx.x * team.count + team.index);
  for (int first = blockIdx.x * team.count; first < rows; first += stride) {
    int row = first + team.index;
    Taken now[PACKS];
    float squares = 0;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
      now[p] = next[p];
    }
    take(row + stride);
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
      if (team.column(p) < columns) {
        float in[WIDE];
        unpack(now[p], in);
        float sum = 0;
#pragma unroll
        for (int i = 0; i < WIDE; i++) {
          sum = fmaf(in[i], in[i], sum);
        }
        squares = fmaf(sum * scale_of(now[p]), scale_of(now[p]), squares);
      }
    }
    float inverse = rsqrtf(team_sum(squares, team_warps, shared[phase]) * share + eps);
    phase ^= 1;
    if (row < rows) {
#pragma unroll
      for (int p = 0; p < PACKS; p++) {
        if (team.column(p) < columns) {
          float factor = inverse * scale_of(now[p]);
          float out[WIDE];
          unpack(now[p], out);
#pragma unroll
          for (int i = 0; i < WIDE; i++) {
            out[i] = out[i] * factor * gain[p].value(i);
          }
          Pack<T, WIDE> packed;
          packed.set(out);
          packed.store(y + static_cast<int64_t>(row) * columns + team.column(p));
          amax.add(packed);
        }
      }
      if (team.thread == 0) {
        rstd[row] = inverse;
      }
    }
  }
  store_block_amax(amax.value(), block_amax);
}

template <typename T, typename Source>
__device__ __forceinline__ void rms_norm_plain(Source x, const float* weight, float eps, T* y,
                                               float* rstd, int rows, float* block_amax) {
  __shared__ __align__(16) float shared[2][MOST_WARPS];
  const int columns = x.columns;
  Amax<T> amax;
  int phase = 0;
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    typename Source::template Taken<1> one;
    float squares = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
      x.take(one, row, c);
      float in[1];
      values_of(one, in);
      squares = fmaf(in[0], in[0], squares);
    }
    float mean = team_sum(squares, blockDim.x / WARP, shared[phase]) / columns;
    phase ^= 1;
    float inverse = rsqrtf(mean + eps);
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
      x.take(one, row, c);
      float out[1];
      values_of(one, out);
      out[0] = out[0] * inverse * weight[c];
      Pack<T, 1> packed;
      packed.set(out);
      packed.store(y + static_cast<int64_t>(row) * columns + c);
      amax.add(packed);
    }
    if (threadIdx.x == 0) {
      rstd[row] = inverse;
    }
  }
  store_block_amax(amax.value(), block_amax);
}

// ------------------------------------------------------------------------------------------------
// Backward

template <int PACKS, typename T, typename Source>
__device__ __forceinline__ void rms_norm_backward_teams(const T* dy, Source x, const float* weight,
                                                        const float* rstd, T* dx, int rows,
                                                        int team_warps, float* partials,
                                                        float* block_amax) {
  using Taken = typename Source::template Taken<WIDE>;
  __shared__ __align__(16) float shared[2][MOST_WARPS];
  const Team team(team_warps);
  const int columns = x.columns;
  const float share = 1.0f / columns;
  Pack<float, WIDE> gain[PACKS];
  load_weights(weight, team, columns, gain);
  float sums[PACKS][WIDE] = {};
  struct Row {
    Taken x[PACKS];
    Pack<T, WIDE> dy[PACKS];
    Pack<T, WIDE> dx[PACKS];
    float rstd;
  };
  Row next;
  auto take = [&](int row) {
    if (row < rows) {
      next.rstd = rstd[row];
#pragma unroll
      for (int p = 0; p < PACKS; p++) {
        if (team.column(p) < columns) {
          int64_t at = static_cast<int64_t>(row) * columns + team.column(p);
          next.dy[p].load(dy + at);
          x.take(next.x[p], row, team.column(p));
          next.dx[p].load(dx + at);
        }
      }
    }
  };
  const int stride = gridDim.x * team.count;
  Amax<T> amax;
  int phase = 0;
  take(blockIdx.x * team.count + team.index);
  for (int first = blockIdx.x * team.count; first < rows; first += stride) {
    int row = first + team.index;
    Row now = next;
    take(row + stride);
    float r = now.rstd;
    float dot = 0;
    if (row < rows) {
#pragma unroll
      for (int p = 0; p < PACKS; p++) {
        if (team.column(p) < columns) {
          float in[WIDE];
          unpack(now.x[p], in);
          float factor = r * scale_of(now.x[p]);
          float sum = 0;
#pragma unroll
          for (int i = 0; i < WIDE; i++) {
            float product = now.dy[p].value(i) * in[i];
            sum = fmaf(product, gain[p].value(i), sum);
            sums[p][i] = fmaf(product, factor, sums[p][i]);
          }
          dot = fmaf(sum, scale_of(now.x[p]), dot);
        }
      }
    }
    dot = team_sum(dot, team_warps, shared[phase]);
    phase ^= 1;
    float pull = r * r * r * dot * share;
    if (row < rows) {
#pragma unroll
      for (int p = 0; p < PACKS; p++) {
        if (team.column(p) < columns) {
          float in[WIDE];
          unpack(now.x[p], in);
          float factor = pull * scale_of(now.x[p]);
          float out[WIDE];
#pragma unroll
          for (int i = 0; i < WIDE; i++) {
            float push = r * now.dy[p].value(i) * gain[p].value(i);
            out[i] = now.dx[p].value(i) + (push - in[i] * factor);
          }
          Pack<T, WIDE> packed;
          packed.set(out);
          packed.store(dx + static_cast<int64_t>(row) * columns + team.column(p));
          amax.add(packed);
        }
      }
    }
  }
  float* partial = partials + (static_cast<int64_t>(blockIdx.x) * team.count + team.index) * columns;
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    if (team.column(p) < columns) {
      Pack<float, WIDE> packed;
      packed.set(sums[p]);
      packed.store(partial + team.column(p));
    }
  }
  store_block_amax(amax.value(), block_amax);
}

template <typename T, typename Source>
__device__ __forceinline__ void rms_norm_backward_plain(const T* dy, Source x, const float* weight,
                                                        const float* rstd, T* dx, int rows,
                                                        float* block_amax) {
  __shared__ __align__(16) float shared[2][MOST_WARPS];
  const int columns = x.columns;
  Amax<T> amax;
  int phase = 0;
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* dout = dy + static_cast<int64_t>(row) * columns;
    T* target = dx + static_cast<int64_t>(row) * columns;
    typename Source::template Taken<1> one;
    float in[1];
    float dot = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
      x.take(one, row, c);
      values_of(one, in);
      dot = fmaf(to_float(dout[c]) * in[0], weight[c], dot);
    }
    dot = team_sum(dot, blockDim.x / WARP, shared[phase]);
    phase ^= 1;
    float r = rstd[row];
    float pull = r * r * r * dot / columns;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
      x.take(one, row, c);
      values_of(one, in);
      float push = r * to_float(dout[c]) * weight[c];
      float out[1] = {to_float(target[c]) + (push - in[0] * pull)};
      Pack<T, 1> packed;
      packed.set(out);
      packed.store(target + c);
      amax.add(packed);
    }
  }
  store_block_amax(amax.value(), block_amax);
}

// Partial sums of dweight over every gridDim.y-th row: [gridDim.y, C]. A thread takes a column.
template <typename T, typename Source>
__device__ __forceinline__ void weight_gradient_plain(const T* dy, Source x, const float* rstd,
                                                      int rows, float* partials) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (column >= x.columns) {
    return;
  }
  float sum = 0;
  for (int row = blockIdx.y; row < rows; row += gridDim.y) {
    typename Source::template Taken<1> one;
    x.take(one, row, column);
    float in[1];
    values_of(one, in);
    float dout = to_float(dy[static_cast<int64_t>(row) * x.columns + column]);
    sum = fmaf(dout * in[0], rstd[row], sum);
  }
  partials[static_cast<int64_t>(blockIdx.y) * x.columns + column] = sum;
}

// dweight[C] += sums of the columns of partials[count, C].
extern "C" __global__ void add_partials(const float* partials, int count, int columns,
                                        float* dweight) {
  add_column_sums(partials, count, columns, dweight);
}

// ------------------------------------------------------------------------------------------------
// Heads

template <typename T>
__device__ __forceinline__ void rms_norm_heads(T* x, int columns, int first, int heads, int size,
                                               const float* weight, float eps) {
  int head = blockIdx.y * (blockDim.x / WARP) + threadIdx.x / WARP;
  if (head >= heads) {
    return;
  }
  T* at = x + static_cast<int64_t>(blockIdx.x) * columns + (first + head) * size;
  float squares = 0;
  for (int d = threadIdx.x % WARP; d < size; d += WARP) {
    squares = fmaf(to_float(at[d]), to_float(at[d]), squares);
  }
  float inverse = rsqrtf(warp_sum(squares) / size + eps);
  for (int d = threadIdx.x % WARP; d < size; d += WARP) {
    Pack<T, 1> one;
    const float value[1] = {to_float(at[d]) * inverse * weight[d]};
    one.set(value);
    one.store(at + d);
  }
}

#define RMS_NORM_HEADS(NAME, T)                                                                     \
  extern "C" __global__ void rms_norm_heads_##NAME##_x1(T* x, int columns, int first, int heads,    \
                                                        int size, const float* weight, float eps) { \
    rms_norm_heads(x, columns, first, heads, size, weight, eps);                                    \
  }

RMS_NORM_HEADS(f32, float)
RMS_NORM_HEADS(bf16, bf16)

// ------------------------------------------------------------------------------------------------
// Instances. `scales` are those of codes; numbers have none and may pass anything.

#define RMS_NORM_TEAMS(IN, OUT, T, SOURCE, PACKS)                                                          \
  extern "C" __global__ void rms_norm_##IN##_##OUT##_x##PACKS(                                      \
      const void* x, const void* scales, const float* weight, float eps, T* y, float* rstd,         \
      int rows, int columns, int team_warps, float* block_amax) {                                   \
    rms_norm_teams<PACKS, T>(SOURCE(x, scales, columns), weight, eps, y, rstd, rows, team_warps,    \
                             block_amax);                                                           \
  }

// THREADS: the most of a block, which bounds the registers of a thread.
#define RMS_NORM_BACKWARD_TEAMS(IN, OUT, T, SOURCE, PACKS, THREADS)                                 \
  extern "C" __global__ void __launch_bounds__(THREADS)                                             \
      rms_norm_backward_##IN##_##OUT##_x##PACKS(                                                    \
          const T* dy, const void* x, const void* scales, const float* weight, const float* rstd,   \
          T* dx, int rows, int columns, int team_warps, float* partials, float* block_amax) {       \
    rms_norm_backward_teams<PACKS, T>(dy, SOURCE(x, scales, columns), weight, rstd, dx, rows,       \
                                      team_warps, partials, block_amax);                            \
  }

#define RMS_NORM_PLAIN(IN, OUT, T, SOURCE)                                                          \
  extern "C" __global__ void rms_norm_##IN##_##OUT##_plain(                                         \
      const void* x, const void* scales, const float* weight, float eps, T* y, float* rstd,         \
      int rows, int columns, float* block_amax) {                                                   \
    rms_norm_plain<T>(SOURCE(x, scales, columns), weight, eps, y, rstd, rows, block_amax);          \
  }                                                                                                 \
  extern "C" __global__ void rms_norm_backward_##IN##_##OUT##_plain(                                \
      const T* dy, const void* x, const void* scales, const float* weight, const float* rstd,       \
      T* dx, int rows, int columns, float* block_amax) {                                            \
    rms_norm_backward_plain<T>(dy, SOURCE(x, scales, columns), weight, rstd, dx, rows,              \
                               block_amax);                                                         \
  }                                                                                                 \
  extern "C" __global__ void weight_gradient_##IN##_##OUT##_plain(                                  \
      const T* dy, const void* x, const void* scales, const float* rstd, int rows, int columns,     \
      float* partials) {                                                                            \
    weight_gradient_plain<T>(dy, SOURCE(x, scales, columns), rstd, rows, partials);                 \
  }

#define RMS_NORM(IN, OUT, T, SOURCE, THREADS_OF_X1, THREADS_OF_X2)    \
  RMS_NORM_TEAMS(IN, OUT, T, SOURCE, 1)                               \
  RMS_NORM_TEAMS(IN, OUT, T, SOURCE, 2)                               \
  RMS_NORM_TEAMS(IN, OUT, T, SOURCE, 4)                               \
  RMS_NORM_BACKWARD_TEAMS(IN, OUT, T, SOURCE, 1, THREADS_OF_X1)       \
  RMS_NORM_BACKWARD_TEAMS(IN, OUT, T, SOURCE, 2, THREADS_OF_X2)       \
  RMS_NORM_PLAIN(IN, OUT, T, SOURCE)

RMS_NORM(f32, f32, float, Numbers<float>, 512, 256)
RMS_NORM(bf16, bf16, bf16, Numbers<bf16>, 1024, 512)
RMS_NORM(g16, f32, float, Codes16, 512, 256)
RMS_NORM(g16, bf16, bf16, Codes16, 1024, 512)
