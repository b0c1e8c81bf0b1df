package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Whole weights on a device, read-only: several scorers of one process share them. */
public final class LoadedModel implements AutoCloseable {

  private final ModelConfig config;
  private final Arena arena;
  private final List<Tensor> units = new ArrayList<>();

  private LoadedModel(ModelConfig config, Arena arena) {
    this.config = config;
    this.arena = arena;
  }

  /**
   * Reads all weights. All are checked first: a config that does not belong to them costs no
   * memory.
   */
  public static LoadedModel load(ModelConfig config, WeightSource source, Backend backend) {
    ParameterLayout layout = ParameterLayout.of(config);
    layout.units().forEach(unit -> unit.parameters().forEach(source::check));
    ArenaPlan plan = new ArenaPlan();
    List<ArenaPlan.Slot> slots = new ArrayList<>();
    for (ParameterUnit unit : layout.units()) {
      slots.add(
          plan.reserve(
              MemoryKind.PARAMETERS, unit.name(), DataType.F32, Shape.of(unit.elements())));
    }
    LoadedModel model = new LoadedModel(config, Arena.allocate(plan, backend));
    try {
      for (int i = 0; i < slots.size(); i++) {
        Tensor flat = model.arena.tensor(slots.get(i));
        model.units.add(flat);
        read(layout.units().get(i), source, flat, backend);
      }
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private static void read(ParameterUnit unit, WeightSource source, Tensor flat, Backend backend) {
    for (Parameter parameter : unit.parameters()) {
      long elements = parameter.shape().elements();
      ByteBuffer host =
          ByteBuffer.allocateDirect(Math.toIntExact(elements * 4)).order(ByteOrder.nativeOrder());
      source.read(parameter, 0, host.asFloatBuffer());
      backend.upload(host, flat.range(parameter.offset(), parameter.offset() + elements));
    }
  }

  /** Shape of the model. */
  public ModelConfig config() {
    return config;
  }

  /** Access for a transformer that only reads. */
  UnitAccess units() {
    return new ReadOnly(units);
  }

  private record ReadOnly(List<Tensor> units) implements UnitAccess {

    @Override
    public Tensor weights(int unit) {
      return units.get(unit);
    }

    @Override
    public Tensor gradients(int unit) {
      throw new IllegalStateException("Cannot train a loaded model: it is for scoring");
    }

    @Override
    public void acquire(int unit) {
      // Whole weights are always there.
    }

    @Override
    public void release(int unit) {
      // And stay.
    }

    @Override
    public void beginGradients(int unit) {
      gradients(unit);
    }

    @Override
    public GemmKernels.Accumulation accumulation(int microBatch) {
      return GemmKernels.Accumulation.OVERWRITE;
    }

    @Override
    public void gradientsReady(int unit) {
      gradients(unit);
    }

    @Override
    public long version() {
      return 0;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
