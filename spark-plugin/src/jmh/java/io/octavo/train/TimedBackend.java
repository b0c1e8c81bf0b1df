package io.octavo.train;

import io.octavo.kernel.Backend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/** A backend that adds up the time of every kernel on a given clock, by family and method. */
final class TimedBackend {

  private final Map<String, Long> nanos = new TreeMap<>();
  private final LongSupplier clock;

  TimedBackend(LongSupplier clock) {
    this.clock = clock;
  }

  Backend of(Backend backend) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getReturnType().getSimpleName().endsWith("Kernels")) {
                return timed(method.getName(), method.getReturnType(), method.invoke(backend));
              }
              return time("memory." + method.getName(), () -> method.invoke(backend, arguments));
            });
  }

  private Object timed(String family, Class<?> type, Object kernels) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) ->
            time(family + "." + method.getName(), () -> method.invoke(kernels, arguments)));
  }

  private interface Call {
    Object run() throws IllegalAccessException, InvocationTargetException;
  }

  private Object time(String name, Call call) throws Throwable {
    long begin = clock.getAsLong();
    try {
      return call.run();
    } catch (InvocationTargetException e) {
      throw e.getCause();
    } finally {
      nanos.merge(name, clock.getAsLong() - begin, Long::sum);
    }
  }

  void reset() {
    nanos.clear();
  }

  Map<String, Long> nanos() {
    return nanos;
  }
}
