package io.octavo.kernel;

import static io.octavo.kernel.Tensors.relativeError;
import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every backend's layers compute: the reference's numbers, to FP32 rounding. */
public abstract class LayerKernelsContract {

  static final double LIMIT = 2e-6;

  Backend backend;
  Tensors actual;
  private Tensors expected;
  private ReferenceBackend reference;

  protected abstract Backend open();

  @BeforeEach
  void start() {
    backend = open();
    reference = new ReferenceBackend();
    actual = new Tensors(backend);
    expected = new Tensors(reference);
  }

  @AfterEach
  void stop() throws Exception {
    actual.close();
    expected.close();
    backend.close();
    reference.close();
  }

  interface Use {
    Tensor[] run(Backend backend, Tensors tensors);
  }

  final void compare(double limit, Use use) {
    Tensor[] got = use.run(backend, actual);
    Tensor[] wanted = use.run(reference, expected);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(relativeError(actual.read(got[i]), expected.read(wanted[i])))
          .as("relative error of result %d", i)
          .isLessThan(limit);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "13,31", "127,1000", "200,64"})
  void normalizesRows(int rows, int columns) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.normal(1, 3, rows, columns);
          Tensor weight = t.normal(2, 1, columns);
          Tensor y = t.zeros(rows, columns);
          Tensor rstd = t.zeros(rows, 1);
          b.norm().rmsNorm(x, weight, 1e-5f, y, rstd);
          Tensor dx = t.normal(3, 1, rows, columns);
          Tensor dweight = t.normal(4, 1, columns);
          Tensor dy = t.normal(5, 1, rows, columns);
          b.norm().rmsNormBackward(dy, x, weight, rstd, dx, dweight);
          return new Tensor[] {y, rstd, dx, dweight};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1,0,1,2", "13,5,1,3,16", "127,11,3,7,48", "5,40,32,8,128"})
  void normalizesHeadsByThemselves(int rows, int all, int first, int heads, int headSize) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.normal(1, 3, rows, all * headSize);
          b.norm().rmsNormHeads(x, first, heads, t.normal(2, 1, headSize), 1e-5f);
          return new Tensor[] {x};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1", "7,13", "127,33"})
  void runsElementwiseLayers(int rows, int columns) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor gateUp = t.normal(1, 4, rows, 2 * columns);
          Tensor out = t.zeros(rows, columns);
          b.activation().swiGlu(gateUp, out);
          Tensor dGateUp = t.zeros(rows, 2 * columns);
          Tensor dout = t.normal(3, 1, rows, columns);
          b.activation().swiGluBackward(dout, gateUp, dGateUp);
          Tensor bias = t.normal(4, 1, columns);
          b.activation().addBias(bias, out);
          b.activation().add(dout, out);
          b.activation().scale(out, 0.3f);
          Tensor dbias = t.normal(5, 1, columns);
          b.activation().biasBackward(dout, dbias);
          return new Tensor[] {out, dGateUp, dbias};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1,2,0", "13,3,16,16", "127,5,64,7"})
  void rotatesAndRotatesBack(int rows, int heads, int headSize, int rest) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.normal(1, 1, rows, heads * headSize + rest);
          Tensor cosine = t.normal(2, 1, rows, headSize / 2);
          Tensor sine = t.normal(3, 1, rows, headSize / 2);
          int[] positions = new int[rows];
          Arrays.setAll(positions, i -> i * 7 % rows);
          b.rotary()
              .rotate(x, heads, t.ints(positions), cosine, sine, RotaryKernels.Direction.FORWARD);
          Tensor back = t.normal(1, 1, rows, heads * headSize + rest);
          b.rotary()
              .rotate(
                  back, heads, t.ints(positions), cosine, sine, RotaryKernels.Direction.BACKWARD);
          return new Tensor[] {x, back};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,2,1", "50,13,31", "127,272,256"})
  void looksUpRowsAndAddsTheirGradients(int rows, int vocabulary, int columns) {
    int[] ids = new int[rows];
    Arrays.setAll(ids, i -> i * i % vocabulary);
    compare(
        LIMIT,
        (b, t) -> {
          Tensor out = t.zeros(rows, columns);
          b.embedding().gather(t.normal(1, 1, vocabulary, columns), t.ints(ids), out);
          Tensor dtable = t.normal(2, 1, vocabulary, columns);
          b.embedding().scatterAdd(t.normal(3, 1, rows, columns), t.ints(ids), dtable);
          return new Tensor[] {out, dtable};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,2", "13,31", "127,272", "5,4096"})
  void measuresCrossEntropy(int rows, int vocabulary) {
    int[] targets = new int[rows];
    Arrays.setAll(targets, i -> i % 5 == 3 ? LossKernels.IGNORED : i * 11 % vocabulary);
    compare(
        LIMIT,
        (b, t) -> {
          Tensor losses = t.normal(9, 1, rows);
          Tensor logits = t.normal(1, 5, rows, vocabulary);
          b.loss().crossEntropy(logits, t.ints(targets), losses);
          Tensor again = t.normal(9, 1, rows);
          b.loss().crossEntropyBackward(logits, t.ints(targets), again, 0.25f);
          return new Tensor[] {losses, again, logits};
        });
  }
}
