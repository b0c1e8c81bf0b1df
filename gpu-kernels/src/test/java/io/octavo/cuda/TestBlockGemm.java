package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.kernel.GemmKernels;
import io.octavo.kernel.Gpu;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every tiling of the block-scaled kernels, whichever the search would take, against double. */
@Gpu
class TestBlockGemm {

  private static final String GROUPS = "E4M3 GROUP_128";
  private static final String BLOCKS = "E4M3 BLOCK_128";

  private CudaBackend backend;
  private DeviceTensors tensors;
  private GemmCase cases;

  @BeforeEach
  void open() {
    backend = CudaBackend.open(0);
    tensors = new DeviceTensors(backend);
    cases = new GemmCase(backend, tensors);
  }

  @AfterEach
  void close() {
    tensors.close();
    backend.close();
  }

  private List<GemmMethod> methods(
      GemmOperand a, GemmOperand b, Tensor y, int k, GemmProblem.Addend addend) {
    GemmProblem problem =
        new GemmProblem(
            y.rows(),
            y.columns(),
            k,
            GemmProblem.Side.of(a),
            GemmProblem.Side.of(b),
            GemmElement.of(y.type()),
            GemmProblem.alignment(DeviceBuffer.address(y)),
            addend,
            ProductSummation.PROMOTED,
            0);
    return new BlockGemm(backend.context()).methods(problem);
  }

  private static GemmOperand last(Operand operand) {
    return GemmOperand.of(operand, GemmOperand.Order.CONTRACTED_LAST);
  }

  private void check(String bText, DataType type, GemmProblem.Addend addend, int m, int n, int k) {
    GemmCase.Side a = cases.side(GROUPS, 1, m, k);
    GemmCase.Side b = cases.side(bText, 2, n, k);
    String addendText = type == DataType.BF16 ? "BF16" : "F32";
    float[] nothing = new float[m * n];
    List<GemmMethod> methods =
        methods(last(a.operand()), last(b.operand()), tensors.empty(type, m, n), k, addend);
    assertThat(methods).isNotEmpty();
    for (GemmMethod method : methods) {
      GemmCase.Side c = cases.side(addendText, 3, m, n);
      Tensor y =
          addend == GemmProblem.Addend.OTHER ? tensors.empty(type, m, n) : (Tensor) c.operand();
      GemmAddresses at =
          new GemmAddresses(
              last(a.operand()).address(),
              last(b.operand()).address(),
              DeviceBuffer.address((Tensor) c.operand()),
              DeviceBuffer.address(y),
              0);
      method.run(last(a.operand()), last(b.operand()), at);
      float[] added = addend == GemmProblem.Addend.NONE ? nothing : c.numbers();
      GemmCase.Result got = cases.compare(a, b, added, y, k);
      double limit = type == DataType.BF16 ? 3e-3 : 1e-3;
      assertThat(got.relativeError()).as("%s of %s", method.name(), at).isLessThan(limit);
      // A tile amiss is few numbers among many: each by itself, beside the spread of them all.
      double spread = spread(got.expected());
      for (int i = 0; i < got.actual().length; i++) {
        double expected = got.expected()[i];
        assertThat((double) got.actual()[i])
            .as("%s, number %d", method.name(), i)
            .isCloseTo(expected, within(4e-3 * Math.abs(expected) + 2e-2 * spread));
      }
    }
  }

  private static double spread(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares / values.length);
  }

  /** Extents that end inside a tile, a group of K, a pair of tiles; few rows; one group. */
  @ParameterizedTest
  @CsvSource({
    "1000, 1152, 1408",
    "144, 384, 768",
    "272, 16, 2064",
    "4, 1040, 400",
    "1544, 272, 16"
  })
  void activationsAndTheirGradientsAreThoseOfDouble(int m, int n, int k) {
    check(BLOCKS, DataType.BF16, GemmProblem.Addend.NONE, m, n, k);
  }

  @ParameterizedTest
  @CsvSource({"1000, 1152, 1408", "272, 16, 2064", "4, 1040, 400", "1544, 272, 16"})
  void aMatrixIsAddedBeforeTheResultIsRounded(int m, int n, int k) {
    check(BLOCKS, DataType.BF16, GemmProblem.Addend.OTHER, m, n, k);
    check(BLOCKS, DataType.BF16, GemmProblem.Addend.TARGET, m, n, k);
  }

  @ParameterizedTest
  @CsvSource({"1008, 1136, 1424", "144, 384, 768", "272, 16, 2064", "4, 1040, 400"})
  void gradientsOfWeightsReplaceOrAdd(int m, int n, int k) {
    check(GROUPS, DataType.F32, GemmProblem.Addend.NONE, m, n, k);
    check(GROUPS, DataType.F32, GemmProblem.Addend.TARGET, m, n, k);
  }

  @Test
  void aProductIsTheSameToTheBitInEveryReplay() {
    Operand x = cases.side(GROUPS, 1, 1040, 1408).operand();
    Operand w = cases.side(BLOCKS, 2, 1152, 1408).operand();
    Tensor y = tensors.empty(DataType.BF16, 1040, 1152);
    Runnable product =
        () -> backend.gemm().fprop(x, w, y, GemmKernels.Accumulation.OVERWRITE, cases.workspace());
    product.run();
    float[] expected = tensors.floats(y);
    try (StepGraph step = backend.capture(product)) {
      for (int replay = 0; replay < 10; replay++) {
        backend.zero(y);
        step.run();
        assertThat(tensors.floats(y)).isEqualTo(expected);
      }
    }
  }

  @Test
  void whatTheCopyEngineCannotReadIsLeftToTheLibrary() {
    Tensor y = tensors.empty(DataType.BF16, 64, 64);
    GemmOperand a = last(cases.side(GROUPS, 1, 64, 256).operand());
    GemmOperand b = last(cases.side(BLOCKS, 2, 64, 256).operand());
    GemmOperand wide = last(cases.side("E5M2 GROUP_128", 1, 64, 256).operand());
    GemmOperand shifted =
        new GemmOperand(a.address() + 8, a.element(), a.scaling(), a.scales(), a.order());
    assertThat(methods(a, b, y, 256, GemmProblem.Addend.NONE)).isNotEmpty();
    assertThat(methods(shifted, b, y, 256, GemmProblem.Addend.NONE)).isEmpty();
    assertThat(methods(wide, b, y, 256, GemmProblem.Addend.NONE)).isEmpty();
    assertThat(methods(a, b, y, 250, GemmProblem.Addend.NONE)).isEmpty();
    assertThat(methods(b, a, y, 256, GemmProblem.Addend.NONE)).isEmpty();
  }
}
