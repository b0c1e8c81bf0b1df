package io.octavo.kernel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The backends on the class path, and the choice of one of them. */
public final class Backends {

  private final List<Backend.Provider> providers;

  /** Backends by given providers. */
  public Backends(List<Backend.Provider> providers) {
    this.providers =
        providers.stream()
            .sorted(Comparator.comparingInt(Backend.Provider::preference).reversed())
            .toList();
  }

  /** Backends that the class loader of this class sees: Spark's context loader differs by mode. */
  public static Backends installed() {
    return new Backends(
        ServiceLoader.load(Backend.Provider.class, Backends.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList());
  }

  /** Names that {@link #choose(String)} knows, the preferred one first. */
  public List<String> names() {
    return providers.stream().map(Backend.Provider::name).toList();
  }

  /**
   * The most preferred backend that this machine supports.
   *
   * @throws BackendUnavailableException where it supports none; the message has every reason
   */
  public BackendChoice choose() {
    List<String> refused = new ArrayList<>();
    for (Backend.Provider provider : providers) {
      Support support = provider.probe();
      if (support instanceof Support.Unsupported unsupported) {
        refused.add(provider.name() + ": " + unsupported.reason());
      } else {
        return new BackendChoice(provider, support, refused);
      }
    }
    throw new BackendUnavailableException(
        "Cannot choose a backend: none is supported here (%s)".formatted(refused));
  }

  /** {@link #choose()} where {@code name} is {@code auto}, else {@link #choose(String)}. */
  public BackendChoice chooseOrBest(String name) {
    return name.equals("auto") ? choose() : choose(name);
  }

  /** What planning must know of the backend of that name; asks no device. */
  public Planning planning(String name) {
    return provider(name).planning();
  }

  /**
   * The backend of that name and no other.
   *
   * @throws IllegalArgumentException where no backend has the name
   * @throws BackendUnavailableException where the machine does not support it
   */
  public BackendChoice choose(String name) {
    Backend.Provider provider = provider(name);
    Support support = provider.probe();
    if (support instanceof Support.Unsupported unsupported) {
      throw new BackendUnavailableException(
          "Cannot use backend %s: %s".formatted(name, unsupported.reason()));
    }
    return new BackendChoice(provider, support, List.of());
  }

  private Backend.Provider provider(String name) {
    return providers.stream()
        .filter(candidate -> candidate.name().equals(name))
        .findFirst()
        .orElseThrow(() -> unknown(name));
  }

  private IllegalArgumentException unknown(String name) {
    return new IllegalArgumentException(
        "Invalid backend: %s (expected %s)"
            .formatted(name, names().stream().collect(Collectors.joining(", "))));
  }
}
