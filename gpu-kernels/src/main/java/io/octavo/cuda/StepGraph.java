package io.octavo.cuda;

import io.octavo.kernel.Replay;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * Recorded work of a stream, replayed by one call. Addresses and numbers are those of the
 * recording; what lies at the addresses is read anew each time.
 */
public final class StepGraph implements Replay {

  private final Stream stream;
  private final CUgraphExec executable = new CUgraphExec();
  private final long nodes;
  private boolean closed;

  private StepGraph(Stream stream, CUgraph graph) {
    this.stream = stream;
    long[] count = new long[1];
    Status.check(JCudaDriver.cuGraphGetNodes(graph, null, count), "count the nodes of a graph");
    this.nodes = count[0];
    Status.check(
        JCudaDriver.cuGraphInstantiate(executable, graph, 0),
        "instantiate a graph of %d nodes".formatted(nodes));
  }

  /**
   * Records what {@code work} gives to the stream, without running it. Work must not allocate,
   * synchronise or download.
   */
  static StepGraph capture(Stream stream, Runnable work) {
    stream.device().makeCurrent();
    Status.check(
        JCudaDriver.cuStreamBeginCapture(
            stream.handle(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "begin to capture a step");
    CUgraph graph = new CUgraph();
    boolean recorded = false;
    try {
      work.run();
      recorded = true;
    } finally {
      int code = JCudaDriver.cuStreamEndCapture(stream.handle(), graph);
      if (recorded) {
        // Otherwise the exception under way says more than a capture that it broke.
        Status.check(code, "capture a step");
      }
    }
    try {
      return new StepGraph(stream, graph);
    } finally {
      Status.check(JCudaDriver.cuGraphDestroy(graph), "destroy a captured graph");
    }
  }

  /** Kernels, copies and fills of one replay. */
  public long nodes() {
    return nodes;
  }

  @Override
  public void run() {
    stream.device().makeCurrent();
    Status.check(JCudaDriver.cuGraphLaunch(executable, stream.handle()), "replay a step");
    stream.remember("(a replayed step of " + nodes + " nodes)");
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      stream.device().makeCurrent();
      Status.check(JCudaDriver.cuGraphExecDestroy(executable), "destroy a graph");
    }
  }
}
