package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/**
 * The output head and its loss, a chunk of rows at a time: logits of one chunk exist at once, and
 * in training their gradient replaces them.
 */
final class OutputHead {

  private final Backend backend;
  private final TransformerPlan plan;
  private final CastSlot weightSlot;
  private final Tensor input;
  private final Tensor gradient;
  private final Tensor logits;
  private final Tensor gemm;
  private final boolean casts;
  private long version = -1;
  private boolean cast;

  OutputHead(Backend backend, TransformerPlan plan, Arena arena, Tensor gemm) {
    this.backend = backend;
    this.plan = plan;
    this.weightSlot = plan.headWeight.bind(arena);
    this.input = arena.tensor(plan.headInput.values());
    this.gradient = arena.tensor(plan.headGradient.values());
    this.logits = arena.tensor(plan.logits);
    this.gemm = gemm;
    this.casts = input.type() != DataType.F32;
  }

  private Operand weight(Tensor table, long wantedVersion) {
    if (casts && (!cast || version != wantedVersion)) {
      weightSlot.cast(table, backend);
      version = wantedVersion;
      cast = true;
    }
    return casts ? weightSlot.operand() : table;
  }

  /** Rows of a chunk that starts at {@code from} of {@code rows}. */
  private int chunk(int from, int rows) {
    return Math.min(plan.logitRows, rows - from);
  }

  /** Writes the loss of every row. */
  void losses(Tensor normed, Tensor table, long wantedVersion, Tensor targets, Tensor losses) {
    Operand w = weight(table, wantedVersion);
    int rows = normed.rows();
    for (int from = 0; from < rows; from += plan.logitRows) {
      int to = from + chunk(from, rows);
      Tensor z = forward(normed.rowRange(from, to), w);
      backend.loss().crossEntropy(z, targets.range(from, to), losses.rowRange(from, to));
    }
  }

  /** Logits of rows {@code [from, to)}, at most {@code plan.logitRows} of them. */
  Tensor logits(Tensor normed, Tensor table, long wantedVersion, int from, int to) {
    return forward(normed.rowRange(from, to), weight(table, wantedVersion));
  }

  /** Writes losses, overwrites {@code dNormed}, adds to {@code dTable}. */
  void lossesAndGradients(
      Tensor normed,
      Tensor table,
      long wantedVersion,
      Tensor targets,
      Tensor losses,
      float scale,
      Tensor dNormed,
      Tensor dTable) {
    Operand w = weight(table, wantedVersion);
    int rows = normed.rows();
    for (int from = 0; from < rows; from += plan.logitRows) {
      int to = from + chunk(from, rows);
      Tensor x = normed.rowRange(from, to);
      Tensor z = forward(x, w);
      backend
          .loss()
          .crossEntropyBackward(z, targets.range(from, to), losses.rowRange(from, to), scale);
      Operand dz = castRows(z, gradient);
      backend.gemm().dgrad(dz, w, dNormed.rowRange(from, to), Accumulation.OVERWRITE, gemm);
      Operand xCast = casts ? input.rowRange(0, to - from) : x;
      backend.gemm().wgrad(dz, xCast, dTable, Accumulation.ADD, gemm);
    }
  }

  private Tensor forward(Tensor x, Operand w) {
    Tensor z = logits.rowRange(0, x.rows());
    backend.gemm().fprop(castRows(x, input), w, z, Accumulation.OVERWRITE, gemm);
    return z;
  }

  private Operand castRows(Tensor source, Tensor slot) {
    if (!casts) {
      return source;
    }
    Tensor target = slot.rowRange(0, source.rows());
    backend.quantize().convert(source, target);
    return target;
  }
}
