package dev.carafe.machine.network;

import dev.carafe.machine.Network;
import dev.carafe.machine.Services;

/** The two files through which programs in a machine find its network. Stateless. */
public final class GuestFiles {
  /** The name, in machines that may reach it, of this host's loopback. */
  public static final String HOST_NAME = "host.carafe.internal";

  private GuestFiles() {}

  /** {@code /etc/resolv.conf}: empty, unless somebody answers. */
  public static String resolv(Network network, Services services) {
    boolean names = new Policy(network).names() || services != Services.NONE;
    return names ? "nameserver " + Services.ADDRESS + "\n" : "";
  }

  /** {@code /etc/hosts}. */
  public static String hosts(String hostname, Network network) {
    String own =
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t"
            + hostname
            + "\n";
    return new Policy(network).hostLoopback()
        ? own + Services.HOST_ADDRESS + "\t" + HOST_NAME + "\n"
        : own;
  }
}
