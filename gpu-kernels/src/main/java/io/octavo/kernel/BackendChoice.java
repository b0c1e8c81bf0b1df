package io.octavo.kernel;

import java.util.List;

/**
 * The backend taken, and why not another.
 *
 * @param refused one line for each backend that was preferred but is not supported here
 */
public record BackendChoice(Backend.Provider provider, Support support, List<String> refused) {

  public BackendChoice {
    refused = List.copyOf(refused);
  }

  /** Opens the chosen backend. */
  public Backend open(Placement placement) {
    return provider.open(placement);
  }

  /** One line for the log: {@code backend cpu (refused: cuda: no driver)}. */
  public String explanation() {
    String emulated = support instanceof Support.Emulated how ? ", emulated: " + how.reason() : "";
    String others = refused.isEmpty() ? "" : " (refused: " + String.join("; ", refused) + ")";
    return "backend " + provider.name() + emulated + others;
  }
}
