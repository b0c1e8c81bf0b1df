package io.octavo.cuda;

import java.util.EnumMap;
import java.util.Map;

/** The instances of one kernel template, by the storage of what it reads and writes. */
final class KernelVariants {

  private final String name;
  private final Map<Storage, Map<Storage, Kernel>> kernels = new EnumMap<>(Storage.class);

  private KernelVariants(String name) {
    this.name = name;
  }

  /** Kernels {@code <operation>_<in>_<out>_<suffix>} that read numbers, or codes. */
  static KernelVariants readingOperands(KernelModule module, String operation, String suffix) {
    KernelVariants variants = new KernelVariants(operation);
    variants.add(module, Storage.F32, Storage.F32, suffix);
    variants.add(module, Storage.BF16, Storage.BF16, suffix);
    variants.add(module, Storage.GROUP_16, Storage.F32, suffix);
    variants.add(module, Storage.GROUP_16, Storage.BF16, suffix);
    return variants;
  }

  /** Kernels {@code <operation>_<in>_<out>_<suffix>} that turn numbers into numbers. */
  static KernelVariants betweenNumbers(KernelModule module, String operation, String suffix) {
    KernelVariants variants = new KernelVariants(operation);
    for (Storage in : new Storage[] {Storage.F32, Storage.BF16}) {
      for (Storage out : new Storage[] {Storage.F32, Storage.BF16}) {
        variants.add(module, in, out, suffix);
      }
    }
    return variants;
  }

  /** Kernels {@code <operation>_<type>_<suffix>} on numbers of one type. */
  static KernelVariants ofOneType(KernelModule module, String operation, String suffix) {
    KernelVariants variants = new KernelVariants(operation);
    for (Storage type : new Storage[] {Storage.F32, Storage.BF16}) {
      variants.put(type, type, module.kernel(operation + "_" + type.label() + "_" + suffix));
    }
    return variants;
  }

  private void add(KernelModule module, Storage in, Storage out, String suffix) {
    put(in, out, module.kernel(name + "_" + in.label() + "_" + out.label() + "_" + suffix));
  }

  private void put(Storage in, Storage out, Kernel kernel) {
    kernels.computeIfAbsent(in, any -> new EnumMap<>(Storage.class)).put(out, kernel);
  }

  /**
   * The kernel from one storage to another.
   *
   * @throws IllegalArgumentException where there is none
   */
  Kernel of(Storage in, Storage out) {
    Map<Storage, Kernel> byOutput = kernels.getOrDefault(in, Map.of());
    Kernel kernel = byOutput.get(out);
    if (kernel == null) {
      throw new IllegalArgumentException(
          "Cannot run %s from %s to %s on cuda: activations of a model have one type"
              .formatted(name, in, out));
    }
    return kernel;
  }
}
