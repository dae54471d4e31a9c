package dev.carafe.egress.proxy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Which addresses may be connected to. Refused are those that are not on the public Internet (the
 * registries of RFC 6890 and its successors) and what stands for them: IPv4 inside IPv6, NAT64,
 * 6to4. Ranges that are named are allowed nevertheless. Immutable.
 */
public final class AddressRules {
  private static final List<Range> SPECIAL =
      List.of(
          range("0.0.0.0/8", "this network"),
          range("10.0.0.0/8", "a private network"),
          range("100.64.0.0/10", "a provider's network"),
          range("127.0.0.0/8", "this host"),
          range("169.254.0.0/16", "this link"),
          range("172.16.0.0/12", "a private network"),
          range("192.0.0.0/24", "a reserved network"),
          range("192.0.2.0/24", "a network for documentation"),
          range("192.88.99.0/24", "a reserved network"),
          range("192.168.0.0/16", "a private network"),
          range("198.18.0.0/15", "a network for measurements"),
          range("198.51.100.0/24", "a network for documentation"),
          range("203.0.113.0/24", "a network for documentation"),
          range("224.0.0.0/4", "multicast"),
          range("240.0.0.0/4", "a reserved network"));
  private static final Range GLOBAL6 = range("2000::/3", "the Internet");
  private static final List<Range> SPECIAL6 =
      List.of(
          range("::1/128", "this host"),
          range("fc00::/7", "a private network"),
          range("fe80::/10", "this link"),
          range("ff00::/8", "multicast"),
          range("2001::/23", "a reserved network"),
          range("2001:db8::/32", "a network for documentation"),
          range("3fff::/20", "a network for documentation"));

  private final List<Range> allowed;

  private AddressRules(List<Range> allowed) {
    this.allowed = List.copyOf(allowed);
  }

  private record Range(byte[] address, int bits, String meaning) {
    boolean contains(byte[] other) {
      if (other.length != address.length) {
        return false;
      }
      int whole = bits / 8;
      if (!Arrays.equals(address, 0, whole, other, 0, whole)) {
        return false;
      }
      int rest = bits % 8;
      int mask = 0xff00 >> rest & 0xff;
      return rest == 0 || (address[whole] & mask) == (other[whole] & mask);
    }
  }

  /** Public addresses only. */
  public static AddressRules standard() {
    return new AddressRules(List.of());
  }

  /**
   * Public addresses and these.
   *
   * @param ranges such as {@code 10.1.0.0/16}, {@code fd00::/8} or one address
   * @throws IllegalArgumentException if one is no range
   */
  public static AddressRules allowing(Collection<String> ranges) {
    return standard().and(ranges);
  }

  /** The same and these. */
  public AddressRules and(Collection<String> ranges) {
    List<Range> all = new ArrayList<>(allowed);
    for (String text : ranges) {
      all.add(range(text, "allowed"));
    }
    return new AddressRules(all);
  }

  private static Range range(String text, String meaning) {
    int slash = text.indexOf('/');
    String number = slash < 0 ? text : text.substring(0, slash);
    // A name would be looked up.
    if (!number.matches("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
      throw new IllegalArgumentException(text + " is no range of addresses");
    }
    try {
      byte[] address = InetAddress.getByName(number).getAddress();
      int bits = slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
      if (bits < 0 || bits > address.length * 8) {
        throw new IllegalArgumentException(text + " is no range of addresses");
      }
      return new Range(address, bits, meaning);
    } catch (UnknownHostException | NumberFormatException e) {
      throw new IllegalArgumentException(text + " is no range of addresses", e);
    }
  }

  /** What an address is that may not be connected to; nothing if it may be. */
  public Optional<String> refusal(InetAddress address) {
    byte[] bytes = address.getAddress();
    byte[] inner = inner(bytes);
    if (within(bytes) || inner.length == 4 && within(inner)) {
      return Optional.empty();
    }
    if (inner.length == 4) {
      return meaning(SPECIAL, inner);
    }
    Optional<String> special = meaning(SPECIAL6, inner);
    return special.isPresent() || GLOBAL6.contains(inner)
        ? special
        : Optional.of("a reserved network");
  }

  private boolean within(byte[] bytes) {
    return allowed.stream().anyMatch(range -> range.contains(bytes));
  }

  private static Optional<String> meaning(List<Range> ranges, byte[] bytes) {
    return ranges.stream().filter(r -> r.contains(bytes)).map(Range::meaning).findFirst();
  }

  /** The IPv4 address that an IPv6 address leads to, or the address itself. */
  private static byte[] inner(byte[] bytes) {
    if (bytes.length == 4) {
      return bytes;
    }
    boolean mapped = zero(bytes, 0, 10) && bytes[10] == -1 && bytes[11] == -1;
    boolean compatible = zero(bytes, 0, 12) && !zero(bytes, 12, 15);
    boolean nat64 =
        bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == (byte) 0xff && bytes[3] == (byte) 0x9b;
    if (mapped || compatible || nat64) {
      return Arrays.copyOfRange(bytes, 12, 16);
    }
    if (bytes[0] == 0x20 && bytes[1] == 2) {
      return Arrays.copyOfRange(bytes, 2, 6);
    }
    return bytes;
  }

  private static boolean zero(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
