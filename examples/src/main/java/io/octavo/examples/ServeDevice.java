package io.octavo.examples;

import io.octavo.examples.bench.DeviceServing;
import java.util.List;

/**
 * Measures how a model of random weights in FP8 is served from a device's memory: one stream, many
 * rows, prompts, beside the memory's bandwidth in the same run. Needs no Spark and no files.
 */
public final class ServeDevice {

  private static final String USAGE =
      "usage: ServeDevice [BACKEND [SCHEME fp8|int4|e2m1 | products]]";

  private ServeDevice() {}

  public static void main(String[] arguments) {
    if (List.of(arguments).contains("--help") || arguments.length > 2) {
      System.out.println(USAGE);
      return;
    }
    String backend = arguments.length > 0 ? arguments[0] : "auto";
    String scheme = arguments.length > 1 ? arguments[1] : "fp8";
    if (scheme.equals("products")) {
      DeviceServing.measureProducts(backend, System.out);
    } else {
      DeviceServing.measure(backend, scheme, System.out);
    }
  }
}
