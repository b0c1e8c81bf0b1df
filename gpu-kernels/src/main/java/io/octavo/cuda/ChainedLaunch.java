package io.octavo.cuda;

import jcuda.driver.CUresult;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUlaunchAttribute;
import org.bytedeco.cuda.cudart.CUlaunchConfig;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/**
 * Launches of one kernel that may start before the kernel ahead of it has ended, in clusters of
 * blocks where asked. The kernel itself waits before it touches what others wrote ({@code
 * wait_for_previous} of wgmma_tokens.cuh); until then it fetches weights.
 */
final class ChainedLaunch {

  private final Stream stream;
  private final CUfunc_st function;
  private final Pointer parameters;
  private final CUlaunchConfig config = new CUlaunchConfig();
  private final CUlaunchAttribute attributes = new CUlaunchAttribute(2);

  /**
   * @param parameters address of the addresses of the arguments
   */
  ChainedLaunch(Stream stream, long function, long parameters) {
    this.stream = stream;
    this.function = new CUfunc_st(new NativeAddress(function));
    this.parameters = new NativeAddress(parameters);
    CUlaunchAttribute chain = attributes.getPointer(0);
    chain.id(cudart.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
    chain.value().programmaticStreamSerializationAllowed(1);
    attributes.getPointer(1).id(cudart.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
  }

  /** Appends one launch; returns the driver's status. */
  int run(Grid grid, int cluster) {
    attributes.getPointer(1).value().clusterDim_x(cluster).clusterDim_y(1).clusterDim_z(1);
    config
        .gridDimX(grid.x())
        .gridDimY(grid.y())
        .gridDimZ(grid.z())
        .blockDimX(grid.threads())
        .blockDimY(1)
        .blockDimZ(1)
        .sharedMemBytes(grid.sharedBytes())
        .hStream(stream.cppHandle())
        .attrs(attributes)
        .numAttrs(cluster > 1 ? 2 : 1);
    int code = cudart.cuLaunchKernelEx(config, function, parameters, none());
    return code == 0 ? CUresult.CUDA_SUCCESS : code;
  }

  private static Pointer none() {
    return new NativeAddress(0);
  }
}
