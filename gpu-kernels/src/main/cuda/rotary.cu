// Rotary position embedding in place on the first `heads` heads of rows of x [M, W], half-split: of
// the D channels of a head, j and j + D / 2 turn by the angle of (position, j). Numbers are F32 or
// BF16; cosine and sine [P, D / 2] and all arithmetic are F32.
//
//   forward:  low' = low c - high s, high' = high c + low s;  backward: the same with -s
//
// rotate_<type>_x<WIDTH>  WIDTH 8 needs D % 16 == 0, W % 8 == 0 and pointers aligned to 16 bytes.
//     A row is cut into items: a turn takes WIDTH pairs of HEADS_AHEAD heads, so that an angle is
//     read once for them; a scan takes HEADS_AHEAD packs of the columns after the heads, only for
//     their amax, and there are none where block_amax is nobody's wish (scanned == 0). All turns
//     come before all scans: the lanes of a warp would else wait for each other. Persistent grid;
//     leaves block_amax[block] of the whole rows where scanned == 1.

#include "vectors.cuh"
#include "walk.cuh"

constexpr int HEADS_AHEAD = 4;

template <int WIDTH, typename T>
struct Rotation {
  T* x;
  int heads;
  int half;
  int columns;
  const float* cosine;
  const float* sine;
  float direction;

  __device__ __forceinline__ T* row(int64_t index) const { return x + index * columns; }

  __device__ __forceinline__ void turn(T* row, int64_t position, int item, Amax<T>& amax) const {
    int packs = half / WIDTH;
    int channel = item % packs * WIDTH;
    int head = item / packs * HEADS_AHEAD;
    Pack<T, WIDTH> low[HEADS_AHEAD];
    Pack<T, WIDTH> high[HEADS_AHEAD];
#pragma unroll
    for (int h = 0; h < HEADS_AHEAD; h++) {
      if (head + h < heads) {
        T* at = row + (head + h) * 2 * half + channel;
        low[h].load(at);
        high[h].load(at + half);
      }
    }
    Pack<float, WIDTH> c;
    Pack<float, WIDTH> s;
    c.load(cosine + position * half + channel);
    s.load(sine + position * half + channel);
#pragma unroll
    for (int h = 0; h < HEADS_AHEAD; h++) {
      if (head + h < heads) {
        float lower[WIDTH];
        float higher[WIDTH];
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
          float sin = direction * s.value(i);
          lower[i] = low[h].value(i) * c.value(i) - high[h].value(i) * sin;
          higher[i] = high[h].value(i) * c.value(i) + low[h].value(i) * sin;
        }
        low[h].set(lower);
        high[h].set(higher);
        T* at = row + (head + h) * 2 * half + channel;
        low[h].store(at);
        high[h].store(at + half);
        amax.add(low[h]);
        amax.add(high[h]);
      }
    }
  }

  __device__ __forceinline__ void scan(const T* row, int item, Amax<T>& amax) const {
    int first = heads * 2 * half + item * HEADS_AHEAD * WIDTH;
    Pack<T, WIDTH> packs[HEADS_AHEAD];
#pragma unroll
    for (int p = 0; p < HEADS_AHEAD; p++) {
      if (first + p * WIDTH < columns) {
        packs[p].load(row + first + p * WIDTH);
      }
    }
#pragma unroll
    for (int p = 0; p < HEADS_AHEAD; p++) {
      if (first + p * WIDTH < columns) {
        amax.add(packs[p]);
      }
    }
  }
};

template <int WIDTH, typename T>
__device__ __forceinline__ void rotate(const Rotation<WIDTH, T>& rotation, const int* positions,
                                       int rows, int scanned, float* block_amax) {
  constexpr int SCANNED = HEADS_AHEAD * WIDTH;
  int turns = (rotation.heads + HEADS_AHEAD - 1) / HEADS_AHEAD * (rotation.half / WIDTH);
  int rest = rotation.columns - rotation.heads * 2 * rotation.half;
  int scans = scanned ? (rest + SCANNED - 1) / SCANNED : 0;
  Amax<T> amax;
  for (Walk walk(turns); walk.row < rows; walk.next()) {
    rotation.turn(rotation.row(walk.row), positions[walk.row], walk.pack, amax);
  }
  if (scans > 0) {
    for (Walk walk(scans); walk.row < rows; walk.next()) {
      rotation.scan(rotation.row(walk.row), walk.pack, amax);
    }
  }
  if (scanned) {
    store_block_amax(amax.value(), block_amax);
  }
}

#define ROTATE(NAME, T, WIDTH)                                                                      \
  extern "C" __global__ void rotate_##NAME##_x##WIDTH(                                              \
      T* x, int rows, int columns, int heads, int half, const int* positions, const float* cosine,  \
      const float* sine, float direction, int scanned, float* block_amax) {                         \
    rotate(Rotation<WIDTH, T>{x, heads, half, columns, cosine, sine, direction}, positions, rows,   \
           scanned, block_amax);                                                                    \
  }

ROTATE(f32, float, 8)
ROTATE(f32, float, 1)
ROTATE(bf16, bf16, 8)
ROTATE(bf16, bf16, 1)
