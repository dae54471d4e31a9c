package dev.carafe.cli;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Network.Reach;
import java.util.ArrayList;
import java.util.List;

/** Reads the options that say what a machine may reach and where it is reached, as smolvm does. */
final class NetworkFlags {
  private NetworkFlags() {}

  /** A list of what is allowed limits {@code --net}, and needs no {@code --net}. */
  static Network network(Arguments arguments) {
    List<Cidr> cidrs = new ArrayList<>();
    List<String> hosts = new ArrayList<>();
    for (String text : arguments.values("--allow-cidr")) {
      cidrs.add(value("--allow-cidr", text, Cidr::parse));
    }
    for (String text : arguments.values("--allow-host")) {
      hosts.add(value("--allow-host", text, Network::host));
    }
    if (arguments.has("--outbound-localhost-only")) {
      cidrs.addAll(Network.LOOPBACK);
    }
    List<PublishedPort> ports = ports("--port", arguments);
    Reach reach = Reach.NONE;
    if (arguments.value("--routes").isPresent()) {
      if (arguments.has("--net") || !cidrs.isEmpty() || !hosts.isEmpty()) {
        throw new UsageException(
            "--routes cannot be given together with --net, --allow-cidr, --allow-host or"
                + " --outbound-localhost-only: a routes file says all that may be reached");
      }
      reach = Reach.SERVICES;
    } else if (!cidrs.isEmpty() || !hosts.isEmpty()) {
      reach = Reach.LISTED;
    } else if (arguments.has("--net")) {
      reach = Reach.OPEN;
    }
    try {
      return new Network(reach, cidrs, hosts, ports);
    } catch (MachineException e) {
      throw new UsageException(e.said());
    }
  }

  private interface Reader<T> {
    T read(String text);
  }

  private static <T> T value(String option, String text, Reader<T> reader) {
    try {
      return reader.read(text);
    } catch (MachineException e) {
      throw new UsageException(
          "invalid value '" + Text.shown(text) + "' for " + option + ": " + e.said());
    }
  }

  /** {@code HOST:GUEST}, or one number for both. */
  static List<PublishedPort> ports(String option, Arguments arguments) {
    List<PublishedPort> ports = new ArrayList<>();
    for (String text : arguments.values(option)) {
      int colon = text.indexOf(':');
      int host = port(option, text, colon < 0 ? text : text.substring(0, colon));
      int guest = colon < 0 ? host : port(option, text, text.substring(colon + 1));
      ports.add(new PublishedPort(host, guest));
    }
    return ports;
  }

  private static int port(String option, String text, String number) {
    int port = number.matches("[0-9]{1,5}") ? Integer.parseInt(number) : 0;
    if (port < 1 || port > 65_535) {
      throw new UsageException(
          "invalid value '"
              + Text.shown(text)
              + "' for "
              + option
              + ": write HOST:GUEST or PORT, each from 1 to 65535");
    }
    return port;
  }

  /** One line about what a machine may reach. */
  static String words(Network network) {
    return switch (network.reach()) {
      case NONE -> "none";
      case SERVICES -> "only services of this computer";
      case OPEN -> network.cidrs().isEmpty() ? "public" : "public, and " + list(network);
      case LISTED -> "only " + list(network);
    };
  }

  private static String list(Network network) {
    List<String> all = new ArrayList<>();
    network.cidrs().forEach(cidr -> all.add(cidr.toString()));
    all.addAll(network.hosts());
    return String.join(", ", all);
  }
}
