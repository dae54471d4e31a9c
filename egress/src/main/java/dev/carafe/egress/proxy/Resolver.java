package dev.carafe.egress.proxy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Finds the addresses of upstream servers. May block; is called on a virtual thread. */
@FunctionalInterface
public interface Resolver {
  /** All addresses of a host, best first. */
  List<InetAddress> resolve(String host) throws UnknownHostException;

  /** As the host's own programs find them. */
  static Resolver host() {
    return host -> List.of(InetAddress.getAllByName(host));
  }
}
