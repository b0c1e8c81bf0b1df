package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The instances of a layer that casts its result, by how it reads and how it casts. */
final class CastingVariants {

  private record Key(Storage in, ElementFormat element, Granularity granularity) {}

  private final Map<Key, Kernel> kernels = new HashMap<>();

  /** Kernels {@code cast_<layer>_<in>_<element>_<granularity>} for the given granularities. */
  CastingVariants(KernelModule module, String layer) {
    for (Storage in : new Storage[] {Storage.BF16, Storage.GROUP_16}) {
      TileCasts.ELEMENTS.forEach(
          (element, name) -> {
            for (Granularity each : new Granularity[] {TENSOR, GROUP_128}) {
              String grain = TileCasts.GRANULARITIES.get(each);
              kernels.put(
                  new Key(in, element, each),
                  module.kernel("cast_%s_%s_%s_%s".formatted(layer, in.label(), name, grain)));
            }
          });
    }
  }

  static final Granularity TENSOR = new Granularity.PerTensor();
  static final Granularity GROUP_128 = new Granularity.Group(128);

  /** The kernel that reads {@code in} and casts by {@code spec}; none where there is no such. */
  Optional<Kernel> of(Storage in, QuantSpec spec) {
    return Optional.ofNullable(kernels.get(new Key(in, spec.element(), spec.granularity())));
  }
}
