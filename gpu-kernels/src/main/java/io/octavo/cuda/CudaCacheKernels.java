package io.octavo.cuda;

import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.ServedLayers;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Keys and values in pages, and attention over them; see paged_attention.cu. */
final class CudaCacheKernels implements CacheKernels {

  /** Head sizes that tensor cores take; others go by the plain kernel. */
  private static final Set<Integer> TILED_HEAD_SIZES = Set.of(32, 64, 128);

  /** Keys of a tile, and pairs of a row and a query head of a block. */
  private static final int TILE = 64;

  private static final int THREADS = 128;
  private static final int WARP = 32;

  /** Rows up to which each tile of keys has its own block. */
  private static final int MOST_SPLIT_ROWS = 512;

  /** {@code ByCluster} of paged_attention.cu. */
  private static final int MOST_TILES_TOGETHER = 8;

  private static final int MOST_HEADS_TOGETHER = 16;

  private static final int MOST_COUNTERS = 1 << 16;
  private static final int PARTIAL_NUMBERS = 32 << 20;

  /** {@code struct CacheWork}: eight addresses, seven numbers and the scale. */
  private static final int WORK_BYTES = 8 * Long.BYTES + 8 * Integer.BYTES;

  private static final double LOG2_E = 1.4426950408889634;

  private final CudaContext context;
  private final KernelModule module;
  private final Map<String, Kernel> kernels = new HashMap<>();
  private Optional<Scratch> scratch = Optional.empty();

  /** What blocks of one row leave each other. */
  private record Scratch(Tensor partials, Tensor counters) {}

  CudaCacheKernels(CudaContext context) {
    this.context = context;
    this.module = context.module("paged_attention");
  }

  @Override
  public void append(Geometry geometry, Tensor qkv, Tensor slots, Tensor pool) {
    kernel("append_" + name(geometry))
        .launchChained(
            Grid.of(qkv.rows(), geometry.keyValueHeads(), 2 * WARP),
            Cluster.NONE,
            (Object) appended(geometry, qkv, slots, pool, 0, 0, 0));
  }

  /** Heads up to which {@link #rotateAppend} goes. */
  static final int LARGEST_ROTATED_HEAD = 256;

  /** {@link ServedLayers#rotateAppend}. */
  void rotateAppend(Geometry geometry, Tensor qkv, ServedLayers.Places places, Tensor pool) {
    requireTurns(geometry, places.cosine());
    int warps = THREADS / WARP;
    int heads = geometry.queryHeads() + 2 * geometry.keyValueHeads();
    kernel("rotate_append_" + name(geometry))
        .launchChained(
            Grid.of(qkv.rows(), (heads + warps - 1) / warps, THREADS),
            Cluster.NONE,
            (Object) appended(geometry, qkv, places, pool));
  }

  private static void requireTurns(Geometry geometry, Tensor cosine) {
    if (geometry.headSize() > LARGEST_ROTATED_HEAD || cosine.columns() * 2 != geometry.headSize()) {
      throw new IllegalArgumentException(
          "Cannot turn heads of %d by tables of %d columns on cuda (expected half, at most %d)"
              .formatted(geometry.headSize(), cosine.columns(), LARGEST_ROTATED_HEAD / 2));
    }
  }

  /** {@link ServedLayers#attendNext}: one kernel where each tile of keys can have a block. */
  void attendNext(
      Geometry geometry,
      Tensor qkv,
      ServedLayers.Places places,
      Tensor pool,
      ServedLayers.Sight sight,
      Tensor out) {
    int rows = qkv.rows();
    int tiles = tiles(sight.blockTable());
    if (!isSplit(geometry, rows, tiles)) {
      rotateAppend(geometry, qkv, places, pool);
      attend(geometry, qkv, pool, sight.blockTable(), sight.sequence(), sight.lengths(), out);
      return;
    }
    requireTurns(geometry, places.cosine());
    boolean together =
        tiles > 1 && tiles <= MOST_TILES_TOGETHER && geometry.group() <= MOST_HEADS_TOGETHER;
    kernel("attend_next_" + name(geometry) + "_" + geometry.headSize())
        .launchChained(
            Grid.of(rows, geometry.keyValueHeads(), tiles, THREADS)
                .withShared(sharedBytes(geometry)),
            together ? Cluster.alongZ(tiles) : Cluster.NONE,
            work(
                geometry,
                qkv,
                pool,
                sight.blockTable(),
                sight.sequence(),
                sight.lengths(),
                out,
                addresses()),
            appended(geometry, qkv, places, pool));
  }

  private static byte[] appended(
      Geometry geometry, Tensor qkv, ServedLayers.Places places, Tensor pool) {
    return appended(
        geometry,
        qkv,
        places.slots(),
        pool,
        DeviceBuffer.address(places.positions()),
        DeviceBuffer.address(places.cosine()),
        DeviceBuffer.address(places.sine()));
  }

