// Activations of linear layers: rows of BF16 to the swizzled rows of 128 bytes that linear.cu multiplies, with a scale a row
// (per token): scale = amax / 448 or amax / 127 in FP32, codes rounded to nearest even, bit for bit as the casts of quantize.
//
// cast_<made>_<codes>_<P>   made: tokens (rows as they are), norm (RMSNorm of them);
//                       codes: e4m3, int8, bf16 (no cast, only the order)
//   x [M, K] -> codes [slabs][token_rows][128 bytes], scales [M]. One block a row, 128 threads. K up to
//   1024 P; beyond K: zeros.
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

template <Made MADE, Codes CODES, int PACKS>
__device__ void cast(const RowSource& source, uint8_t* codes, float* scales, int k, int slabs, int token_rows) {
  __shared__ float shared[2][ROW_THREADS / WARP];
  RowGains<MADE, PACKS, false> gains(source.gain, k);
#ifdef OCTAVO_SM90A
  let_next_start();
  wait_for_previous();
#endif
  int64_t index = blockIdx.x;
  BlockBarrier barrier;
  uint4 packs[PACKS];
  take_row<MADE, PACKS>(packs, source, gains, index, k, 0, shared[0], barrier);
  float scale = 1;
  if (CODES != Codes::BF16) {
    scale = scale_for(row_amax(packs, shared[1], barrier), CODES == Codes::E4M3 ? E4M3::MAX_FINITE : 127.0f, SCALE_FP32);
  }
  Divisor<E4M3> by(scale);
#pragma unroll
  for (int p = 0; p < PACKS; p++) {
    int column = pack_column(p);
    const uint4& pack = packs[p];
    if (CODES == Codes::BF16) {
      if (column < slabs * 64) {
        *reinterpret_cast<uint4*>(codes + swizzled_place<uint64_t>(index, token_rows, 2 * column)) = pack;
      }
    } else if (column < slabs * 128) {
      uint2 eight = CODES == Codes::E4M3
                        ? e4m3_codes(pack, by)
                        : make_uint2(int8_codes(pack.x, pack.y, scale), int8_codes(pack.z, pack.w, scale));
      *reinterpret_cast<uint2*>(codes + swizzled_place<uint64_t>(index, token_rows, column)) = eight;
    }
  }
  if (CODES != Codes::BF16 && threadIdx.x == 0) scales[index] = scale;
}

}  // namespace

#define CAST_OF(NAME, MADE, CODES, P)                                                                              \
  extern "C" __global__ void __launch_bounds__(octavo::ROW_THREADS)                                                \
      cast_##NAME##_##P(const bf16* x, const float* gain, float eps, uint8_t* codes, float* scales, int k,         \
                        int slabs, int token_rows) {                                                               \
    cast<octavo::Made::MADE, Codes::CODES, P>({x, gain, eps}, codes, scales, k, slabs, token_rows);                \
  }

#define CAST(NAME, MADE, CODES)  \
  CAST_OF(NAME, MADE, CODES, 2)  \
  CAST_OF(NAME, MADE, CODES, 4)  \
  CAST_OF(NAME, MADE, CODES, 8)  \
  CAST_OF(NAME, MADE, CODES, 16) \
  CAST_OF(NAME, MADE, CODES, 28)

CAST(tokens_e4m3, PLAIN, E4M3)
CAST(tokens_int8, PLAIN, INT8)
CAST(tokens_bf16, PLAIN, BF16)
CAST(norm_e4m3, NORM, E4M3)
CAST(norm_int8, NORM, INT8)
CAST(norm_bf16, NORM, BF16)
