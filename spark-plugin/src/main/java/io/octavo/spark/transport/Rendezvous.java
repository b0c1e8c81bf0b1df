package io.octavo.spark.transport;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.BarrierTaskContext;

/** How the ranks of an attempt learn each other's addresses. */
public final class Rendezvous {

  private Rendezvous() {}

  /**
   * Addresses of all ranks, by rank. Takes about a second, as every {@code allGather} does.
   *
   * @throws IllegalStateException where ranks run different versions of Octavo or attempts
   */
  public static List<RankAddress> meet(BarrierTaskContext context, RankAddress own) {
    String[] lines = context.allGather(own.encode());
    return check(own, Arrays.stream(lines).map(RankAddress::decode).toList());
  }

  static List<RankAddress> check(RankAddress own, List<RankAddress> met) {
    List<RankAddress> byRank = new ArrayList<>(met);
    byRank.sort(Comparator.comparingInt(RankAddress::rank));
    for (int rank = 0; rank < byRank.size(); rank++) {
      RankAddress other = byRank.get(rank);
      if (other.rank() != rank || other.attempt() != own.attempt()) {
        throw new IllegalStateException(
            "Cannot meet the ranks of attempt %d: found %s".formatted(own.attempt(), met));
      }
      if (!other.version().equals(own.version())) {
        throw new IllegalStateException(
            "Cannot train with %s: it runs Octavo %s and rank %d runs %s; put the same jar on all executors"
                .formatted(other, other.version(), own.rank(), own.version()));
      }
    }
    return List.copyOf(byRank);
  }
}
