package io.octavo.collective;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs one body a rank, each in a thread, over {@link InProcessTransport}. */
public final class Ranks {

  /** What a rank does. */
  @FunctionalInterface
  public interface Body<T> {
    T run(Transport transport) throws Exception;
  }

  private Ranks() {}

  /** Results by rank; rethrows the failure of the lowest rank that failed. */
  public static <T> List<T> run(int worldSize, Body<T> body) throws Exception {
    List<T> results = new ArrayList<>();
    for (Future<T> future : start(worldSize, body)) {
      try {
        results.add(future.get());
      } catch (ExecutionException e) {
        throw e.getCause() instanceof Exception cause ? cause : e;
      }
    }
    return results;
  }

  /** All ranks started; the threads end with their bodies. */
  public static <T> List<Future<T>> start(int worldSize, Body<T> body) {
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    List<Future<T>> futures = new ArrayList<>();
    for (Transport transport : InProcessTransport.connect(worldSize)) {
      futures.add(threads.submit(() -> body.run(transport)));
    }
    threads.shutdown();
    return futures;
  }
}
