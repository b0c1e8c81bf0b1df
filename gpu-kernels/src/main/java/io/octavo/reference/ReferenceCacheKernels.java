package io.octavo.reference;

import io.octavo.format.ElementFormat;
import io.octavo.format.Half;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.CacheKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Optional;

/**
 * Attention over pages in double. A page lies as head, then keys and values, then position: codes
 * one after the other, low nibble first; then the scales in the same order.
 */
final class ReferenceCacheKernels implements CacheKernels {

  private static final int KEYS = 0;
  private static final int VALUES = 1;

  @Override
  public void append(Geometry geometry, Tensor qkv, Tensor slots, Tensor pool) {
    FloatBuffer rows = HostBuffer.of(qkv).floats();
    IntBuffer places = HostBuffer.of(slots).ints();
    for (int m = 0; m < qkv.rows(); m++) {
      int slot = places.get(m);
      if (slot < 0) {
        continue;
      }
      for (int head = 0; head < geometry.keyValueHeads(); head++) {
        for (int part = KEYS; part <= VALUES; part++) {
          int column =
              (geometry.queryHeads() + part * geometry.keyValueHeads() + head)
                  * geometry.headSize();
          float[] values = new float[geometry.headSize()];
          rows.get(m * geometry.qkvWidth() + column, values);
          new Line(geometry, pool, slot, head, part).write(values);
        }
      }
    }
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
    int size = geometry.headSize();
    FloatBuffer rows = HostBuffer.of(qkv).floats();
    FloatBuffer result = HostBuffer.of(out).floats();
    for (int m = 0; m < qkv.rows(); m++) {
      int length = HostBuffer.of(lengths).ints().get(m);
      int table = HostBuffer.of(sequence).ints().get(m) * blockTable.columns();
      for (int head = 0; head < geometry.queryHeads(); head++) {
        float[] query = new float[size];
        rows.get(m * geometry.qkvWidth() + head * size, query);
        double[] mean = new double[size];
        int shared = head / geometry.group();
        double[] weights = new double[length];
        double largest = Double.NEGATIVE_INFINITY;
        int first = geometry.firstSeen(length);
        for (int j = first; j < length; j++) {
          double[] key = line(geometry, pool, blockTable, table, j, shared, KEYS).read();
          for (int d = 0; d < size; d++) {
            weights[j] += query[d] * key[d];
          }
          weights[j] *= geometry.scale();
          largest = Math.max(largest, weights[j]);
        }
        double sum = 0;
        for (int j = first; j < length; j++) {
          double weight = Math.exp(weights[j] - largest);
          double[] value = line(geometry, pool, blockTable, table, j, shared, VALUES).read();
          for (int d = 0; d < size; d++) {
            mean[d] += weight * value[d];
          }
          sum += weight;
        }
        for (int d = 0; d < size && length > 0; d++) {
          result.put((m * geometry.queryHeads() + head) * size + d, (float) (mean[d] / sum));
        }
      }
    }
  }

  private static Line line(
      Geometry geometry, Tensor pool, Tensor blockTable, int table, int j, int head, int part) {
    int page = HostBuffer.of(blockTable).ints().get(table + j / PAGE);
    return new Line(geometry, pool, page * PAGE + j % PAGE, head, part);
  }

  /** One key or value of one head in a page. */
  private record Line(Geometry geometry, Tensor pool, int slot, int head, int part) {

    private ByteBuffer page() {
      long bytes =
          CacheKernels.pageBytes(geometry.format(), geometry.keyValueHeads(), geometry.headSize());
      long from = slot / PAGE * bytes;
      return HostBuffer.of(pool.range(from, from + bytes)).byteView();
    }

    private int index() {
      return (head * 2 + part) * PAGE + slot % PAGE;
    }

    private int lineBytes() {
      return geometry.headSize() * geometry.format().bits() / 8;
    }

    private int scaleAt() {
      return 2 * geometry.keyValueHeads() * PAGE * lineBytes() + 4 * index();
    }

    void write(float[] values) {
      ByteBuffer page = page();
      int at = index() * lineBytes();
      Optional<ElementFormat> element = geometry.format().element();
      if (element.isEmpty()) {
        for (int d = 0; d < values.length; d++) {
          page.putShort(at + 2 * d, Half.encode(values[d]));
        }
        return;
      }
      float amax = 0;
      for (float value : values) {
        amax = Math.max(amax, Math.abs(value));
      }
      float scale = ScaleFormat.FP32.scaleFor(amax, element.get());
      page.putFloat(scaleAt(), scale);
      for (int d = 0; d < values.length; d++) {
        int code = element.get().encode(values[d] / scale, Rounding.NEAREST_EVEN, 0);
        int bits = element.get().bits();
        int place = at + d * bits / 8;
        int shift = d * bits % 8;
        int kept = shift == 0 ? 0 : page.get(place) & (1 << shift) - 1;
        page.put(place, (byte) (kept | code << shift));
      }
    }

    double[] read() {
      ByteBuffer page = page();
      int at = index() * lineBytes();
      Optional<ElementFormat> element = geometry.format().element();
      double[] values = new double[geometry.headSize()];
      for (int d = 0; d < values.length; d++) {
        if (element.isEmpty()) {
          values[d] = Half.decode(page.getShort(at + 2 * d));
          continue;
        }
        int bits = element.get().bits();
        int code = (page.get(at + d * bits / 8) & 0xFF) >> d * bits % 8 & (1 << bits) - 1;
        values[d] = (double) element.get().decode(code) * page.getFloat(scaleAt());
      }
      return values;
    }
  }
}
