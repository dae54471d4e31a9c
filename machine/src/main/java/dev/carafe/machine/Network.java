package dev.carafe.machine;

import java.net.IDN;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a machine may reach, and which of its ports this host reaches. There is no network device in
 * either case: the host makes every connection for the machine, after looking at it.
 *
 * @param reach how what the machine may reach is said
 * @param cidrs with {@link Reach#LISTED}, networks it may reach; with {@link Reach#OPEN}, networks
 *     beyond those that are open to all. Only what is named here reaches loopback, private or other
 *     special addresses
 * @param hosts with {@link Reach#LISTED}, host names it may reach, each with its sub-domains
 * @param ports ports of the machine's loopback, published on the host's
 */
public record Network(
    Reach reach, List<Cidr> cidrs, List<String> hosts, List<PublishedPort> ports) {

  /** How what a machine may reach is said. */
  public enum Reach {
    /** Nothing. */
    NONE,
    /** The services that who holds its gateway gives it, and nothing else. */
    SERVICES,
    /** What is listed. */
    LISTED,
    /** All that is public. */
    OPEN
  }

  /**
   * A TCP port of the machine that can be reached from this host.
   *
   * @param host port of the host's loopback address, 127.0.0.1
   * @param guest port of the machine's
   */
  public record PublishedPort(int host, int guest) {
    public PublishedPort {
      check(host >= 1 && host <= 65_535 && guest >= 1 && guest <= 65_535, "ports are 1 to 65535");
    }

    @Override
    public String toString() {
      return host + ":" + guest;
    }
  }

  /** Nothing in, nothing out. */
  public static final Network NONE = new Network(Reach.NONE, List.of(), List.of(), List.of());

  /** The most networks, host names and ports each. */
  public static final int MOST = 64;

  /** What {@code --outbound-localhost-only} stands for. */
  public static final List<Cidr> LOOPBACK =
      List.of(Cidr.parse("127.0.0.0/8"), Cidr.parse("::1/128"));

  private static final Pattern HOST =
      Pattern.compile("[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*");

  public Network {
    cidrs = List.copyOf(cidrs);
    hosts = hosts.stream().map(Network::host).distinct().toList();
    ports = List.copyOf(ports);
    check(
        cidrs.size() <= MOST && hosts.size() <= MOST && ports.size() <= MOST,
        "at most " + MOST + " networks, host names and ports each can be given");
    check(
        reach == Reach.LISTED || hosts.isEmpty() && (reach == Reach.OPEN || cidrs.isEmpty()),
        "networks or host names are listed, but the network is " + reach);
    Set<Integer> taken = new HashSet<>();
    for (PublishedPort port : ports) {
      check(taken.add(port.host()), "the host's port " + port.host() + " is given twice");
    }
  }

  /** Services of this host only; who opens the machine's gateway says which. */
  public static Network ofServices() {
    return new Network(Reach.SERVICES, List.of(), List.of(), List.of());
  }

  /** The public network. */
  public static Network open() {
    return new Network(Reach.OPEN, List.of(), List.of(), List.of());
  }

  /** Only these. */
  public static Network of(List<Cidr> cidrs, List<String> hosts) {
    return new Network(Reach.LISTED, cidrs, hosts, List.of());
  }

  /** The same with these ports instead. */
  public Network withPorts(List<PublishedPort> published) {
    return new Network(reach, cidrs, hosts, published);
  }

  /** Whether the machine can reach anything. */
  public boolean outbound() {
    return reach != Reach.NONE;
  }

  /** Whether the machine needs a relay of its own: without one, nothing goes in or out. */
  public boolean needsRelay() {
    return outbound() || !ports.isEmpty();
  }

  /**
   * A host name as it is compared: lower-case, without the root's dot, its non-ASCII labels
   * encoded.
   *
   * @throws MachineException INVALID when it is not one; an address is not
   */
  public static String host(String text) {
    String name = text;
    if (name.chars().anyMatch(c -> c > 127)) {
      try {
        name = IDN.toASCII(name, IDN.USE_STD3_ASCII_RULES);
      } catch (IllegalArgumentException e) {
        throw notAHost(text);
      }
    }
    name = name.toLowerCase(Locale.ROOT);
    if (name.endsWith(".")) {
      name = name.substring(0, name.length() - 1);
    }
    boolean valid =
        name.length() <= 253
            && HOST.matcher(name).matches()
            && !name.matches("(.*\\.)?([0-9]+|0x[0-9a-f]*)");
    for (String label : name.split("\\.", -1)) {
      valid = valid && label.length() <= 63;
    }
    if (!valid) {
      throw notAHost(text);
    }
    return name;
  }

  private static MachineException notAHost(String text) {
    String shown = text.length() > 80 ? text.substring(0, 80) + "…" : text;
    return new MachineException(
        ErrorCode.INVALID,
        "use the host name '" + shown.replaceAll("\\p{Cntrl}", "?") + "'",
        "write a host name alone, without scheme, port or wildcard; its sub-domains are included,"
            + " and addresses are given as networks");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new MachineException(ErrorCode.INVALID, "describe a network", otherwise);
    }
  }
}
