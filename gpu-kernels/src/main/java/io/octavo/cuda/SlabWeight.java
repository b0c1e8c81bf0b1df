package io.octavo.cuda;

import io.octavo.kernel.PackedWeight;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * A weight in slabs, as the kernels of linear.cu multiply it.
 *
 * @param slabs of {@code form}, row of slabs by row of slabs
 * @param chunkScales FP32 {@code [tiles, chunks, 64]}; none where rows have one scale
 * @param rowScales FP32 {@code [N]}; none where chunks have scales, or nothing has
 * @param bias FP32 {@code [N]}
 * @param gated whether its rows are gates above as many ups, which lie side by side in the tiles
 */
record SlabWeight(
    Shape shape,
    WeightScheme scheme,
    SlabForm form,
    Buffer slabs,
    Optional<Buffer> chunkScales,
    Optional<Buffer> rowScales,
    Optional<Buffer> bias,
    boolean gated)
    implements PackedWeight {

  /** Blocks that an H100 or H200 has room for at once: three on each of 132 multiprocessors. */
  static final int MOST_BLOCKS = 396;

  private static final int MOST_SEGMENTS = 4;

  int rows() {
    return Math.toIntExact(shape.extent(0));
  }

  /** Columns of a product: of gates and ups SwiGLU makes one. */
  int outputs() {
    return gated ? rows() / 2 : rows();
  }

  int columns() {
    return Math.toIntExact(shape.extent(1));
  }

  int slabsOfRow() {
    return form.slabs(columns());
  }

  int tiles() {
    return SlabForm.tiles(rows());
  }

  /**
   * Runs of slabs that are summed by themselves: enough for all multiprocessors to read a part of
   * the weight. The weight alone decides, so that results do not depend on the number of rows.
   */
  int segments() {
    int segments = 1;
    while (2 * tiles() * segments <= MOST_BLOCKS
        && segments < MOST_SEGMENTS
        && slabsOfRow() >= 2 * segments) {
      segments *= 2;
    }
    return segments;
  }

  private List<Buffer> buffers() {
    return List.of(Optional.of(slabs), chunkScales, rowScales, bias).stream()
        .flatMap(Optional::stream)
        .toList();
  }

  @Override
  public long bytes() {
    return buffers().stream().mapToLong(Buffer::bytes).sum();
  }

  @Override
  public void close() {
    buffers().forEach(Buffer::close);
  }
}
