package io.octavo.cuda;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** {@link KernelVariants} for each {@link AccessWidth}. */
final class WidthVariants {

  private final Map<AccessWidth, KernelVariants> variants = new EnumMap<>(AccessWidth.class);

  /**
   * @param withSuffix the kernels whose names end in a suffix
   */
  WidthVariants(Function<String, KernelVariants> withSuffix) {
    for (AccessWidth width : AccessWidth.values()) {
      variants.put(width, withSuffix.apply(width.suffix()));
    }
  }

  Kernel of(AccessWidth width, Storage in, Storage out) {
    return of(width).of(in, out);
  }

  /** The kernel on numbers of one type. */
  Kernel of(AccessWidth width, Storage type) {
    return of(width).of(type, type);
  }

  private KernelVariants of(AccessWidth width) {
    KernelVariants found = variants.get(width);
    if (found == null) {
      throw new IllegalStateException("Cannot find kernels of width " + width);
    }
    return found;
  }
}
