package io.octavo.spark.transport;

import java.util.List;

/**
 * Where a rank listens, as exchanged at the rendezvous.
 *
 * @param attempt number of the attempt the rank belongs to
 * @param version of Octavo on the rank's class path
 */
public record RankAddress(long attempt, int rank, String host, int port, String version) {

  private static final String SEPARATOR = "\t";

  /** One line of text. */
  String encode() {
    return String.join(
        SEPARATOR,
        Long.toString(attempt),
        Integer.toString(rank),
        host,
        Integer.toString(port),
        version);
  }

  static RankAddress decode(String line) {
    List<String> fields = List.of(line.split(SEPARATOR, -1));
    if (fields.size() != 5) {
      throw new IllegalArgumentException("Invalid rank address: " + line);
    }
    return new RankAddress(
        Long.parseLong(fields.get(0)),
        Integer.parseInt(fields.get(1)),
        fields.get(2),
        Integer.parseInt(fields.get(3)),
        fields.get(4));
  }

  @Override
  public String toString() {
    return "rank %d at %s:%d".formatted(rank, host, port);
  }
}
