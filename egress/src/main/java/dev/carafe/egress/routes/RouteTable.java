package dev.carafe.egress.routes;

import java.util.concurrent.atomic.AtomicReference;

/** The routes as they are now. Any thread. */
public final class RouteTable {
  private final AtomicReference<Routes> current;

  private RouteTable(Routes routes) {
    current = new AtomicReference<>(routes);
  }

  /** A table that begins with these. */
  public static RouteTable of(Routes routes) {
    return new RouteTable(routes);
  }

  /** What is allowed now. A request asks once. */
  public Routes current() {
    return current.get();
  }

  /** Other routes from now on. */
  public void set(Routes routes) {
    current.set(routes);
  }
}
