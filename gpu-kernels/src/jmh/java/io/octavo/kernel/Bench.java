package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.Tensor;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The backend under measurement and its tensors; benchmarks extend it. */
@State(Scope.Thread)
public abstract class Bench {

  @Param("cpu")
  public String backendName;

  @Param("2")
  public int threads;

  private Backend backend;
  private Tensors tensors;

  /** Opens the backend; call at the head of a benchmark's set-up. */
  Backend open() {
    backend = Backends.installed().choose(backendName).open(Placement.ofThreads(threads));
    tensors = new Tensors(backend);
    return backend;
  }

  Tensors tensors() {
    return tensors;
  }

  /** What is measured, on any backend. */
  interface Use {
    Tensor run(Backend backend, Tensors tensors);
  }

  /** Fails unless a small instance gives the reference's numbers: no speed of wrong results. */
  void check(Use use) {
    try (ReferenceBackend reference = new ReferenceBackend();
        Tensors expected = new Tensors(reference);
        Tensors actual = new Tensors(backend)) {
      float[] wanted = Tensors.floats(use.run(reference, expected));
      assertThat(Tensors.relativeError(Tensors.floats(use.run(backend, actual)), wanted))
          .isLessThan(1e-5);
    } catch (Exception e) {
      throw new IllegalStateException("Cannot check the result of the benchmark", e);
    }
  }

  @TearDown(Level.Trial)
  public void close() throws Exception {
    tensors.close();
    backend.close();
  }
}
