// AdamW over a matrix of FP32 parameters [R, C] that also writes the casts of the new parameters: codes
// and scales of the matrix, of its transpose, or both, in one pass over memory. Bits are those of
// optimizer.cu and then quantize.cu.
//
// adamw_<moments>_e4m3_block128x128   a block of threads has all that shares a scale.
// adamw_<moments>_lines               leaves the amax of every row and of every column, which are 0 before, for
//     casts with a scale a row: a block has parts of many.
// adamw_<moments>_e4m3_tensor         the scale is from `known`, an amax that is known before; the new
//     parameters' own is left in `own`, which is 0 before. Where `known` is 0 there is no scale yet:
//     codes are then made by cast_unknown_e4m3 from `own`, which else does nothing.
// advance_amax                        what comes before: the history's last amax becomes an entry, the
//     largest entry `known`, and the last amax 0 (io.octavo.quant.AmaxHistory).
//
// R % 16 == 0, C % 128 == 0, pointers aligned to 16 bytes, moments both stored alike. Grid (C / 128,
// R / 128 up), 256 threads. A block first updates its tile, row by row, each warp 16 rows, and then
// reads the new parameters back, from caches, in the order of the casts. Both at once would take the
// registers of both. Of fp8 moments, which are bound by instructions, the update alone,
// with more warps, and then the cast was faster but where a scale a tensor spares two reads.

#include <cstdint>

#include "adamw.cuh"
#include "cast_tile.cuh"

// A matrix that is updated where it is taken.
template <MomentKind KIND>
struct UpdatedMatrix {
  using T = float;

  float* parameters;
  const float* gradients;
  Moment first;
  Moment second;
  const Step& step;
  uint32_t* own;  // of magnitudes: their bits are in their order

  __device__ __forceinline__ int tile(int block, int) const { return block; }

  __device__ __forceinline__ void update(int row, int column, int columns) const {
    constexpr int CHUNKS = KIND == FP8 ? 4 : 2;
    constexpr int AT_ONCE = WARP / LANES<CHUNKS>;
    int among = threadIdx.x % WARP / LANES<CHUNKS>;
    for (int i = 0; i < 16; i += AT_ONCE) {
      // Groups follow each other for step_warp: here they are below each other.
      int64_t group = static_cast<int64_t>(row + i + among) * columns + column;
      float unused = 0;
      step_warp<KIND, KIND, CHUNKS, true>(parameters, gradients, first, second, {nullptr, nullptr},
                                          step, group - among * GROUP, 0, unused);
    }
  }

  __device__ __forceinline__ void take(Sixteen<float> (&values)[4], int row, int column, int rows,
                                       int columns) const {
    int lane = threadIdx.x % WARP;
    int first_row = row - lane / 8 * 4;
    if (first_row < rows && isfinite(step.factor)) {
      update(first_row, column - lane % 8 * 16, columns);
    }
    __syncwarp();
#pragma unroll
    for (int i = 0; i < 4; i++) {
      values[i].clear();
      if (row + i < rows) {
        const float4* from = reinterpret_cast<const float4*>(
            parameters + static_cast<int64_t>(row + i) * columns + column);
#pragma unroll
        for (int j = 0; j < 4; j++) {
          reinterpret_cast<float4*>(values[i].values)[j] = from[j];
        }
      }
    }
    if (own != nullptr) {
      float amax[4];
      amax_of_rows(values, amax);
      float most = warp_max(fmaxf(fmaxf(amax[0], amax[1]), fmaxf(amax[2], amax[3])));
      if (lane == 0) {
        atomicMax(own, __float_as_uint(most));
      }
    }
  }
};

