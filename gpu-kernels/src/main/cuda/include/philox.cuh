// Philox4x32-10 (Salmon et al., SC 2011): four uniform words for a counter (block, stream) and a
// key, as io.octavo.format.Philox.
#pragma once

#include <cstdint>

__device__ __forceinline__ uint4 philox_block(uint64_t key, uint64_t stream, uint64_t block) {
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  uint4 c = make_uint4(static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                       static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32));
#pragma unroll
  for (int round = 0; round < 10; round++) {
    uint32_t high0 = __umulhi(0xD2511F53u, c.x);
    uint32_t high1 = __umulhi(0xCD9E8D57u, c.z);
    c = make_uint4(high1 ^ c.y ^ k0, 0xCD9E8D57u * c.z, high0 ^ c.w ^ k1, 0xD2511F53u * c.x);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// Word `index` of a stream.
__device__ __forceinline__ uint32_t philox_bits(uint64_t key, uint64_t stream, uint64_t index) {
  uint4 words = philox_block(key, stream, index >> 2);
  uint32_t pair_low = index & 1 ? words.y : words.x;
  uint32_t pair_high = index & 1 ? words.w : words.z;
  return index & 2 ? pair_high : pair_low;
}
