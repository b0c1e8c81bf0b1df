package io.octavo.cuda;

import io.octavo.kernel.CastingKernels;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Layers that cast their result without writing it; see casting.cu. What those kernels do not take,
 * and what they would not make faster, is done layer first, casts second.
 */
final class CudaCastingKernels implements CastingKernels {

  /** Numbers that a thread takes of a row. */
  private static final int GROUP = 16;

  /** Columns of a tile: gates and ups of one must not share a tile where both are cast. */
  private static final int TILE = 128;

  private static final int THREADS = 256;

  /** The most threads of a block of keep_rms_norm. */
  private static final int NORM_THREADS = 512;

  /** Packs of {@link RowTeams} in {@link #GROUP} numbers. */
  private static final int PACKS = 2;

  private final CudaContext context;
  private final CastingKernels composed;
  private final WeightUpdates updates;
  private final Map<Storage, Kernel> keepRmsNorm = new EnumMap<>(Storage.class);
  private final Map<Storage, Kernel> measureSwiGluBackward = new EnumMap<>(Storage.class);
  private final Kernel keepSwiGlu;
  private final CastingVariants rmsNorm;
  private final CastingVariants swiGlu;
  private final CastingVariants swiGluBackward;

  CudaCastingKernels(CudaContext context, CastingKernels composed, WeightUpdates updates) {
    this.context = context;
    this.composed = composed;
    this.updates = updates;
    KernelModule module = context.module("casting");
    for (Storage in : new Storage[] {Storage.BF16, Storage.GROUP_16}) {
      keepRmsNorm.put(in, module.kernel("keep_rms_norm_" + in.label()));
      measureSwiGluBackward.put(in, module.kernel("measure_swiglu_backward_" + in.label()));
    }
    this.keepSwiGlu = module.kernel("keep_swiglu_g16");
    this.rmsNorm = new CastingVariants(module, "rms_norm");
    this.swiGlu = new CastingVariants(module, "swiglu");
    this.swiGluBackward = new CastingVariants(module, "swiglu_backward");
  }

  /** A cast, and the kernel that makes it. */
  private record Choice(Kernel kernel, CastPair casts) {
    boolean measures() {
      return casts.spec().granularity().equals(CastingVariants.TENSOR);
    }
  }

  private static Optional<Choice> choose(
      CastingVariants variants, Operand in, CastTarget target, int columns) {
    boolean fits =
        target.values().type() == DataType.BF16
            && columns % GROUP == 0
            && TileCasts.isAligned(Storage.data(in))
            && Storage.of(in) != Storage.F32;
    if (!fits) {
      return Optional.empty();
    }
    Storage storage = Storage.of(in);
    return CastPair.of(target)
        .flatMap(
            casts -> variants.of(storage, casts.spec()).map(kernel -> new Choice(kernel, casts)));
  }

  private TensorAmax measured(int blocks) {
    return new TensorAmax(context.blockAmax(), blocks);
  }

  @Override
  public void rmsNorm(Tensor x, Operand kept, Tensor weight, float eps, Tensor rstd, CastTarget y) {
    Optional<Choice> choice = choose(rmsNorm, kept, y, x.columns());
    Optional<RowTeams> teams = RowTeams.of(x.columns(), PACKS, NORM_THREADS);
    if (choice.isEmpty()
        || teams.isEmpty()
        || !TileCasts.isAligned(x)
        || !TileCasts.isAligned(weight)) {
      composed.rmsNorm(x, kept, weight, eps, rstd, y);
      return;
    }
    int blocks = keep(x, kept, weight, eps, rstd, teams.get());
    TileCasts.launch(
        choice.get().kernel(),
        TileCasts.grid(x),
        x,
        choice.get().casts(),
        measured(blocks),
        Storage.data(kept),
        Storage.scales(kept),
        rstd,
        weight);
  }

