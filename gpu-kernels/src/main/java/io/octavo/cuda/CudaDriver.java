package io.octavo.cuda;

import io.octavo.kernel.Support;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;

/** What this machine and this build lack for the CUDA backend, found out once a process. */
final class CudaDriver {

  /** Least compute capability: BF16 tensor cores. */
  private static final int LEAST_CAPABILITY = 80;

  /** Written by the build beside the fatbins. */
  private static final String INDEX = "/kernels/index.txt";

  /** Loads native code when it is first asked for, and only then. */
  private static final class Found {
    static final Support SUPPORT = find();
  }

  private CudaDriver() {}

  /** Whether the backend can open device 0; loads native code, allocates nothing. */
  static Support support() {
    return Found.SUPPORT;
  }

  private static Support find() {
    if (CudaDriver.class.getResource(INDEX) == null) {
      return new Support.Unsupported("no fatbin in this build (build where nvcc is)");
    }
    try {
      return device();
    } catch (LinkageError e) {
      return new Support.Unsupported(reason("JCuda", e));
    } catch (IllegalStateException e) {
      return new Support.Unsupported(String.valueOf(e.getMessage()));
    }
  }

  private static Support device() {
    int code = JCudaDriver.cuInit(0);
    int[] devices = new int[1];
    if (code == CUresult.CUDA_SUCCESS) {
      code = JCudaDriver.cuDeviceGetCount(devices);
    }
    if (code == CUresult.CUDA_ERROR_NO_DEVICE || (code == 0 && devices[0] == 0)) {
      return new Support.Unsupported("no device (the driver is there and sees no GPU)");
    }
    if (code != CUresult.CUDA_SUCCESS) {
      return new Support.Unsupported("the driver does not start: " + Status.describe(code));
    }
    CUdevice first = new CUdevice();
    Status.check(JCudaDriver.cuDeviceGet(first, 0), "find device 0");
    int capability = Device.capabilityOf(first);
    if (capability < LEAST_CAPABILITY) {
      return new Support.Unsupported(
          "compute capability %d.%d of %s is below 8.0"
              .formatted(capability / 10, capability % 10, Device.nameOf(first)));
    }
    return libraries();
  }

  private static Support libraries() {
    try {
      Loader.load(cudart.class);
    } catch (LinkageError e) {
      return new Support.Unsupported(reason("libcudart.so.13", e));
    }
    try {
      Loader.load(cublas.class);
    } catch (LinkageError e) {
      return new Support.Unsupported(reason("libcublasLt.so.13", e));
    }
    return new Support.Native();
  }

  /** One line on a native load that failed; the error itself has pages. */
  static String reason(String library, LinkageError error) {
    String text = String.valueOf(error.getMessage());
    if (text.contains("libcuda.so.1:")) {
      return "no driver (libcuda.so.1 is not on this machine)";
    }
    return "%s could not be loaded: %s (is the folder of the CUDA 13 libraries in LD_LIBRARY_PATH?)"
        .formatted(library, text.lines().findFirst().orElse("no message"));
  }
}
