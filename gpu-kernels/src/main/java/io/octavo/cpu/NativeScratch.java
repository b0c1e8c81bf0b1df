package io.octavo.cpu;

import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.jspecify.annotations.Nullable;

/** Off-heap scratch for each thread: a few numbered areas that grow to the largest tile. */
final class NativeScratch implements AutoCloseable {

  private static final int AREAS = 4;

  /** One area as OpenBLAS and as Java see it. */
  record Area(HostBuffer memory, FloatPointer pointer, FloatBuffer values) {}

  private final List<HostBuffer> owned = new ArrayList<>();
  private final ThreadLocal<@Nullable Area[]> areas =
      ThreadLocal.withInitial(() -> new Area[AREAS]);

  /** This thread's area {@code index}, at least {@code elements} long. */
  Area area(int index, int elements) {
    @Nullable Area[] mine = areas.get();
    Area area = mine[index];
    if (area == null || area.memory().elements() < elements) {
      HostBuffer memory = HostBuffer.allocate(elements * 4L, () -> {});
      synchronized (owned) {
        owned.add(memory);
      }
      HostBuffer window = memory.window(DataType.F32, 0, elements);
      area = new Area(window, window.floatPointer(), window.floats());
      mine[index] = area;
    }
    return area;
  }

  @Override
  public void close() {
    synchronized (owned) {
      owned.forEach(HostBuffer::close);
      owned.clear();
    }
  }
}
