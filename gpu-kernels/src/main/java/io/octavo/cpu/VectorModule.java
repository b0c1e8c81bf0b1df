package io.octavo.cpu;

/** Whether this JVM was started with the Vector API. */
final class VectorModule {

  private VectorModule() {}

  static boolean present() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }
}
