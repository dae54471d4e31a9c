package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.Reach;
import dev.carafe.machine.Services;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a machine may reach. The host asks for every connection, whatever routes the guest has:
 * those only make refusals quick. Two things are allowed: addresses in a network that is allowed,
 * and addresses that our own answer to a question for an allowed name has named, for as long as
 * that answer holds.
 *
 * <p>Not for use by several threads. Time is in nanoseconds of {@link System#nanoTime}.
 */
final class Policy {
  /** Answers hold for at least this long, so that who got one has time to connect. */
  static final long LEAST_SECONDS = 60;

  /** The most addresses that are allowed because a name led to them. */
  static final int MOST_LEARNT = 512;

  private static final long SECOND = 1_000_000_000L;
  private static final byte[] HOST_ADDRESS = Cidr.literal(Services.HOST_ADDRESS);
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private final Network network;
  private final boolean hostLoopback;
  private final Map<Cidr, Learnt> learnt = new LinkedHashMap<>();

  /** An address that a name led to. */
  private static final class Learnt {
    private long until;
    private int connections;
  }

  Policy(Network network) {
    this.network = network;
    hostLoopback = network.outbound() && !Ranges.refused(LOOPBACK, network.cidrs());
  }

  /** Whether the machine may reach this host's loopback, through an address of its own. */
  boolean hostLoopback() {
    return hostLoopback;
  }

  /** Whether names are answered at all. */
  boolean names() {
    return network.reach() == Reach.OPEN || !network.hosts().isEmpty();
  }

  /**
   * Where to connect for a guest that wants to connect to {@code address}; empty when it may not.
   */
  Optional<InetSocketAddress> target(byte[] address, int port, long now) {
    byte[] plain = Cidr.plain(address);
    if (hostLoopback && Cidr.of(HOST_ADDRESS).contains(plain)) {
      return Optional.of(socketAddress(LOOPBACK, port));
    }
    return allowed(plain, now) ? Optional.of(socketAddress(plain, port)) : Optional.empty();
  }

  private boolean allowed(byte[] plain, long now) {
    if (isOwn(plain)) {
      return false;
    }
    Learnt known = learnt.get(Cidr.of(plain));
    return known != null && known.until - now > 0 || listed(plain);
  }

  /** Whether the networks alone allow it, whatever names have led to. */
  private boolean listed(byte[] plain) {
    if (Ranges.refused(plain, network.cidrs())) {
      return false;
    }
    return network.reach() == Reach.OPEN
        || network.cidrs().stream().anyMatch(cidr -> cidr.contains(plain));
  }

  /** In the guest these are its own, so a connection to them cannot have come to us. */
  private static boolean isOwn(byte[] plain) {
    return plain.length == 4
        ? plain[0] == 127 || Cidr.of(Cidr.literal(Services.ADDRESS)).contains(plain)
        : Cidr.parse("::1").contains(plain);
  }

  private static InetSocketAddress socketAddress(byte[] address, int port) {
    try {
      return new InetSocketAddress(InetAddress.getByAddress(address), port);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
    }
  }

  // ---- names ----

  /**
   * Whether that name may be asked for.
   *
   * @param name lower-case, without a final dot
   */
  boolean allows(String name) {
    if (network.reach() == Reach.OPEN) {
      return true;
    }
    for (String host : network.hosts()) {
      if (name.equals(host) || name.endsWith("." + host)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether an allowed name may lead there: a name is no way around the addresses that are refused.
   */
  boolean mayLeadTo(byte[] address) {
    byte[] plain = Cidr.plain(address);
    return !isOwn(plain) && !Ranges.refused(plain, network.cidrs());
  }

  /**
   * Allows an address that an allowed name led to.
   *
   * @return whether the guest must be told, because it has no way there yet
   */
  boolean learn(byte[] address, long seconds, long now) {
    byte[] plain = Cidr.plain(address);
    if (!mayLeadTo(plain) || listed(plain)) {
      return false;
    }
    long until = now + Math.max(seconds, LEAST_SECONDS) * SECOND;
    Learnt known = learnt.get(Cidr.of(plain));
    if (known != null) {
      known.until = known.until - until > 0 ? known.until : until;
      return false;
    }
    forget(now);
    Learnt added = new Learnt();
    added.until = until;
    learnt.put(Cidr.of(plain), added);
    return true;
  }

  /** Makes room: what has expired goes first, then what would expire next. */
  private void forget(long now) {
    learnt.values().removeIf(known -> known.connections == 0 && known.until - now <= 0);
    while (learnt.size() >= MOST_LEARNT) {
      learnt.entrySet().stream()
          .min(
              Comparator.<Map.Entry<Cidr, Learnt>>comparingInt(
                      entry -> entry.getValue().connections)
                  .thenComparingLong(entry -> entry.getValue().until - now))
          .ifPresent(oldest -> learnt.remove(oldest.getKey()));
    }
  }

  /**
   * A connection to an address that was learnt keeps the guest's way there, but allows no other.
   */
  void connected(byte[] address) {
    Learnt known = learnt.get(Cidr.of(address));
    if (known != null) {
      known.connections++;
    }
  }

  void disconnected(byte[] address) {
    Learnt known = learnt.get(Cidr.of(address));
    if (known != null && known.connections > 0) {
      known.connections--;
    }
  }

  // ---- what the guest is told ----

  /** The networks that the guest passes on to us. */
  List<Cidr> networks() {
    List<Cidr> networks = new ArrayList<>();
    if (network.reach() == Reach.OPEN) {
      networks.add(Cidr.parse("0.0.0.0/0"));
      networks.add(Cidr.parse("::/0"));
      networks.add(Ranges.TRANSLATED);
    }
    networks.addAll(network.cidrs());
    networks.removeIf(cidr -> Network.LOOPBACK.stream().anyMatch(own -> own.contains(cidr)));
    if (hostLoopback) {
      networks.add(Cidr.of(HOST_ADDRESS));
    }
    networks.addAll(learnt.keySet());
    return networks;
  }

  /** The networks that the guest refuses by itself. */
  List<Cidr> refused() {
    return network.outbound() ? Ranges.forGuest(network.cidrs()) : List.of();
  }
}
