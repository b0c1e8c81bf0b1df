package io.octavo.cuda;

import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUlaunchAttribute;
import org.bytedeco.cuda.cudart.CUlaunchConfig;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Launches of one kernel in clusters of blocks, which may start before the kernel ahead has ended.
 * The kernel itself waits before it touches what others wrote ({@code wait_for_previous} of
 * wgmma_tokens.cuh); until then it fetches weights.
 */
final class ChainedLaunch {

  /** The cluster, and that the kernel may start early. */
  private static final int ATTRIBUTES = 2;

  /** Parameters by another way, of which there are none. */
  private static final PointerPointer<NativeAddress> NO_OTHER_PARAMETERS =
      new PointerPointer<>(new NativeAddress(0));

  private final Stream stream;
  private final CUfunc_st function;
  private final PointerPointer<NativeAddress> parameters;
  private final CUlaunchConfig config = new CUlaunchConfig();
  private final CUlaunchAttribute attributes = new CUlaunchAttribute(2);

  /**
   * @param parameters address of the addresses of the arguments
   */
  ChainedLaunch(Stream stream, long function, long parameters) {
    this.stream = stream;
    this.function = new CUfunc_st(new NativeAddress(function));
    this.parameters = new PointerPointer<>(new NativeAddress(parameters));
    attributes.getPointer(0).id(cudart.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
    CUlaunchAttribute chain = attributes.getPointer(1);
    chain.id(cudart.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
    chain.value().programmaticStreamSerializationAllowed(1);
  }

  /** Appends one launch; returns the driver's status. */
  int run(Grid grid, Cluster cluster) {
    attributes
        .getPointer(0)
        .value()
        .clusterDim_x(cluster.x())
        .clusterDim_y(1)
        .clusterDim_z(cluster.z());
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
        .numAttrs(ATTRIBUTES);
    return cudart.cuLaunchKernelEx(config, function, parameters, NO_OTHER_PARAMETERS);
  }
}
