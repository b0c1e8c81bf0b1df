// Activations of linear layers: rows of BF16 to the swizzled rows of 128 bytes that linear.cu multiplies, with a scale a row
// (per token): scale = amax / 448 or amax / 127 in FP32, codes rounded to nearest even, bit for bit as the casts of quantize.
//
// cast_<made>_<codes>   made: tokens (rows as they are), norm (RMSNorm of them), swiglu (of gates and ups);
//                       codes: e4m3, int8, bf16 (no cast, only the order)
//   x [M, K] (swiglu: [M, 2 K]) -> codes [slabs][token_rows][128 bytes], scales [M]. One block a row, 128 threads. Beyond K:
//   zeros.
#include <cuda_bf16.h>

#include "include/token_rows.cuh"
#include "include/wgmma_tokens.cuh"

namespace {

using namespace octavo;

enum class Codes { E4M3, INT8, BF16 };

__device__ uint32_t int8_codes(uint32_t first, uint32_t second, float scale) {
  float v[4] = {bf16_low(first), bf16_high(first), bf16_low(second), bf16_high(second)};
  uint32_t codes = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float q = fminf(fmaxf(rintf(__fdiv_rn(v[i], scale)), -127), 127);
    codes |= (static_cast<uint32_t>(static_cast<int>(q)) & 0xFF) << 8 * i;
  }
  return codes;
}

template <Made MADE, Codes CODES>
__device__ void cast(const RowSource& source, uint8_t* codes, float* scales, int k, int slabs, int token_rows) {
  __shared__ float shared[ROW_THREADS / WARP];
#ifdef OCTAVO_SM90A
  let_next_start();
  wait_for_previous();
#endif
  int64_t index = blockIdx.x;
  BlockBarrier barrier;
  TokenRow<MADE> row(source, index, k, shared, barrier);
  if (CODES == Codes::BF16) {
    for (int column = threadIdx.x * ROW_PACK; column < slabs * 64; column += ROW_THREADS * ROW_PACK) {
      *reinterpret_cast<uint4*>(codes + swizzled_place(index, token_rows, 2 * column)) = row.take(column);
    }
    return;
  }
  float scale = row_scale(row, k, CODES == Codes::E4M3 ? E4M3::MAX_FINITE : 127.0f, shared, barrier);
  Divisor<E4M3> by(scale);
  for (int column = threadIdx.x * ROW_PACK; column < slabs * 128; column += ROW_THREADS * ROW_PACK) {
    uint4 pack = row.take(column);
    uint2 eight = CODES == Codes::E4M3
                      ? e4m3_codes(pack, by)
                      : make_uint2(int8_codes(pack.x, pack.y, scale), int8_codes(pack.z, pack.w, scale));
    *reinterpret_cast<uint2*>(codes + swizzled_place(index, token_rows, column)) = eight;
  }
  if (threadIdx.x == 0) scales[index] = scale;
}

}  // namespace

#define CAST(NAME, MADE, CODES)                                                                                    \
  extern "C" __global__ void __launch_bounds__(octavo::ROW_THREADS)                                                \
      cast_##NAME(const bf16* x, const float* gain, float eps, uint8_t* codes, float* scales, int k, int slabs,    \
                  int token_rows) {                                                                                \
    cast<octavo::Made::MADE, Codes::CODES>({x, gain, eps}, codes, scales, k, slabs, token_rows);                   \
  }

CAST(tokens_e4m3, PLAIN, E4M3)
CAST(tokens_int8, PLAIN, INT8)
CAST(tokens_bf16, PLAIN, BF16)
CAST(norm_e4m3, NORM, E4M3)
CAST(norm_int8, NORM, INT8)
CAST(norm_bf16, NORM, BF16)
CAST(swiglu_e4m3, SWIGLU, E4M3)
CAST(swiglu_int8, SWIGLU, INT8)
CAST(swiglu_bf16, SWIGLU, BF16)