#define ADAMW_CAST(NAME, KIND, SCALING, GRANULARITY)                                              \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, 2)                                   \
      adamw_##NAME##_e4m3_##SCALING(                                                              \
          float* parameters, const float* gradients, void* first, float* first_scales,            \
          float* first_exponents, float* first_centres, void* second, float* second_scales,       \
          float* second_exponents, float* second_centres, float beta1, float beta2,               \
          float epsilon, float decay, const float* control, uint32_t* own, uint8_t* codes,        \
          void* scales, long long scale_stride_row, long long scale_stride_column,                \
          uint8_t* transposed_codes, void* transposed_scales,                                     \
          long long transposed_scale_stride_row, long long transposed_scale_stride_column,        \
          const float* known, int known_count, int rows, int columns, int scale_format) {         \
    __shared__ float corrections[2];                                                              \
    Step step = step_of({beta1, beta2, epsilon, decay}, control, corrections);                    \
    quantize_tile<E4M3, GRANULARITY>(                                                             \
        UpdatedMatrix<KIND>{parameters,                                                           \
                            gradients,                                                            \
                            {first, first_scales, first_exponents, first_centres},                \
                            {second, second_scales, second_exponents, second_centres},            \
                            step,                                                                 \
                            own},                                                                 \
        {codes, scales, scale_stride_row, scale_stride_column},                                   \
        {transposed_codes, transposed_scales, transposed_scale_stride_row,                        \
         transposed_scale_stride_column},                                                         \
        known, known_count, rows, columns, scale_format);                                         \
  }

ADAMW_CAST(f32, F32, block128x128, BLOCK128)
ADAMW_CAST(bf16, BF16, block128x128, BLOCK128)
ADAMW_CAST(f32, F32, tensor, TENSOR)
ADAMW_CAST(bf16, BF16, tensor, TENSOR)
ADAMW_CAST(fp8, FP8, tensor, TENSOR)

#define ADAMW_LINES(NAME, KIND)                                                                   \
  extern "C" __global__ void __launch_bounds__(CAST_THREADS, 3) adamw_##NAME##_lines(             \
      float* parameters, const float* gradients, void* first, float* first_scales,                \
      float* first_exponents, float* first_centres, void* second, float* second_scales,           \
      float* second_exponents, float* second_centres, float beta1, float beta2, float epsilon,    \
      float decay, const float* control, uint32_t* row_amax, uint32_t* column_amax, int rows,     \
      int columns) {                                                                              \
    __shared__ float corrections[2];                                                              \
    Step step = step_of({beta1, beta2, epsilon, decay}, control, corrections);                    \
    amax_of_lines(UpdatedMatrix<KIND>{parameters,                                                 \
                                      gradients,                                                  \
                                      {first, first_scales, first_exponents, first_centres},      \
                                      {second, second_scales, second_exponents, second_centres},  \
                                      step,                                                       \
                                      nullptr},                                                   \
                  row_amax, column_amax, rows, columns);                                          \
  }

ADAMW_LINES(f32, F32)
ADAMW_LINES(bf16, BF16)

// As quantize_f32_e4m3_tensor, where `known` is 0.
extern "C" __global__ void __launch_bounds__(CAST_THREADS, 2)
    cast_unknown_e4m3(const float* source, const float* known, uint8_t* codes, void* scales,
                      long long scale_stride_row, long long scale_stride_column,
                      uint8_t* transposed_codes, void* transposed_scales,
                      long long transposed_scale_stride_row,
                      long long transposed_scale_stride_column, const float* own, int own_count,
                      int rows, int columns, int scale_format) {
  if (*known > 0) {
    return;
  }
  quantize_tile<E4M3, TENSOR>(StoredMatrix<float>{source},
                              {codes, scales, scale_stride_row, scale_stride_column},
                              {transposed_codes, transposed_scales, transposed_scale_stride_row,
                               transposed_scale_stride_column},
                              own, own_count, rows, columns, scale_format);
}

// One warp.
extern "C" __global__ void __launch_bounds__(WARP)
    advance_amax(float* history, int elements, float* known) {
  constexpr int RING = 2;
  int entries = elements - RING;
  int next = static_cast<int>(history[0]);
  float last = history[1];
  float most = last;
  for (int i = threadIdx.x; i < entries; i += WARP) {
    most = fmaxf(most, i == next ? 0 : history[RING + i]);
  }
  most = warp_max(most);
  if (threadIdx.x == 0) {
    *known = most;
    history[RING + next] = last;
    history[0] = static_cast<float>((next + 1) % entries);
    history[1] = 0;
  }
}
