package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.LinearKernelsContract.Activations;
import io.octavo.quant.Granularity;
import io.octavo.quant.RandomStream;
import io.octavo.quant.WeightScheme;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs of operations against the same operations one by one on the reference. */
public abstract class ServedLayersContract {

  private static final int INPUTS = 264;

  /** Also some that are no multiple of anything. */
  private static final int[] OUTPUTS = {132, 37, 50};

  private static final float EPSILON = 1e-5f;

  protected abstract Backend open();

  /** Largest relative error where inputs are not cast. */
  protected abstract double limit();

  /** Of inputs that fall on the other side of a code's border. */
  private static final double CAST_LIMIT = 2e-2;

  private enum Operation {
    NORM_LINEAR,
    LINEAR_ADD,
    NORM_SWIGLU
  }

  private static float[] random(int count, int stream) {
    RandomStream random = new RandomStream(3, stream);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = io.octavo.format.Bfloat16.round((float) random.normal(i));
    }
    return values;
  }

  private static PackedWeight weight(
      Backend backend, Operation operation, WeightScheme scheme, int outputs) {
    if (operation == Operation.NORM_SWIGLU) {
      HostWeight gates = LinearKernelsContract.weight(scheme, 2 * outputs, INPUTS, DataType.BF16);
      return backend.linear().packGated(gates);
    }
    return backend
        .linear()
        .pack(LinearKernelsContract.weight(scheme, outputs, INPUTS, DataType.BF16));
  }

  private static float[] run(
      Backend backend,
      ServedLayers layers,
      Operation operation,
      WeightScheme scheme,
      int rows,
      int outputs)
      throws Exception {
    try (Tensors tensors = new Tensors(backend);
        PackedWeight weight = weight(backend, operation, scheme, outputs)) {
      Tensor x = Activations.of(backend, tensors, random(rows * INPUTS, 1), rows, INPUTS);
      Tensor y = Activations.of(backend, tensors, random(rows * outputs, 2), rows, outputs);
      Tensor gain = tensors.of(random(INPUTS, 3), INPUTS);
      ServedLayers.Scratch scratch =
          new ServedLayers.Scratch(
              Activations.empty(backend, tensors, rows, INPUTS),
              tensors.zeros(rows).reshape(rows, 1),
              Activations.empty(backend, tensors, rows, outputs),
              Activations.empty(backend, tensors, rows, 2 * outputs),
              tensors.zeros(
                  backend.linear().workspaceElements(weight.shape(), weight.scheme(), rows) + 1));
      switch (operation) {
        case NORM_LINEAR -> layers.normLinear(x, gain, EPSILON, weight, y, scratch);
        case LINEAR_ADD -> layers.linearAdd(x, weight, y, scratch);
        case NORM_SWIGLU -> layers.normSwiGlu(x, gain, EPSILON, weight, y, scratch);
      }
      backend.synchronize();
      return tensors.read(y);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 70})
  void layersAreTheirOperationsOneByOne(int rows) throws Exception {
    try (Backend backend = open();
        ReferenceBackend reference = new ReferenceBackend()) {
      for (Operation operation : Operation.values()) {
        for (WeightScheme scheme :
            new WeightScheme[] {
              WeightScheme.dense(),
              WeightScheme.fp8(new Granularity.PerRow()),
              WeightScheme.int8(),
              WeightScheme.w4a8(new io.octavo.format.IntegerFormat(4), 64)
            }) {
          for (int outputs : OUTPUTS) {
            float[] actual = run(backend, backend.servedLayers(), operation, scheme, rows, outputs);
            float[] expected =
                run(reference, new ComposedLayers(reference), operation, scheme, rows, outputs);
            boolean cast = scheme.activation().element().isPresent();
            assertThat(Tensors.relativeError(actual, expected))
                .as("%s of %s to %d", operation, scheme, outputs)
                .isLessThan(cast ? CAST_LIMIT : limit());
          }
        }
      }
    }
  }

  /** Rows alone, which some backends take another way, and among others. */
  @Test
  void aRowHasTheSameBitsAloneAndBesideOthers() throws Exception {
    try (Backend backend = open()) {
      for (Operation operation : Operation.values()) {
        for (WeightScheme scheme :
            new WeightScheme[] {
              WeightScheme.fp8(new Granularity.PerRow()), WeightScheme.w4a8(ElementFormat.E2M1, 128)
            }) {
          ServedLayers layers = backend.servedLayers();
          float[] alone = run(backend, layers, operation, scheme, 1, 132);
          float[] many = run(backend, layers, operation, scheme, 5, 132);
          assertThat(Arrays.copyOf(many, 132)).as("%s of %s", operation, scheme).isEqualTo(alone);
        }
      }
    }
  }

  /** Attention over what was turned and appended, against the reference's. */
  @ParameterizedTest
  @EnumSource(CacheFormat.class)
  void turnsAndAppends(CacheFormat format) throws Exception {
    try (Backend backend = open();
        ReferenceBackend reference = new ReferenceBackend()) {
      CacheKernels.Geometry geometry = new CacheKernels.Geometry(format, 4, 2, 64, 0.125f, 0);
      float[] actual = attended(backend, backend.servedLayers(), geometry);
      float[] expected = attended(reference, new ComposedLayers(reference), geometry);
      assertThat(Tensors.relativeError(actual, expected))
          .isLessThan(format == CacheFormat.FP16 ? 2 * limit() : CAST_LIMIT);
    }
  }

  private static float[] attended(
      Backend backend, ServedLayers layers, CacheKernels.Geometry geometry) throws Exception {
    int rows = 19;
    int half = geometry.headSize() / 2;
    try (Tensors tensors = new Tensors(backend)) {
      long page =
          CacheKernels.pageBytes(geometry.format(), geometry.keyValueHeads(), geometry.headSize());
      Tensor pool = tensors.empty(DataType.U8, 3 * page);
      int[] slots = new int[rows];
      int[] positions = new int[rows];
      int[] lengths = new int[rows];
      for (int r = 0; r < rows; r++) {
        slots[r] = (r < 16 ? 2 : 1) * 16 + r % 16;
        positions[r] = r;
        lengths[r] = r + 1;
      }
      float[] cosine = new float[rows * half];
      float[] sine = new float[rows * half];
      for (int i = 0; i < cosine.length; i++) {
        cosine[i] = (float) Math.cos(0.3 * (i / half) / (1 + i % half));
        sine[i] = (float) Math.sin(0.3 * (i / half) / (1 + i % half));
      }
      Tensor qkv =
          Activations.of(
              backend, tensors, random(rows * geometry.qkvWidth(), 4), rows, geometry.qkvWidth());
      Tensor out =
          Activations.empty(backend, tensors, rows, geometry.queryHeads() * geometry.headSize());
      layers.rotateAppend(
          geometry,
          qkv,
          new ServedLayers.Places(
              tensors.ints(positions),
              tensors.of(cosine, rows, half),
              tensors.of(sine, rows, half),
              tensors.ints(slots)),
          pool);
      backend
          .cache()
          .attend(
              geometry,
              qkv,
              pool,
              tensors.ints(new int[] {2, 1}).reshape(1, 2),
              tensors.ints(new int[rows]),
              tensors.ints(lengths),
              out);
      backend.synchronize();
      return tensors.read(out);
    }
  }
}
