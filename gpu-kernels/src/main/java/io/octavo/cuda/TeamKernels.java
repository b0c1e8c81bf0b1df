package io.octavo.cuda;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The instances of a kernel whose threads keep some packs of a row, by how many packs. */
final class TeamKernels {

  private static final int MOST_THREADS = 1024;

  /**
   * A kernel with the block to launch it with, and how many such blocks run at once on a
   * multiprocessor.
   */
  record Choice(Kernel kernel, RowTeams teams, int blocksPerMultiprocessor) {}

  /** What decides a choice. */
  private record Row(Storage in, Storage out, int columns) {}

  private final Map<Integer, KernelVariants> byPacks = new TreeMap<>();
  private final Map<Row, Optional<Choice>> choices = new HashMap<>();

  TeamKernels(KernelModule module, String operation, int... packs) {
    for (int count : packs) {
      byPacks.put(count, KernelVariants.readingOperands(module, operation, "x" + count));
    }
  }

  /**
   * The kernel for rows of {@code columns} numbers: the first of {@code preferred} numbers of packs
   * whose teams fit a block with the registers that they need; none where rows are too long.
   */
  Optional<Choice> choose(Storage in, Storage out, int columns, int... preferred) {
    return choices.computeIfAbsent(new Row(in, out, columns), row -> firstThatFits(row, preferred));
  }

  private Optional<Choice> firstThatFits(Row row, int... preferred) {
    for (int packs : preferred) {
      KernelVariants variants = byPacks.get(packs);
      Optional<RowTeams> teams = RowTeams.of(row.columns, packs, MOST_THREADS);
      if (variants != null && teams.isPresent()) {
        Kernel kernel = variants.of(row.in, row.out);
        int blocks = kernel.blocksPerMultiprocessor(teams.get().threads(), 0);
        if (blocks > 0) {
          return Optional.of(new Choice(kernel, teams.get(), blocks));
        }
      }
    }
    return Optional.empty();
  }
}
