// Hopper's asynchronous machinery: transaction barriers, the bulk copy engine, named barriers, register budgets.
//
// Shared memory is addressed by 32-bit offsets in the shared window (`shared_address`), as every instruction here wants it.
// Barriers complete by phases; a waiter names the parity of the phase that it waits for. A fresh barrier is in phase 0, so
// waiting for parity 1 returns at once: consumers start at parity 0, producers of empty slots at parity 1.
#pragma once
#include <cstdint>

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define OCTAVO_SM90A 1
#endif

namespace octavo {

// A cuTensorMapEncodeTiled descriptor; opaque.
struct alignas(64) TensorMap {
  uint64_t words[16];
};

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

#ifdef OCTAVO_SM90A

// A launch with less dynamic shared memory than the kernel counts on fails instead of corrupting.
__device__ __forceinline__ void require_shared(uint32_t bytes) {
  uint32_t given;
  asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(given));
  if (given < bytes) __trap();
}

__device__ __forceinline__ void barrier_init(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals));
}

// Makes initialised barriers visible to the copy engine; a __syncthreads must follow.
__device__ __forceinline__ void barrier_init_fence() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ __forceinline__ void barrier_arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

// A warp arrives by one of its lanes, after all. racecheck does not see that __syncwarp orders what the others did, and reports
// races; so that it has something to follow, kernels built with OCTAVO_RACECHECK (-Dcuda.options=-DOCTAVO_RACECHECK) arrive by
// all lanes. Barriers that warps arrive at count WARP_ARRIVALS for each.
#ifdef OCTAVO_RACECHECK
constexpr int WARP_ARRIVALS = 32;
#else
constexpr int WARP_ARRIVALS = 1;
#endif

__device__ __forceinline__ bool arrives_for_warp(int lane) { return WARP_ARRIVALS > 1 || lane == 0; }

__device__ __forceinline__ void warp_arrive(uint32_t barrier) {
  __syncwarp();
  if (arrives_for_warp(threadIdx.x % 32)) barrier_arrive(barrier);
}

// Arrives at the barrier of this place in block `rank` of the cluster. Says only that this thread is done with reading: a
// release in the scope of the cluster would wait for all its memory accesses.
__device__ __forceinline__ void barrier_arrive_at(uint32_t barrier, uint32_t rank) {
  asm volatile(
      "{\n.reg .b32 remote;\n"
      "mapa.shared::cluster.u32 remote, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [remote];\n}" ::"r"(barrier),
      "r"(rank)
      : "memory");
}

// Place in the cluster, which is a line of blocks.
__device__ __forceinline__ uint32_t cluster_rank() {
  uint32_t rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

// The two halves of waiting for a cluster's blocks to have begun and initialised their barriers; whole warps.
__device__ __forceinline__ void cluster_arrive() { asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory"); }

__device__ __forceinline__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }

__device__ __forceinline__ void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}

__device__ __forceinline__ void barrier_arrive_expecting(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}

__device__ __forceinline__ void barrier_wait(uint32_t barrier, uint32_t parity) {
  uint32_t done;
  do {
    asm volatile(
        "{\n.reg .pred p;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
        "selp.u32 %0, 1, 0, p;\n}"
        : "=r"(done)
        : "r"(barrier), "r"(parity)
        : "memory");
  } while (!done);
}

// Box of a 4-D tensor map {column, head, time, batch} into shared memory; completes on `barrier`.
__device__ __forceinline__ void load_box(
    uint32_t destination, const TensorMap* map, uint32_t barrier, int column, int head, int time, int batch) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(
          destination),
      "l"(map), "r"(barrier), "r"(column), "r"(head), "r"(time), "r"(batch)
      : "memory");
}

// The other way: a box of a tensor map out of shared memory; what lies outside the tensor is left out.
__device__ __forceinline__ void store_box(const TensorMap* map, uint32_t source, int column, int head, int time,
                                          int batch) {
  asm volatile(
      "cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];" ::"l"(map), "r"(source),
      "r"(column), "r"(head), "r"(time), "r"(batch)
      : "memory");
}

// Box of a matrix {column, row}.
__device__ __forceinline__ void load_box(
    uint32_t destination, const TensorMap* map, uint32_t barrier, int column, int row) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(
          destination),
      "l"(map), "r"(barrier), "r"(column), "r"(row)
      : "memory");
}

// The same box to the same place of each block of the cluster in `blocks`; completes on the barrier at that place.
__device__ __forceinline__ void load_box_to_all(
    uint32_t destination, const TensorMap* map, uint32_t barrier, int column, int row, uint16_t blocks) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, "
      "%4}], [%2], %5;" ::"r"(destination),
      "l"(map), "r"(barrier), "r"(column), "r"(row), "h"(blocks)
      : "memory");
}

__device__ __forceinline__ void store_box(const TensorMap* map, uint32_t source, int column, int row) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%2, %3}], [%1];" ::"l"(map), "r"(source),
               "r"(column), "r"(row)
               : "memory");
}

// Contiguous bytes (multiple of 16, 16-byte aligned) into shared memory; completes on `barrier`.
__device__ __forceinline__ void load_bytes(uint32_t destination, const void* source, uint32_t bytes, uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(destination),
      "l"(source), "r"(bytes), "r"(barrier)
      : "memory");
}

// global[i] += shared[i] over FP32 values; contiguous, 16-byte aligned.
__device__ __forceinline__ void reduce_add_floats(float* destination, uint32_t source, uint32_t bytes) {
  asm volatile("cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%0], [%1], %2;" ::"l"(destination),
               "r"(source), "r"(bytes)
               : "memory");
}

__device__ __forceinline__ void bulk_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }

// Until the sources of all committed bulk groups of this thread have been read.
__device__ __forceinline__ void bulk_wait_read() { asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory"); }

__device__ __forceinline__ void bulk_wait() { asm volatile("cp.async.bulk.wait_group 0;" ::: "memory"); }

// Orders this thread's ordinary shared stores before later reads by tensor cores and copy engine.
__device__ __forceinline__ void shared_proxy_fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

__device__ __forceinline__ void named_sync(int id, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ __forceinline__ void named_arrive(int id, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

template <int registers>
__device__ __forceinline__ void grow_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}

template <int registers>
__device__ __forceinline__ void shrink_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}

// Four 8x8 BF16 matrices; lane l gives the address of row l % 8 of matrix l / 8.
__device__ __forceinline__ void store_matrices(uint32_t address, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared::cta.b16 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(a), "r"(b),
               "r"(c), "r"(d)
               : "memory");
}

__device__ __forceinline__ float load_float(uint32_t address) {
  float v;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(address));
  return v;
}

__device__ __forceinline__ float2 load_float2(uint32_t address) {
  float2 v;
  asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(v.x), "=f"(v.y) : "r"(address));
  return v;
}

__device__ __forceinline__ void store_floats(uint32_t address, float a, float b, float c, float d) {
  asm volatile("st.shared::cta.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(a), "f"(b), "f"(c), "f"(d)
               : "memory");
}

#endif  // OCTAVO_SM90A

}  // namespace octavo
