// SiLU of a gate, and its derivative. One definition, so that whoever computes it gets the same bits.
// By the approximate instructions for powers of two and reciprocals, of a relative error of 2^-22 and
// 2^-23; without their forms for numbers below 2^-126, which 1 + exp(-x) never is.
#pragma once

struct Gate {
  float share;  // 1 / (1 + exp(-x))
  float silu;

  __device__ __forceinline__ explicit Gate(float x) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x * -1.4426950408889634f));
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(share) : "f"(1.0f + power));
    silu = x * share;
  }

  __device__ __forceinline__ float slope() const { return share + silu * (1 - share); }
};
