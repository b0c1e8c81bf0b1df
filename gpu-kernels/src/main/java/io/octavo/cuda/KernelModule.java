package io.octavo.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** The kernels of one op family: the resource {@code kernels/<family>.fatbin}, on one device. */
final class KernelModule implements AutoCloseable {

  private final String family;
  private final Stream stream;
  private final CUmodule handle = new CUmodule();

  private KernelModule(String family, Stream stream) {
    this.family = family;
    this.stream = stream;
  }

  /**
   * Loads a family's kernels on the device of {@code stream}.
   *
   * @throws IllegalStateException where this build has none of that name, or none for this device
   */
  static KernelModule load(String family, Stream stream) {
    KernelModule module = new KernelModule(family, stream);
    stream.device().makeCurrent();
    Status.check(
        JCudaDriver.cuModuleLoadData(module.handle, read(family)),
        "load kernels %s on %s".formatted(family, stream.device().name()));
    return module;
  }

  /** Whether this build has the kernels of a family. */
  static boolean isBuilt(String family) {
    return KernelModule.class.getResource(path(family)) != null;
  }

  private static String path(String family) {
    return "/kernels/" + family + ".fatbin";
  }

  private static byte[] read(String family) {
    try (InputStream resource = KernelModule.class.getResourceAsStream(path(family))) {
      if (resource == null) {
        throw new IllegalStateException(
            "Cannot load kernels %s: no fatbin in this build (build where nvcc is)"
                .formatted(family));
      }
      return resource.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read kernels " + family, e);
    }
  }

  /** The kernel of a name; families ask once, when they are made. */
  Kernel kernel(String name) {
    return new Kernel(family + "." + name, handle, name, stream);
  }

  @Override
  public void close() {
    stream.device().makeCurrent();
    Status.check(JCudaDriver.cuModuleUnload(handle), "unload kernels " + family);
  }
}