  private int keep(Tensor x, Operand kept, Tensor weight, float eps, Tensor rstd, RowTeams teams) {
    Kernel kernel = of(keepRmsNorm, Storage.of(kept));
    int each = teams.teams();
    int blocks =
        context.persistentBlocks(
            kernel.blocksPerMultiprocessor(teams.threads(), 0), (x.rows() + each - 1) / each);
    kernel.launch(
        Grid.of(blocks, teams.threads()),
        x,
        Storage.data(kept),
        Storage.scales(kept),
        weight,
        eps,
        rstd,
        x.rows(),
        x.columns(),
        teams.warps(),
        context.blockAmax());
    return blocks;
  }

  /**
   * With one scale a tensor it pays where gates and ups are kept as codes, which both kernels read;
   * else the first would read as much as the layer writes.
   */
  @Override
  public void swiGlu(Tensor gateUp, Operand kept, CastTarget out) {
    boolean codes = Storage.of(kept) == Storage.GROUP_16;
    Optional<Choice> choice =
        choose(swiGlu, kept, out, out.values().columns())
            .filter(some -> some.measures() == codes && TileCasts.isAligned(gateUp));
    if (choice.isEmpty()) {
      composed.swiGlu(gateUp, kept, out);
      return;
    }
    int blocks = codes ? keep(gateUp, kept, out.values()) : 0;
    TileCasts.launch(
        choice.get().kernel(),
        TileCasts.grid(out.values()),
        out.values(),
        choice.get().casts(),
        measured(blocks),
        Storage.data(kept),
        Storage.scales(kept));
  }

  private int keep(Tensor gateUp, Operand kept, Tensor out) {
    int blocks = persistentBlocks(keepSwiGlu, out.elements());
    keepSwiGlu.launch(
        Grid.of(blocks, THREADS),
        gateUp,
        Storage.data(kept),
        Storage.scales(kept),
        out.rows(),
        out.columns(),
        context.blockAmax());
    return blocks;
  }

  /** Pays where {@link #swiGlu} does. */
  @Override
  public void swiGluBackward(Tensor dout, Operand gateUp, CastTarget dGateUp) {
    Optional<Choice> choice =
        choose(swiGluBackward, gateUp, dGateUp, dout.columns())
            .filter(some -> some.measures() == (Storage.of(gateUp) == Storage.GROUP_16))
            .filter(some -> dout.columns() % TILE == 0 && TileCasts.isAligned(dout));
    if (choice.isEmpty()) {
      composed.swiGluBackward(dout, gateUp, dGateUp);
      return;
    }
    boolean measures = choice.get().measures();
    int blocks = measures ? measure(dout, gateUp) : 0;
    TileCasts.launch(
        choice.get().kernel(),
        TileCasts.grid(measures ? dout : dGateUp.values()),
        dGateUp.values(),
        choice.get().casts(),
        measured(blocks),
        dout,
        Storage.data(gateUp),
        Storage.scales(gateUp));
  }

  private int measure(Tensor dout, Operand gateUp) {
    Kernel kernel = of(measureSwiGluBackward, Storage.of(gateUp));
    int blocks = persistentBlocks(kernel, dout.elements());
    kernel.launch(
        Grid.of(blocks, THREADS),
        dout,
        Storage.data(gateUp),
        Storage.scales(gateUp),
        dout.rows(),
        dout.columns(),
        context.blockAmax());
    return blocks;
  }

  @Override
  public void adamW(
      CastTarget parameters,
      Optional<Tensor> history,
      Tensor gradients,
      OptimizerKernels.Moment first,
      OptimizerKernels.Moment second,
      OptimizerKernels.AdamWRule rule,
      Tensor control) {
    Tensor values = parameters.values();
    updates.run(
        new AdamWLaunch.Update(values, gradients, first, second, rule, control),
        parameters,
        history);
  }

  private int persistentBlocks(Kernel kernel, long elements) {
    long each = (long) THREADS * GROUP;
    return context.persistentBlocks(
        kernel.blocksPerMultiprocessor(THREADS, 0), (elements + each - 1) / each);
  }

  private static Kernel of(Map<Storage, Kernel> kernels, Storage in) {
    Kernel kernel = kernels.get(in);
    if (kernel == null) {
      throw new IllegalArgumentException("Cannot cast a layer's result from " + in + " on cuda");
    }
    return kernel;
  }
}
