package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The addresses that are nobody's business on the public network: this host, its neighbours,
 * clouds' metadata, what is reserved. They are refused unless someone names them, and a network
 * names a range only if it lies inside it: {@code 0.0.0.0/0} names none of them, and {@code
 * 169.254.0.0/16} does not name the metadata service in it. Stateless.
 */
final class Ranges {
  private static final List<Cidr> REFUSED =
      parse(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "169.254.169.254/32",
          "172.16.0.0/12",
          "192.0.0.0/24",
          "192.0.2.0/24",
          "192.88.99.0/24",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "198.51.100.0/24",
          "203.0.113.0/24",
          "224.0.0.0/4",
          "240.0.0.0/4",
          // All of IPv6 that is not unicast of the public network …
          "::/3",
          "4000::/2",
          "8000::/1",
          // … and in it: Teredo, documentation, 6to4, the second documentation range.
          "2001::/32",
          "2001:db8::/32",
          "2002::/16",
          "3fff::/20",
          // Named one by one, so that each can be opened alone.
          "::1/128",
          "fc00::/7",
          "fd00:ec2::254/128",
          "fe80::/10",
          "ff00::/8");

  /** Addresses whose last 4 bytes are the IPv4 address that a translator connects to. */
  static final Cidr TRANSLATED = Cidr.parse("64:ff9b::/96");

  private Ranges() {}

  private static List<Cidr> parse(String... all) {
    return Arrays.stream(all).map(Cidr::parse).toList();
  }

  /**
   * Whether connecting there has to be allowed by name.
   *
   * @param named the networks that someone has named
   */
  static boolean refused(byte[] address, List<Cidr> named) {
    byte[] plain = Cidr.plain(address);
    if (TRANSLATED.contains(plain)) {
      return refused(Arrays.copyOfRange(plain, 12, 16), named);
    }
    Cidr range = smallest(plain);
    if (range == null) {
      return false;
    }
    for (Cidr cidr : named) {
      if (opens(cidr, range, plain)) {
        return false;
      }
    }
    return true;
  }

  /** Whether naming a network opens a range for an address: it must lie inside the range. */
  private static boolean opens(Cidr named, Cidr range, byte[] plain) {
    return range.contains(named) && named.contains(plain);
  }

  /** The smallest range that has the address, or null: an address is opened by naming that one. */
  private static Cidr smallest(byte[] plain) {
    Cidr found = null;
    for (Cidr range : REFUSED) {
      if (range.contains(plain) && (found == null || range.prefix() > found.prefix())) {
        found = range;
      }
    }
    return found;
  }

  /**
   * What the guest is to refuse by itself: all but its own loopback, and but what is named in just
   * these words.
   */
  static List<Cidr> forGuest(List<Cidr> named) {
    List<Cidr> refused = new ArrayList<>(REFUSED);
    refused.removeIf(
        range ->
            range.equals(Cidr.parse("127.0.0.0/8"))
                || range.equals(Cidr.parse("::1/128"))
                || named.contains(range));
    return refused;
  }
}