  /** {@code struct AppendWork}. */
  private static byte[] appended(
      Geometry geometry,
      Tensor qkv,
      Tensor slots,
      Tensor pool,
      long positions,
      long cosine,
      long sine) {
    return ByteBuffer.allocate(6 * Long.BYTES + 4 * Integer.BYTES)
        .order(ByteOrder.nativeOrder())
        .putLong(DeviceBuffer.address(qkv))
        .putLong(DeviceBuffer.address(slots))
        .putLong(DeviceBuffer.address(pool))
        .putLong(positions)
        .putLong(cosine)
        .putLong(sine)
        .putInt(geometry.queryHeads())
        .putInt(geometry.keyValueHeads())
        .putInt(geometry.headSize())
        .putInt(pageBytes(geometry))
        .array();
  }

  @Override
  public void attend(
      Geometry geometry,
      Tensor qkv,
      Tensor pool,
      Tensor blockTable,
      Tensor sequence,
      Tensor lengths,
      Tensor out) {
    int rows = qkv.rows();
    int tiles = tiles(blockTable);
    boolean split = isSplit(geometry, rows, tiles);
    byte[] work =
        work(
            geometry, qkv, pool, blockTable, sequence, lengths, out, split ? addresses() : NOTHING);
    if (!TILED_HEAD_SIZES.contains(geometry.headSize())) {
      kernel("attend_plain_" + name(geometry))
          .launchChained(Grid.of(rows, geometry.queryHeads(), WARP), Cluster.NONE, (Object) work);
      return;
    }
    String tiled = name(geometry) + "_" + geometry.headSize();
    int shared = sharedBytes(geometry);
    if (split) {
      kernel("attend_split_" + tiled)
          .launchChained(
              Grid.of(rows, geometry.keyValueHeads(), tiles, THREADS).withShared(shared),
              Cluster.NONE,
              (Object) work);
    } else {
      long pairs = (long) rows * geometry.group();
      kernel("attend_" + tiled)
          .launchChained(
              Grid.of((pairs + TILE - 1) / TILE, geometry.keyValueHeads(), THREADS)
                  .withShared(shared),
              Cluster.NONE,
              (Object) work);
    }
  }

  /** Tiles of keys that the longest sequence of a table may have. */
  private static int tiles(Tensor blockTable) {
    return (blockTable.columns() * PAGE + TILE - 1) / TILE;
  }

  /** Keys and values of a tile in binary16, rows apart by 16 bytes. */
  private static int sharedBytes(Geometry geometry) {
    return 2 * TILE * (geometry.headSize() + 8) * Short.BYTES;
  }

  private static boolean isSplit(Geometry geometry, int rows, int tiles) {
    long numbers = (long) rows * geometry.queryHeads() * tiles * (geometry.headSize() + 2);
    return rows <= MOST_SPLIT_ROWS
        && (long) rows * geometry.keyValueHeads() <= MOST_COUNTERS
        && numbers <= PARTIAL_NUMBERS
        && TILED_HEAD_SIZES.contains(geometry.headSize());
  }

  private static final long[] NOTHING = {0, 0};

  /** Taken at the first step: a backend that trains has no use for it. */
  private long[] addresses() {
    if (scratch.isEmpty()) {
      scratch =
          Optional.of(
              new Scratch(
                  context.reserve(DataType.F32, PARTIAL_NUMBERS),
                  context.reserve(DataType.I32, MOST_COUNTERS)));
    }
    return new long[] {
      DeviceBuffer.address(scratch.get().partials()), DeviceBuffer.address(scratch.get().counters())
    };
  }

  private static byte[] work(
      Geometry geometry,
      Tensor qkv,
      Tensor pool,
      Tensor blockTable,
      Tensor sequence,
      Tensor lengths,
      Tensor out,
      long[] scratch) {
    ByteBuffer struct = ByteBuffer.allocate(WORK_BYTES).order(ByteOrder.nativeOrder());
    for (Tensor tensor : new Tensor[] {qkv, pool, blockTable, sequence, lengths, out}) {
      struct.putLong(DeviceBuffer.address(tensor));
    }
    return struct
        .putLong(scratch[0])
        .putLong(scratch[1])
        .putInt(qkv.rows())
        .putInt(geometry.queryHeads())
        .putInt(geometry.keyValueHeads())
        .putInt(geometry.headSize())
        .putInt(blockTable.columns())
        .putInt(geometry.window())
        .putInt(pageBytes(geometry))
        .putFloat((float) (geometry.scale() * LOG2_E))
        .array();
  }

  private static int pageBytes(Geometry geometry) {
    return Math.toIntExact(
        CacheKernels.pageBytes(geometry.format(), geometry.keyValueHeads(), geometry.headSize()));
  }

  private static String name(Geometry geometry) {
    return geometry.format().name().toLowerCase(Locale.ROOT);
  }

  private Kernel kernel(String name) {
    return kernels.computeIfAbsent(name, module::kernel);
  }
}
