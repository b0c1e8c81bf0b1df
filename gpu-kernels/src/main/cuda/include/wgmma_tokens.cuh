// Warpgroup matrix products of inference: D[64, N] (+)= A[64, 32 bytes] B[N, 32 bytes]^T, where A are rows of a weight, B
// rows of activations and N (8 to 128) the tokens of a tile. Accumulators lie as in wgmma.cuh.
//
// Operands in shared memory have 128 bytes a row, 128-byte swizzle, 1,024-byte alignment; both are contracted along the row.
// A in registers, 8-bit numbers: a[0] row t / 4, bytes 4 (t % 4) to + 3; a[1] eight rows below; a[2], a[3] 16 bytes further.
// BF16: the same with 2 numbers for 4 and 8 for 16.
#pragma once
#include "wgmma.cuh"

namespace octavo {

#ifdef OCTAVO_SM90A

#define OCTAVO_REGS4 "%0, %1, %2, %3"
#define OCTAVO_REGS8 OCTAVO_REGS4 ", %4, %5, %6, %7"
#define OCTAVO_REGS16 OCTAVO_REGS8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define OCTAVO_REGS32 \
  OCTAVO_REGS16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define OCTAVO_REGS64                                                                                         \
  OCTAVO_REGS32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, " \
                "%50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define OCTAVO_D4(c, i) c(d[i]), c(d[i + 1]), c(d[i + 2]), c(d[i + 3])
#define OCTAVO_D8(c, i) OCTAVO_D4(c, i), OCTAVO_D4(c, i + 4)
#define OCTAVO_D16(c, i) OCTAVO_D8(c, i), OCTAVO_D8(c, i + 8)
#define OCTAVO_D32(c, i) OCTAVO_D16(c, i), OCTAVO_D16(c, i + 16)
#define OCTAVO_D64(c, i) OCTAVO_D32(c, i), OCTAVO_D32(c, i + 32)

// o0 to o5: the operands after the COUNT accumulators.
#define OCTAVO_SHARED(NAME, T, C, N, COUNT, TYPES, TAIL, o0, o1, o2)                                               \
  __device__ __forceinline__ static void NAME(T(&d)[COUNT], uint64_t a, uint64_t b, int accumulate) {              \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " o2 ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N TYPES         \
                 " {" OCTAVO_REGS##COUNT "}, " o0 ", " o1 ", p" TAIL ";\n}\n"                                       \
                 : OCTAVO_D##COUNT(C, 0)                                                                           \
                 : "l"(a), "l"(b), "r"(accumulate));                                                               \
  }

#define OCTAVO_REGISTERS(NAME, N, COUNT, TYPES, TAIL, o0, o1, o2, o3, o4, o5)                                      \
  __device__ __forceinline__ static void NAME(float(&d)[COUNT], const uint32_t* a, uint64_t b, int accumulate) {   \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " o5 ", 0;\nwgmma.mma_async.sync.aligned.m64n" #N TYPES         \
                 " {" OCTAVO_REGS##COUNT "}, {" o0 ", " o1 ", " o2 ", " o3 "}, " o4 ", p" TAIL ";\n}\n"             \
                 : OCTAVO_D##COUNT("+f", 0)                                                                        \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));                           \
  }

template <int N>
struct TokenProduct;

#define OCTAVO_TOKEN_PRODUCT(N, COUNT, o0, o1, o2, o3, o4, o5)                                                     \
  template <>                                                                                                      \
  struct TokenProduct<N> {                                                                                         \
    OCTAVO_SHARED(e4m3, float, "+f", N, COUNT, "k32.f32.e4m3.e4m3", ", 1, 1", o0, o1, o2)                          \
    OCTAVO_SHARED(int8, int, "+r", N, COUNT, "k32.s32.s8.s8", "", o0, o1, o2)                                      \
    OCTAVO_SHARED(bf16, float, "+f", N, COUNT, "k16.f32.bf16.bf16", ", 1, 1, 0, 0", o0, o1, o2)                    \
    OCTAVO_REGISTERS(e4m3, N, COUNT, "k32.f32.e4m3.e4m3", ", 1, 1", o0, o1, o2, o3, o4, o5)                        \
    OCTAVO_REGISTERS(bf16, N, COUNT, "k16.f32.bf16.bf16", ", 1, 1, 0", o0, o1, o2, o3, o4, o5)                     \
  };

OCTAVO_TOKEN_PRODUCT(8, 4, "%4", "%5", "%6", "%7", "%8", "%9")
OCTAVO_TOKEN_PRODUCT(16, 8, "%8", "%9", "%10", "%11", "%12", "%13")
OCTAVO_TOKEN_PRODUCT(32, 16, "%16", "%17", "%18", "%19", "%20", "%21")
OCTAVO_TOKEN_PRODUCT(64, 32, "%32", "%33", "%34", "%35", "%36", "%37")
OCTAVO_TOKEN_PRODUCT(128, 64, "%64", "%65", "%66", "%67", "%68", "%69")

#undef OCTAVO_TOKEN_PRODUCT
#undef OCTAVO_REGISTERS
#undef OCTAVO_SHARED

template <int n>
__device__ __forceinline__ void pin(int (&values)[n]) {
#pragma unroll
  for (int i = 0; i < n; i++) asm volatile("" : "+r"(values[i])::"memory");
}

// Clusters: blocks that see one another's shared memory.
__device__ __forceinline__ uint32_t cluster_size() {
  uint32_t size;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}

// Four floats to this place in the shared memory of block `rank`; counted by the barrier at that block's `barrier`.
__device__ __forceinline__ void send_floats(uint32_t address, uint32_t barrier, uint32_t rank, float4 v) {
  asm volatile(
      "{\n.reg .b32 place, counter;\nmapa.shared::cluster.u32 place, %0, %2;\nmapa.shared::cluster.u32 counter, %1, %2;\n"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [place], {%3, %4, %5, %6}, [counter];\n}" ::"r"(address),
      "r"(barrier), "r"(rank), "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w)
      : "memory");
}

// The same of two floats.
__device__ __forceinline__ void send_pair(uint32_t address, uint32_t barrier, uint32_t rank, float a, float b) {
  asm volatile(
      "{\n.reg .b32 place, counter;\nmapa.shared::cluster.u32 place, %0, %2;\nmapa.shared::cluster.u32 counter, %1, %2;\n"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [place], {%3, %4}, [counter];\n}" ::"r"(address),
      "r"(barrier), "r"(rank), "f"(a), "f"(b)
      : "memory");
}

// The kernel after this one may start; it waits for our memory by `wait_for_previous`. Both do nothing where launches are
// not chained.
__device__ __forceinline__ void let_next_start() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }

__device__ __forceinline__ void wait_for_previous() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

#endif  // OCTAVO_SM90A

}  // namespace octavo
