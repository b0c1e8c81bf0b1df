package io.octavo.serve;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.kernel.ServedLayers;
import io.octavo.model.ModelConfig;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The forward pass of a step over all layers, with keys and values in pages. All memory is taken at
 * the start; a step of fewer rows uses the front of it.
 */
final class Decoder implements AutoCloseable {

  private final ServedWeights weights;
  private final ModelConfig config;
  private final Backend backend;
  private final CacheFormat format;
  private final Arena arena;
  private final DataType type;
  private final int maxRows;
  private final int maxLogits;
  private final int tableWidth;
  private final List<Tensor> pools = new ArrayList<>();

  private final Tensor residual;
  private final Tensor normed;
  private final Tensor qkv;
  private final Tensor attended;
  private final Tensor gateUp;
  private final Tensor rstd;
  private final ServedLayers.Scratch scratch;
  private final Tensor chosen;
  private final Tensor logits;
  private final Tensor workspace;
  private final Tensor ids;
  private final Tensor positions;
  private final Tensor slots;
  private final Tensor sequences;
  private final Tensor lengths;
  private final Tensor tables;
  private final Tensor rows;
  private final Tensor seeds;
  private final Tensor temperatures;
  private final Tensor masses;
  private final Tensor losses;

  /**
   * A decoder.
   *
   * @param pages of the cache, in every layer
   * @param maxRows of a step
   * @param maxLogits rows whose logits are computed at once
   */
  Decoder(
      ServedWeights weights,
      Backend backend,
      CacheFormat format,
      int pages,
      int maxRows,
      int maxLogits) {
    this.weights = weights;
    this.config = weights.config();
    this.backend = backend;
    this.format = format;
    this.maxRows = maxRows;
    this.maxLogits = maxLogits;
    type = backend.activationType(Recipe.of("bf16"));
    tableWidth = (config.contextLength() + CacheKernels.PAGE - 1) / CacheKernels.PAGE;
    ArenaPlan plan = new ArenaPlan();
    long poolBytes = pages * pageBytes(config, format);
    List<ArenaPlan.Slot> poolSlots = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      poolSlots.add(
          plan.reserve(MemoryKind.WORKSPACE, "cache." + layer, DataType.U8, Shape.of(poolBytes)));
    }
    int hidden = config.hidden();
    int qkvWidth = config.queryWidth() + 2 * config.keyValueWidth();
    List<ArenaPlan.Slot> all = new ArrayList<>();
    all.add(reserve(plan, type, maxRows, hidden));
    all.add(reserve(plan, type, maxRows, hidden));
    all.add(reserve(plan, type, maxRows, hidden));
    all.add(reserve(plan, type, maxRows, qkvWidth));
    all.add(reserve(plan, type, maxRows, config.queryWidth()));
    all.add(reserve(plan, type, maxRows, 2L * config.feedForward()));
    all.add(reserve(plan, type, maxRows, config.feedForward()));
    all.add(reserve(plan, DataType.F32, maxRows, 1));
    all.add(reserve(plan, type, maxLogits, hidden));
    all.add(reserve(plan, type, maxLogits, config.vocabulary()));
    all.add(reserve(plan, DataType.F32, 1, Math.max(1, workspaceElements())));
    for (int i = 0; i < 5; i++) {
      all.add(reserve(plan, DataType.I32, maxRows, 1));
    }
    all.add(reserve(plan, DataType.I32, maxRows, tableWidth));
    all.add(reserve(plan, DataType.I32, maxLogits, 1));
    all.add(reserve(plan, DataType.I32, maxLogits, 2));
    all.add(reserve(plan, DataType.F32, maxLogits, 1));
    all.add(reserve(plan, DataType.F32, maxLogits, 1));
    all.add(reserve(plan, DataType.F32, maxLogits, 1));
    arena = Arena.allocate(plan, backend);
    poolSlots.forEach(slot -> pools.add(arena.tensor(slot)));
    List<Tensor> tensors = all.stream().map(arena::tensor).toList();
    residual = tensors.get(0);
    normed = tensors.get(1);
    qkv = tensors.get(3);
    attended = tensors.get(4);
    gateUp = tensors.get(5);
    rstd = tensors.get(7);
    chosen = tensors.get(8);
    logits = tensors.get(9);
    workspace = tensors.get(10);
    scratch = new ServedLayers.Scratch(normed, rstd, tensors.get(2), tensors.get(6), workspace);
    ids = tensors.get(11);
    positions = tensors.get(12);
    slots = tensors.get(13);
    sequences = tensors.get(14);
    lengths = tensors.get(15);
    tables = tensors.get(16);
    rows = tensors.get(17);
    seeds = tensors.get(18);
    temperatures = tensors.get(19);
    masses = tensors.get(20);
    losses = tensors.get(21);
  }

  private static ArenaPlan.Slot reserve(ArenaPlan plan, DataType type, long rows, long columns) {
    return plan.reserve(MemoryKind.WORKSPACE, "step", type, Shape.of(rows, columns));
  }

  private long workspaceElements() {
    long most =
        backend
            .linear()
            .workspaceElements(weights.head().shape(), weights.head().scheme(), maxLogits);
    for (ServedWeights.Layer layer : weights.layers()) {
      for (PackedWeight linear : layer.linears()) {
        most =
            Math.max(
                most, backend.linear().workspaceElements(linear.shape(), linear.scheme(), maxRows));
      }
    }
    return most;
  }

  /** Bytes of a page of one layer. */
  static long pageBytes(ModelConfig config, CacheFormat format) {
    return CacheKernels.pageBytes(format, config.keyValueHeads(), config.headSize());
  }

  /** Pages of the longest sequence. */
  int tableWidth() {
    return tableWidth;
  }

  int maxRows() {
    return maxRows;
  }

  int maxLogits() {
    return maxLogits;
  }

  /** Runs a step; its final hidden states stay for {@link #hidden} and the logits' methods. */
  void run(StepRows step) {
    int count = step.count();
    int width = Math.min(tableWidth, step.widestTable());
    Tensor table = front(tables.reshape(tables.elements()), step.sequenceCount() * width);
    upload(step.ids(), ids);
    upload(step.positions(), positions);
    upload(step.slots(), slots);
    upload(step.sequences(), sequences);
    upload(step.lengths(), lengths);
    upload(step.tables(width), table);
    Tensor x = residual.rowRange(0, count);
    backend.embedding().gather(weights.embedding(), front(ids, count), x);
    for (int layer = 0; layer < config.layers(); layer++) {
      attention(layer, x, count, table.reshape(step.sequenceCount(), width));
      feedForward(weights.layers().get(layer), x, count);
    }
    backend
        .norm()
        .rmsNorm(
            x,
            weights.finalNorm(),
            config.normEpsilon(),
            normed.rowRange(0, count),
            rstd.rowRange(0, count));
  }

  private void attention(int index, Tensor x, int count, Tensor table) {
    ServedWeights.Layer layer = weights.layers().get(index);
    Tensor projected = qkv.rowRange(0, count);
    backend
        .servedLayers()
        .normLinear(x, layer.inputNorm(), config.normEpsilon(), layer.qkv(), projected, scratch);
    layer.queryNorm().ifPresent(gain -> headNorm(projected, 0, config.heads(), gain));
    layer
        .keyNorm()
        .ifPresent(gain -> headNorm(projected, config.heads(), config.keyValueHeads(), gain));
    CacheKernels.Geometry geometry =
        new CacheKernels.Geometry(
            format,
            config.heads(),
            config.keyValueHeads(),
            config.headSize(),
            (float) (1 / Math.sqrt(config.headSize())),
            config.variant().windowOf(index));
    Tensor pool = pools.get(index);
    backend
        .servedLayers()
        .rotateAppend(
            geometry,
            projected,
            front(positions, count),
            weights.cosine(),
            weights.sine(),
            front(slots, count),
            pool);
    Tensor out = attended.rowRange(0, count);
    backend
        .cache()
        .attend(
            geometry, projected, pool, table, front(sequences, count), front(lengths, count), out);
    backend.servedLayers().linearAdd(out, layer.output(), x, scratch);
  }

  private void feedForward(ServedWeights.Layer layer, Tensor x, int count) {
    Tensor wide = gateUp.rowRange(0, count);
    backend
        .servedLayers()
        .normLinear(
            x, layer.feedForwardNorm(), config.normEpsilon(), layer.gateUp(), wide, scratch);
    backend.servedLayers().swiGluLinearAdd(wide, layer.down(), x, scratch);
  }

  private void headNorm(Tensor x, int firstHead, int heads, Tensor gain) {
    backend.norm().rmsNormHeads(x, firstHead, heads, gain, config.normEpsilon());
  }

  /** Final hidden states of the last step's first {@code count} rows, row-major. */
  float[] hidden(int count) {
    return Floats.of(backend, normed.rowRange(0, count));
  }

  /** Draws the token after each of the rows, of which there are at most {@link #maxLogits}. */
  int[] sample(int[] steps, float[] heat, float[] topP, int[] seedHalves, int[] at) {
    Tensor values = logitsOf(steps);
    int count = steps.length;
    upload(heat, temperatures);
    upload(topP, masses);
    upload(seedHalves, seeds);
    upload(at, positions);
    Tensor result = front(ids, count);
    backend
        .sampling()
        .sample(
            values,
            front(temperatures, count),
            front(masses, count),
            seeds.rowRange(0, count),
            front(positions, count),
            result);
    ByteBuffer bytes = bytes(count);
    backend.download(result, bytes);
    int[] drawn = new int[count];
    bytes.asIntBuffer().get(drawn);
    return drawn;
  }

  /** Negative log-likelihoods of the tokens that follow the rows. */
  float[] losses(int[] steps, int[] targets) {
    Tensor values = logitsOf(steps);
    upload(targets, ids);
    Tensor result = front(losses, steps.length);
    backend.loss().crossEntropy(values, front(ids, steps.length), result);
    return Floats.of(backend, result);
  }

  private Tensor logitsOf(int[] steps) {
    int count = steps.length;
    upload(steps, rows);
    Tensor in = chosen.rowRange(0, count);
    Tensor out = logits.rowRange(0, count);
    backend.embedding().gather(normed, front(rows, count), in);
    backend.linear().apply(weights.head(), in, out, workspace);
    return out;
  }

  private static Tensor front(Tensor tensor, long count) {
    return tensor.range(0, count);
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder());
  }

  private void upload(int[] values, Tensor target) {
    ByteBuffer bytes = bytes(values.length);
    bytes.asIntBuffer().put(values);
    backend.upload(bytes, target.reshape(target.elements()).range(0, values.length));
  }

  private void upload(float[] values, Tensor target) {
    ByteBuffer bytes = bytes(values.length);
    bytes.asFloatBuffer().put(values);
    backend.upload(bytes, target.reshape(target.elements()).range(0, values.length));
  }

  @Override
  public void close() {
    arena.close();
  }
}
