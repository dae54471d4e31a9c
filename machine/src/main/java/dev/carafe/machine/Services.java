package dev.carafe.machine;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What a machine finds at {@link #ADDRESS}, besides its own network: TCP services of this host, and
 * names that lead to them.
 *
 * @param ports port in the machine → where the host connects to: a Unix socket, or an address of
 *     its own loopback. Ports 1 and 53 are the gateway's
 * @param names which names resolve to {@link #ADDRESS}; asked with lower-case names without a final
 *     dot, in the gateway's thread, and must not block
 */
public record Services(Map<Integer, SocketAddress> ports, Predicate<String> names) {
  /** The host's address in every machine, where services are. */
  public static final String ADDRESS = "10.91.0.1";

  /** The address that leads to the host's own loopback, in a machine that may reach that. */
  public static final String HOST_ADDRESS = "10.91.0.2";

  /** The most services. */
  public static final int MOST = 62;

  /** No service. */
  public static final Services NONE = new Services(Map.of(), name -> false);

  public Services {
    ports = Collections.unmodifiableMap(new TreeMap<>(ports));
    check(ports.size() <= MOST, "a machine has at most " + MOST + " services");
    ports.forEach(
        (port, target) -> {
          check(
              port >= 2 && port <= 65_535 && port != 53,
              "a service has a port from 2 to 65535 that is not 53, not " + port);
          check(
              target instanceof UnixDomainSocketAddress
                  || target instanceof InetSocketAddress address
                      && !address.isUnresolved()
                      && address.getAddress().isLoopbackAddress(),
              "a service is a Unix socket or a port of the host's loopback");
        });
  }

  /** Services without names. */
  public static Services of(Map<Integer, SocketAddress> ports) {
    return new Services(ports, name -> false);
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new MachineException(ErrorCode.INVALID, "describe services", otherwise);
    }
  }
}
