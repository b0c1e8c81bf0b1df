package io.octavo.kernel;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Work done: as throughput a nanosecond it reads as GFLOP/s and GB/s of operands and results. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Work {

  public long flop;
  public long bytes;
}
