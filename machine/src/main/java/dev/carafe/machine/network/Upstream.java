package dev.carafe.machine.network;

import java.util.function.Consumer;

/** Who knows the addresses of names: this host, or a test. */
interface Upstream {
  /**
   * Looks a name up without blocking.
   *
   * @param name lower-case, without a final dot
   * @param six whether its IPv6 addresses are wanted, else its IPv4 ones
   * @param done gets what became of it, in any thread, once
   */
  void lookup(String name, boolean six, Consumer<Answer> done);

  /** As this host does it: {@code /etc/hosts}, then the servers of {@code /etc/resolv.conf}. */
  static Upstream ofHost() {
    return new HostNames(
        java.nio.file.Path.of("/etc/hosts"), java.nio.file.Path.of("/etc/resolv.conf"), 53);
  }
}
