package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.Tensors;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** BF16 attention against the reference on the same numbers. */
@Gpu
class TestCudaAttentionKernels {

  /** Values and gradients are rounded to 8 bits of significand, weights and dS within, too. */
  private static final double LIMIT = 6e-3;

  private CudaBackend backend;
  private DeviceTensors device;
  private Tensors host;

  @BeforeEach
  void open() {
    backend = CudaBackend.open(0);
    device = new DeviceTensors(backend);
    host = new Tensors(new ReferenceBackend());
  }

  @AfterEach
  void close() throws Exception {
    host.close();
    device.close();
    backend.close();
  }

  /** Sequences, their length, query heads, key/value heads, head size, length of a document. */
  @ParameterizedTest
  @CsvSource({
    "1,1,1,1,64,1",
    "3,63,4,1,64,17",
    "2,200,4,4,128,200",
    "1,513,6,2,64,513",
    "2,513,2,1,128,100",
    "1,640,2,2,64,130",
    "2,77,4,2,80,30",
  })
  void agreesWithTheReference(
      int batch, int time, int heads, int keyHeads, int headSize, int document) {
    Geometry g = new Geometry(batch, time, heads, keyHeads, headSize);
    short[] qkv = normal(1, g.rows() * g.qkvWidth());
    short[] dout = normal(2, g.rows() * g.queryWidth());
    int[] starts = new int[g.rows()];
    Arrays.setAll(starts, row -> row % time / document * document);

    Tensor start = host.ints(starts);
    Tensor x = host.of(floats(qkv), g.rows(), g.qkvWidth());
    Tensor out = host.zeros(g.rows(), g.queryWidth());
    Tensor lse = host.zeros(g.rows(), heads);
    Tensor dx = host.zeros(g.rows(), g.qkvWidth());
    AttentionKernels reference = new ReferenceBackend().attention();
    Tensor workspace = host.zeros(Math.max(1, reference.workspaceElements(g)));
    reference.forward(g, x, start, out, lse);
    Tensor dy = host.of(floats(dout), g.rows(), g.queryWidth());
    reference.backward(g, x, start, out, lse, dy, dx, workspace);

    Tensor deviceStart = device.ofInts(starts, g.rows());
    Tensor deviceX = device.ofBf16(qkv, g.rows(), g.qkvWidth());
    Tensor deviceOut = device.empty(DataType.BF16, g.rows(), g.queryWidth());
    Tensor deviceLse = device.empty(DataType.F32, g.rows(), heads);
    // Results must be overwritten, whatever was there.
    Tensor deviceDx = device.ofBf16(normal(3, g.rows() * g.qkvWidth()), g.rows(), g.qkvWidth());
    Tensor deviceDy = device.ofBf16(dout, g.rows(), g.queryWidth());
    AttentionKernels attention = backend.attention();
    Tensor scratch = device.empty(DataType.F32, attention.workspaceElements(g));
    attention.forward(g, deviceX, deviceStart, deviceOut, deviceLse);
    attention.backward(g, deviceX, deviceStart, deviceOut, deviceLse, deviceDy, deviceDx, scratch);

    same(device.floats(deviceLse), Tensors.floats(lse), 1e-5);
    same(device.floats(deviceOut), Tensors.floats(out), LIMIT);
    same(device.floats(deviceDx), Tensors.floats(dx), LIMIT);
  }

  private static void same(float[] actual, float[] expected, double limit) {
    assertThat(Tensors.relativeError(actual, expected)).isLessThan(limit);
  }

  private static short[] normal(long seed, int size) {
    RandomStream random = new RandomStream(seed, 0);
    short[] values = new short[size];
    for (int i = 0; i < size; i++) {
      values[i] = Bfloat16.encode((float) random.normal(i));
    }
    return values;
  }

  private static float[] floats(short[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = Bfloat16.decode(values[i]);
    }
    return result;
  }
}
