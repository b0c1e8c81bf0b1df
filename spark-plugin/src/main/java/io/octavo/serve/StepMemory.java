package io.octavo.serve;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.kernel.ServedLayers;
import io.octavo.model.ModelConfig;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * All memory of a model's steps, taken at the start: pages of every layer, what lies between
 * kernels, and what goes in and comes out.
 */
final class StepMemory implements AutoCloseable {

  private final Arena arena;
  private final List<Tensor> pools;
  private final Tensor residual;
  private final Tensor qkv;
  private final Tensor attended;
  private final Tensor activated;
  private final ServedLayers.Scratch scratch;
  private final Tensor chosen;
  private final Tensor logits;
  private final Tensor inputs;
  private final Tensor drawn;
  private final Tensor losses;

  /**
   * Takes the memory.
   *
   * @param pages of the cache, in every layer
   * @param maxRows of a step
   * @param maxLogits rows whose logits are computed at once
   * @param inputs numbers of 32 bits that go in
   */
  StepMemory(
      ServedWeights weights,
      Backend backend,
      CacheFormat format,
      int pages,
      int maxRows,
      int maxLogits,
      long inputs) {
    ModelConfig config = weights.config();
    DataType type = backend.activationType(Recipe.of("bf16"));
    ArenaPlan plan = new ArenaPlan();
    Shape pool = Shape.of(pages * pageBytes(config, format));
    List<ArenaPlan.Slot> layers = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(plan.reserve(MemoryKind.WORKSPACE, "cache." + layer, DataType.U8, pool));
    }
    int qkvWidth = config.queryWidth() + 2 * config.keyValueWidth();
    ArenaPlan.Slot residualSlot = reserve(plan, type, maxRows, config.hidden());
    ArenaPlan.Slot normedSlot = reserve(plan, type, maxRows, config.hidden());
    ArenaPlan.Slot branchSlot = reserve(plan, type, maxRows, config.hidden());
    ArenaPlan.Slot qkvSlot = reserve(plan, type, maxRows, qkvWidth);
    ArenaPlan.Slot attendedSlot = reserve(plan, type, maxRows, config.queryWidth());
    ArenaPlan.Slot gateUpSlot = reserve(plan, type, maxRows, 2L * config.feedForward());
    ArenaPlan.Slot activatedSlot = reserve(plan, type, maxRows, config.feedForward());
    ArenaPlan.Slot rstdSlot = reserve(plan, DataType.F32, maxRows, 1);
    ArenaPlan.Slot chosenSlot = reserve(plan, type, maxLogits, config.hidden());
    ArenaPlan.Slot logitsSlot = reserve(plan, type, maxLogits, config.vocabulary());
    long products = workspaceElements(weights, backend.linear(), maxRows, maxLogits);
    ArenaPlan.Slot workspaceSlot = reserve(plan, DataType.F32, 1, products);
    ArenaPlan.Slot inputsSlot = reserve(plan, DataType.I32, 1, inputs);
    ArenaPlan.Slot drawnSlot = reserve(plan, DataType.I32, 1, maxLogits);
    ArenaPlan.Slot lossesSlot = reserve(plan, DataType.F32, 1, maxLogits);
    arena = Arena.allocate(plan, backend);
    pools = layers.stream().map(arena::tensor).toList();
    residual = arena.tensor(residualSlot);
    qkv = arena.tensor(qkvSlot);
    attended = arena.tensor(attendedSlot);
    activated = arena.tensor(activatedSlot);
    scratch =
        new ServedLayers.Scratch(
            arena.tensor(normedSlot),
            arena.tensor(rstdSlot),
            arena.tensor(branchSlot),
            arena.tensor(gateUpSlot),
            arena.tensor(workspaceSlot));
    chosen = arena.tensor(chosenSlot);
    logits = arena.tensor(logitsSlot);
    this.inputs = arena.tensor(inputsSlot).reshape(inputs);
    drawn = arena.tensor(drawnSlot).reshape(maxLogits);
    losses = arena.tensor(lossesSlot).reshape(maxLogits);
  }

  private static ArenaPlan.Slot reserve(ArenaPlan plan, DataType type, long rows, long columns) {
    return plan.reserve(MemoryKind.WORKSPACE, "step", type, Shape.of(rows, columns));
  }

  private static long workspaceElements(
      ServedWeights weights, LinearKernels linear, int maxRows, int maxLogits) {
    PackedWeight head = weights.head();
    long most = Math.max(1, linear.workspaceElements(head.shape(), head.scheme(), maxLogits));
    for (ServedWeights.Layer layer : weights.layers()) {
      for (PackedWeight weight : layer.linears()) {
        most = Math.max(most, linear.workspaceElements(weight.shape(), weight.scheme(), maxRows));
      }
    }
    return most;
  }

  /** Bytes of a page of one layer. */
  static long pageBytes(ModelConfig config, CacheFormat format) {
    return CacheKernels.pageBytes(format, config.keyValueHeads(), config.headSize());
  }

  /** Pages of a layer. */
  Tensor pool(int layer) {
    return pools.get(layer);
  }

  /** What the layers add to: {@code [rows, C]}. */
  Tensor residual(int rows) {
    return residual.rowRange(0, rows);
  }

  /** The same of all rows. */
  Tensor residual() {
    return residual;
  }

  /** Room for the final norm's result. */
  Tensor normed(int rows) {
    return scratch.normed().rowRange(0, rows);
  }

  Tensor rstd(int rows) {
    return scratch.rstd().rowRange(0, rows);
  }

  Tensor qkv(int rows) {
    return qkv.rowRange(0, rows);
  }

  Tensor attended(int rows) {
    return attended.rowRange(0, rows);
  }

  Tensor activated(int rows) {
    return activated.rowRange(0, rows);
  }

  ServedLayers.Scratch scratch() {
    return scratch;
  }

  /** Room for the rows that logits are wanted of. */
  Tensor chosen(int rows) {
    return chosen.rowRange(0, rows);
  }

  Tensor logits(int rows) {
    return logits.rowRange(0, rows);
  }

  /** Numbers of 32 bits that go in. */
  Tensor inputs() {
    return inputs;
  }

  /** Tokens that come out. */
  Tensor drawn(int rows) {
    return drawn.range(0, rows);
  }

  Tensor losses(int rows) {
    return losses.range(0, rows);
  }

  @Override
  public void close() {
    arena.close();
  }
}
