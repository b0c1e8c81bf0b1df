package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/**
 * The output head and its loss, a chunk of rows at a time: logits of one chunk exist at once, and
 * in training their gradient replaces them.
 */
final class OutputHead {

  private final Backend backend;
  private final TransformerPlan plan;
  private final CastSlot weightSlot;
  private final CastSlot input;
  private final CastSlot gradient;
  private final Tensor logits;
  private final Tensor gemm;
  private long version = -1;

  OutputHead(Backend backend, TransformerPlan plan, Arena arena, Tensor gemm) {
    this.backend = backend;
    this.plan = plan;
    this.weightSlot = plan.headWeight.bind(arena);
    this.input = plan.headInput.bind(arena);
    this.gradient = plan.headGradient.bind(arena);
    this.logits = arena.tensor(plan.logits);
    this.gemm = gemm;
  }

  /** The table, for its update to cast, where it is cast. */
  Optional<UpdatedWeight> updated(long from, Tensor table) {
    return weightSlot.updated(from, table);
  }

  /** The update that made {@code newVersion} of the table has cast it. */
  void isOf(long newVersion) {
    version = newVersion;
  }

  /** Casts a version of the table that no update has cast. */
  void refresh(Tensor table, long wantedVersion) {
    if (version != wantedVersion) {
      weightSlot.cast(table, backend);
      version = wantedVersion;
    }
  }

  private Operand weight(Tensor table, long wantedVersion) {
    refresh(table, wantedVersion);
    return weightSlot.rowwise(table);
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

  /**
   * Writes losses, overwrites {@code dNormed}.
   *
   * @param accumulation whether the gradient of the table is replaced or added to
   */
  void lossesAndGradients(
      Tensor normed,
      Tensor table,
      long wantedVersion,
      Tensor targets,
      Tensor losses,
      float scale,
      Tensor dNormed,
      Tensor dTable,
      Accumulation accumulation) {
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
      backend
          .gemm()
          .wgrad(dz, operand(x, input), dTable, from == 0 ? accumulation : Accumulation.ADD, gemm);
    }
  }

  private Tensor forward(Tensor x, Operand w) {
    Tensor z = logits.rowRange(0, x.rows());
    backend.gemm().fprop(castRows(x, input), w, z, Accumulation.OVERWRITE, gemm);
    return z;
  }

  /** Casts rows into the first rows of a slot; the rows themselves where nothing is cast. */
  private Operand castRows(Tensor source, CastSlot slot) {
    Tensor operand = operand(source, slot);
    if (operand != source) {
      backend.quantize().convert(source, operand);
    }
    return operand;
  }

  /** What {@link #castRows} returned for {@code source}. */
  private static Tensor operand(Tensor source, CastSlot slot) {
    return slot.rowwise().map(cast -> ((Tensor) cast).rowRange(0, source.rows())).orElse(source);
  }
}
