package io.octavo.train;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Replay;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * A backend that adds up the time of every kernel on a given clock, by family and method. It waits
 * for the device after each call and captures nothing, so that what a call costs is known, and
 * whole steps are slower than without it.
 */
public final class TimedBackend {

  /** What the calls of one method took together. */
  public record Cost(long calls, long nanos) {
    private Cost plus(Cost other) {
      return new Cost(calls + other.calls, nanos + other.nanos);
    }
  }

  private final Map<String, Cost> costs = new TreeMap<>();
  private final LongSupplier clock;

  /** Times by {@code clock}, in nanoseconds. */
  public TimedBackend(LongSupplier clock) {
    this.clock = clock;
  }

  /** The same device, timed. */
  public Backend of(Backend backend) {
    return proxy(
        Backend.class,
        (method, arguments) -> {
          if (method.getReturnType().getSimpleName().endsWith("Kernels")) {
            return timed(backend, method.getName(), method.getReturnType(), method.invoke(backend));
          }
          if (method.getName().equals("capture")) {
            return eager((Runnable) arguments[0]);
          }
          return time(backend, "memory." + method.getName(), method, backend, arguments);
        });
  }

  private static Replay eager(Runnable work) {
    work.run();
    return work::run;
  }

  private Object timed(Backend backend, String family, Class<?> type, Object kernels) {
    return proxy(
        type,
        (method, arguments) ->
            time(backend, family + "." + method.getName(), method, kernels, arguments));
  }

  private interface Call {
    Object run(Method method, Object[] arguments)
        throws IllegalAccessException, InvocationTargetException;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return call.run(method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private Object time(
      Backend backend, String name, Method method, Object target, Object[] arguments)
      throws IllegalAccessException, InvocationTargetException {
    long begin = clock.getAsLong();
    Object result = method.invoke(target, arguments);
    if (!name.equals("memory.close")) {
      backend.synchronize();
    }
    costs.merge(name, new Cost(1, clock.getAsLong() - begin), Cost::plus);
    return result;
  }

  /** Forgets what was measured. */
  public void reset() {
    costs.clear();
  }

  /** Costs since the last reset, by {@code family.method}. */
  public Map<String, Cost> costs() {
    return Collections.unmodifiableMap(costs);
  }
}
