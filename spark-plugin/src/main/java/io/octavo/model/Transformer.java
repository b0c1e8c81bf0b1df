package io.octavo.model;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A Llama over planned memory. {@link #train} runs forward and backward for a micro-batch given by
 * {@link #give} and leaves gradients with {@link UnitAccess}; {@link #score} and {@link #logits}
 * run forward only.
 */
public final class Transformer {

  private static final String EMBEDDING = "embed_tokens.weight";

  private final Backend backend;
  private final TransformerPlan plan;
  private final UnitAccess units;
  private final List<LayerActivations> saved = new ArrayList<>();
  private final List<LayerWeights> casts = new ArrayList<>();
  private final List<UnitViews> weights = new ArrayList<>();
  private final List<UnitViews> gradients = new ArrayList<>();
  private final List<Inputs> inputs = new ArrayList<>();
  private final Scratch scratch;
  private final DecoderLayer layer;
  private final OutputHead head;
  private final Tensor residual;
  private final Tensor finalRstd;
  private final Tensor finalNorm;
  private final Tensor losses;
  private final Tensor gradResidual;

  /** What crosses between heap and device, made once for the largest of it. */
  private final ByteBuffer staging;

  public Transformer(TransformerPlan plan, Arena arena, Backend backend, UnitAccess units) {
    this.backend = backend;
    this.plan = plan;
    this.units = units;
    plan.layers.forEach(slots -> saved.add(slots.bind(arena)));
    for (int i = 0; i < plan.config.layers(); i++) {
      Map<Projection, CastSlot> ofGradients =
          plan.training ? bind(plan.gradients.get(i), arena) : Map.of();
      casts.add(
          new LayerWeights(bind(plan.weights.get(i), arena), ofGradients, !plan.cachesWeights));
    }
    ParameterLayout layout = ParameterLayout.of(plan.config);
    for (int unit = 0; unit < layout.units().size(); unit++) {
      weights.add(new UnitViews(layout.units().get(unit), units.weights(unit)));
      if (plan.training) {
        gradients.add(new UnitViews(layout.units().get(unit), units.gradients(unit)));
      }
    }
    scratch = Scratch.bind(plan, arena);
    plan.inputs.forEach(slot -> inputs.add(Inputs.bind(slot, arena)));
    layer = new DecoderLayer(backend, plan.config, plan.geometry(), scratch);
    head = new OutputHead(backend, plan, arena, scratch.gemm());
    residual = scratch.residual();
    finalRstd = arena.tensor(plan.finalRstd);
    finalNorm = arena.tensor(plan.finalNorm);
    losses = arena.tensor(plan.losses);
    gradResidual = arena.tensor(plan.gradResidual);
    staging = staging(plan);
    RopeTable table = RopeTable.of(plan.config, plan.time);
    upload(table.cosine(), scratch.cosine());
    upload(table.sine(), scratch.sine());
  }

  private static Map<Projection, CastSlot> bind(Map<Projection, CastSlot.Plan> slots, Arena arena) {
    Map<Projection, CastSlot> bound = new EnumMap<>(Projection.class);
    slots.forEach((projection, slot) -> bound.put(projection, slot.bind(arena)));
    return bound;
  }

  /** Sequences of a micro-batch. */
  public int batch() {
    return plan.batch;
  }

  /** Tokens of a sequence. */
  public int time() {
    return plan.time;
  }

  /** Copies the input of micro-batch {@code index} of a step to the device. */
  public void give(int index, MicroBatch input) {
    ByteBuffer host = words(4 * plan.batch * plan.time);
    Inputs.write(input, host.asIntBuffer());
    backend.upload(host, inputs.get(index).all());
  }

  /**
   * The weights of a unit whose casts are in places of their own: an update makes them as it goes.
   * None where ranks share the weights, since each then updates a part that cuts through what has
   * one scale: casts follow there when a layer has been gathered.
   */
  public List<UpdatedWeight> updatedWeights(int unit) {
    if (!plan.cachesWeights) {
      return List.of();
    }
    UnitViews views = weights.get(unit);
    if (unit > 0 && unit < lastUnit()) {
      return casts.get(unit - 1).updated(views);
    }
    boolean holdsTable = plan.config.tiedHead() ? unit == 0 : unit == lastUnit();
    return holdsTable
        ? head.updated(views.offset(tableName()), views.named(tableName())).stream().toList()
        : List.of();
  }

  /** The weights have become another version by an update that made their casts. */
  public void weightsAreUpdated() {
    if (plan.cachesWeights) {
      casts.forEach(layer -> layer.areOf(units.version()));
      head.isOf(units.version());
    }
  }

  /** Casts weights that have changed by other means, or been cast for another kind of pass. */
  public void refreshWeights() {
    if (plan.cachesWeights) {
      for (int i = 0; i < casts.size(); i++) {
        castsOf(i, Pass.TRAINING);
      }
      withTable(table -> head.refresh(table, units.version()));
    }
  }

  /**
   * Forward and backward of a micro-batch that has been given. Only gives work to the backend.
   *
   * @param scale what each target's negative log-likelihood is multiplied by in the function whose
   *     gradient is taken
   * @return the negative log-likelihood of each row's target, in nats, on the device
   */
  public Tensor train(int index, float scale) {
    forward(inputs.get(index), Pass.TRAINING);
    backward(inputs.get(index), units.accumulation(index), scale);
    return losses;
  }

  /** The negative log-likelihood of each row's target, 0 where it has none. */
  public float[] score(MicroBatch input) {
    give(0, input);
    Inputs given = inputs.get(0);
    forward(given, Pass.SCORING);
    int last = lastUnit();
    units.acquire(last);
    normFinal();
    withTable(table -> head.losses(finalNorm, table, units.version(), given.targets(), losses));
    units.release(last);
    return download(losses);
  }

  /** Logits of rows {@code [from, to)} of a micro-batch, row-major {@code [to - from, V]}. */
  public float[] logits(MicroBatch input, int from, int to) {
    give(0, input);
    forward(inputs.get(0), Pass.SCORING);
    int last = lastUnit();
    units.acquire(last);
    normFinal();
    float[] result = new float[Math.multiplyExact(to - from, plan.config.vocabulary())];
    withTable(
        table -> {
          for (int row = from; row < to; row += plan.logitRows) {
            int end = Math.min(row + plan.logitRows, to);
            float[] chunk = download(head.logits(finalNorm, table, units.version(), row, end));
            int at = (row - from) * plan.config.vocabulary();
            System.arraycopy(chunk, 0, result, at, chunk.length);
          }
        });
    units.release(last);
    return result;
  }

  /** What entered each layer in the last forward pass of a training plan, for diagnosis. */
  public List<Operand> layerInputs() {
    return saved.stream().map(kept -> kept.input().operand()).toList();
  }

  private int lastUnit() {
    return weights.size() - 1;
  }

  /** What a forward pass is for; only training's leaves entries in histories of amax. */
  private enum Pass {
    TRAINING,
    SCORING
  }

  private void forward(Inputs given, Pass pass) {
    DecoderLayer.Context context = new DecoderLayer.Context(given, Accumulation.OVERWRITE);
    units.acquire(0);
    Tensor table = weights.get(0).named(EMBEDDING);
    Tensor x = enters(0);
    backend.embedding().gather(table, given.ids(), x);
    units.release(0);
    for (int i = 0; i < plan.config.layers(); i++) {
      units.acquire(i + 1);
      Tensor y = enters(i + 1);
      LayerActivations places = pass == Pass.TRAINING ? savedBy(i) : savedBy(i).measured();
      layer.forward(context, places, weights.get(i + 1), castsOf(i, pass), x, y);
      units.release(i + 1);
      x = y;
    }
  }

  private LayerActivations savedBy(int index) {
    return saved.get(index % saved.size());
  }

  /** Where the residual stream that enters a layer lies; after the last one, {@code residual}. */
  private Tensor enters(int index) {
    return index < plan.config.layers() ? savedBy(index).input().destination(residual) : residual;
  }

  private LayerWeights castsOf(int index, Pass pass) {
    LayerWeights cast = casts.get(index);
    UnitViews unit = weights.get(index + 1);
    if (pass == Pass.TRAINING) {
      cast.refresh(units.version(), unit, backend);
    } else {
      cast.refreshMeasured(units.version(), unit, backend);
    }
    return cast;
  }

  private void normFinal() {
    Tensor weight = weights.get(lastUnit()).named("model.norm.weight");
    backend.norm().rmsNorm(residual, weight, plan.config.normEpsilon(), finalNorm, finalRstd);
  }

  private void backward(Inputs given, Accumulation accumulation, float scale) {
    boolean tied = plan.config.tiedHead();
    int last = lastUnit();
    if (tied) {
      units.beginGradients(0);
    }
    units.acquire(last);
    units.beginGradients(last);
    normFinal();
    Tensor dNormed = scratch.gradHidden();
    Tensor dTable =
        tied ? gradients.get(0).named(EMBEDDING) : gradients.get(last).named(tableName());
    withTable(
        table ->
            head.lossesAndGradients(
                finalNorm,
                table,
                units.version(),
                given.targets(),
                losses,
                scale,
                dNormed,
                dTable,
                accumulation));
    backend.zero(gradResidual);
    backend
        .norm()
        .rmsNormBackward(
            dNormed,
            residual,
            weights.get(last).named("model.norm.weight"),
            finalRstd,
            gradResidual,
            gradients.get(last).named("model.norm.weight"));
    units.release(last);
    units.gradientsReady(last);
    DecoderLayer.Context context = new DecoderLayer.Context(given, accumulation);
    for (int i = plan.config.layers() - 1; i >= 0; i--) {
      units.acquire(i + 1);
      units.beginGradients(i + 1);
      UnitViews unit = weights.get(i + 1);
      layer.backward(
          context,
          saved.get(i),
          unit,
          castsOf(i, Pass.TRAINING),
          gradients.get(i + 1),
          gradResidual);
      units.release(i + 1);
      units.gradientsReady(i + 1);
    }
    if (!tied) {
      units.beginGradients(0);
    }
    Tensor dEmbedding = gradients.get(0).named(EMBEDDING);
    backend.embedding().scatterAdd(gradResidual, given.ids(), dEmbedding);
    units.gradientsReady(0);
  }

  /** Runs {@code use} with the head's matrix: the embedding table where they are tied. */
  private void withTable(Consumer<Tensor> use) {
    if (plan.config.tiedHead()) {
      units.acquire(0);
      use.accept(weights.get(0).named(tableName()));
      units.release(0);
    } else {
      use.accept(weights.get(lastUnit()).named(tableName()));
    }
  }

  private String tableName() {
    return plan.config.tiedHead() ? EMBEDDING : "lm_head.weight";
  }

  private float[] download(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    ByteBuffer host =
        staging.slice(0, (int) tensor.buffer().bytes()).order(ByteOrder.nativeOrder());
    backend.download(tensor, host);
    if (tensor.type() == DataType.F32) {
      host.asFloatBuffer().get(values);
      return values;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = Bfloat16.decode(host.getShort(2 * i));
    }
    return values;
  }

  private void upload(float[] values, Tensor target) {
    ByteBuffer host = words(values.length);
    host.asFloatBuffer().put(values);
    backend.upload(host, target);
  }

  private ByteBuffer words(int count) {
    return staging.slice(0, count * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer staging(TransformerPlan plan) {
    long rows = (long) plan.batch * plan.time;
    long frequencies = (long) plan.time * plan.config.headSize() / 2;
    long logits = (long) plan.logitRows * plan.config.vocabulary();
    long words = Math.max(4 * rows, Math.max(frequencies, logits));
    return ByteBuffer.allocateDirect(Math.toIntExact(words * Float.BYTES));
  }
}
