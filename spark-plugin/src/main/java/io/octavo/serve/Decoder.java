package io.octavo.serve;

import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.ServedLayers;
import io.octavo.model.ModelConfig;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The forward pass of a step over all layers, with keys and values in pages. A step of fewer rows
 * uses the front of the memory. Steps that only continue are replayed where the device can.
 */
final class Decoder implements AutoCloseable {

  /** Columns of the inputs; the tables come last, sequence by sequence. */
  private static final int IDS = 0;

  private static final int POSITIONS = 1;
  private static final int SLOTS = 2;
  private static final int SEQUENCES = 3;
  private static final int LENGTHS = 4;
  private static final int TEMPERATURES = 5;
  private static final int MASSES = 6;

  /** Two numbers a row. */
  private static final int SEEDS = 7;

  private static final int TABLES = 9;

  /** Columns where rows of the last step are chosen. */
  private static final int ROWS = IDS;

  private static final int TARGETS = SLOTS;

  private final ServedWeights weights;
  private final ModelConfig config;
  private final Backend backend;
  private final CacheFormat format;
  private final int maxLogits;
  private final int tableWidth;
  private final StepMemory memory;
  private final PackedInputs inputs;
  private final Replays replays;
  private final ByteBuffer drawn;

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
    this.maxLogits = maxLogits;
    tableWidth = (config.contextLength() + CacheKernels.PAGE - 1) / CacheKernels.PAGE;
    long numbers = (long) maxRows * (TABLES + tableWidth);
    memory = new StepMemory(weights, backend, format, pages, maxRows, maxLogits, numbers);
    inputs = new PackedInputs(backend, memory.inputs());
    replays = new Replays(backend);
    drawn = ByteBuffer.allocateDirect(maxLogits * Integer.BYTES).order(ByteOrder.nativeOrder());
  }

  int maxLogits() {
    return maxLogits;
  }

  /**
   * Runs a step; what comes of it is asked for by {@code hidden}, {@code sample}, {@code losses}.
   */
  void run(StepRows step) {
    StepExtent extent = StepExtent.exact(step, tableWidth);
    put(step, extent);
    inputs.upload();
    forward(extent);
  }

  /**
   * Runs a step of one row a sequence, of which there are at most {@link #maxLogits}, and draws the
   * token after each.
   */
  int[] decode(StepRows step, Draws draws) {
    boolean replayed = backend.replaysSteps();
    StepExtent extent =
        replayed
            ? StepExtent.rounded(step, maxLogits, tableWidth)
            : StepExtent.exact(step, tableWidth);
    put(step, extent);
    put(draws, extent.rows());
    inputs.upload();
    Runnable work =
        () -> {
          forward(extent);
          draw(memory.residual(extent.rows()));
        };
    if (replayed) {
      replays.run(extent, work);
    } else {
      work.run();
    }
    return drawn(step.count());
  }

  /** Draws the token after each of some rows of the last step, at most {@link #maxLogits}. */
  int[] sample(Draws draws) {
    int count = draws.count();
    inputs.begin(count);
    inputs.put(ROWS, draws.rows(), count, 0);
    inputs.put(POSITIONS, draws.positions(), count, 0);
    put(draws, count);
    inputs.upload();
    draw(chosen(count));
    return drawn(count);
  }

  /** Negative log-likelihoods of the tokens that follow some rows of the last step. */
  float[] losses(int[] rows, int[] targets) {
    int count = rows.length;
    inputs.begin(count);
    inputs.put(ROWS, rows, count, 0);
    inputs.put(TARGETS, targets, count, 0);
    inputs.upload();
    Tensor values = logits(chosen(count));
    backend.loss().crossEntropy(values, inputs.ints(TARGETS), memory.losses(count));
    return Floats.of(backend, memory.losses(count));
  }

  /** Final hidden states of the last step's first {@code count} rows, row-major. */
  float[] hidden(int count) {
    Tensor normed = memory.normed(count);
    backend
        .norm()
        .rmsNorm(
            memory.residual(count),
            weights.finalNorm(),
            config.normEpsilon(),
            normed,
            memory.rstd(count));
    return Floats.of(backend, normed);
  }

  /** Rows that are not used keep nothing and see nothing. */
  private void put(StepRows step, StepExtent extent) {
    int rows = extent.rows();
    inputs.begin(rows);
    inputs.put(IDS, step.ids(), rows, 0);
    inputs.put(POSITIONS, step.positions(), rows, 0);
    inputs.put(SLOTS, step.slots(), rows, -1);
    inputs.put(SEQUENCES, step.sequences(), rows, 0);
    inputs.put(LENGTHS, step.lengths(), rows, 0);
    inputs.put(TABLES, step.tables(extent.width()), extent.sequences() * extent.width(), 0);
  }

  private void put(Draws draws, int rows) {
    inputs.put(TEMPERATURES, draws.temperatures());
    inputs.put(MASSES, draws.masses());
    inputs.put(SEEDS, draws.seeds(), 2 * rows, 0);
  }

  private void forward(StepExtent extent) {
    Tensor x = memory.residual(extent.rows());
    backend.embedding().gather(weights.embedding(), inputs.ints(IDS), x);
    Tensor table =
        inputs
            .ints(TABLES, extent.sequences() * extent.width())
            .reshape(extent.sequences(), extent.width());
    for (int layer = 0; layer < config.layers(); layer++) {
      attention(layer, x, table);
      feedForward(weights.layers().get(layer), x);
    }
  }

  private void attention(int index, Tensor x, Tensor table) {
    ServedWeights.Layer layer = weights.layers().get(index);
    Tensor qkv = memory.qkv(x.rows());
    backend
        .servedLayers()
        .normLinear(x, layer.inputNorm(), config.normEpsilon(), layer.qkv(), qkv, memory.scratch());
    layer.queryNorm().ifPresent(gain -> headNorm(qkv, 0, config.heads(), gain));
    layer.keyNorm().ifPresent(gain -> headNorm(qkv, config.heads(), config.keyValueHeads(), gain));
    CacheKernels.Geometry geometry =
        new CacheKernels.Geometry(
            format,
            config.heads(),
            config.keyValueHeads(),
            config.headSize(),
            (float) (1 / Math.sqrt(config.headSize())),
            config.variant().windowOf(index));
    Tensor pool = memory.pool(index);
    ServedLayers.Places places =
        new ServedLayers.Places(
            inputs.ints(POSITIONS), weights.cosine(), weights.sine(), inputs.ints(SLOTS));
    ServedLayers.Sight sight =
        new ServedLayers.Sight(table, inputs.ints(SEQUENCES), inputs.ints(LENGTHS));
    Tensor out = memory.attended(x.rows());
    if (table.rows() == x.rows()) {
      // As many sequences as rows.
      backend.servedLayers().attendNext(geometry, qkv, places, pool, sight, out);
    } else {
      backend.servedLayers().rotateAppend(geometry, qkv, places, pool);
      backend.cache().attend(geometry, qkv, pool, table, sight.sequence(), sight.lengths(), out);
    }
    backend.servedLayers().linearAdd(out, layer.output(), x, memory.scratch());
  }

  private void feedForward(ServedWeights.Layer layer, Tensor x) {
    Tensor activated = memory.activated(x.rows());
    backend
        .servedLayers()
        .normSwiGlu(
            x,
            layer.feedForwardNorm(),
            config.normEpsilon(),
            layer.gateUp(),
            activated,
            memory.scratch());
    backend.servedLayers().linearAdd(activated, layer.down(), x, memory.scratch());
  }

  private void headNorm(Tensor x, int firstHead, int heads, Tensor gain) {
    backend.norm().rmsNormHeads(x, firstHead, heads, gain, config.normEpsilon());
  }

  /** The rows of the last step that the inputs name. */
  private Tensor chosen(int count) {
    Tensor rows = memory.chosen(count);
    backend.embedding().gather(memory.residual(), inputs.ints(ROWS), rows);
    return rows;
  }

  private Tensor logits(Tensor x) {
    Tensor logits = memory.logits(x.rows());
    backend
        .servedLayers()
        .normLinear(
            x, weights.finalNorm(), config.normEpsilon(), weights.head(), logits, memory.scratch());
    return logits;
  }

  private void draw(Tensor x) {
    backend
        .sampling()
        .sample(
            logits(x),
            inputs.floats(TEMPERATURES),
            inputs.floats(MASSES),
            inputs.ints(SEEDS, 2 * x.rows()).reshape(x.rows(), 2),
            inputs.ints(POSITIONS),
            memory.drawn(x.rows()));
  }

  private int[] drawn(int count) {
    backend.download(
        memory.drawn(count), drawn.duplicate().order(drawn.order()).limit(count * Integer.BYTES));
    int[] ids = new int[count];
    drawn.asIntBuffer().get(ids);
    return ids;
  }

  @Override
  public void close() {
    replays.close();
    memory.close();
  }
}
