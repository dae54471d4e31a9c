package dev.carafe.machine;

import java.net.InetAddress;
import java.util.Arrays;

/**
 * A block of IP addresses, {@code address/prefix}. Immutable. Addresses are 4 or 16 bytes; an IPv6
 * address that only wraps an IPv4 one ({@code ::ffff:a.b.c.d}) is that IPv4 address here, so that
 * nobody can write one address in two ways.
 */
public final class Cidr {
  private static final int WRAPPED_BITS = 96;

  private final byte[] address;
  private final int prefix;

  private Cidr(byte[] address, int prefix) {
    this.address = address;
    this.prefix = prefix;
    for (int bit = prefix; bit < address.length * 8; bit++) {
      address[bit / 8] &= (byte) ~(0x80 >> bit % 8);
    }
  }

  /**
   * Reads {@code a.b.c.d}, {@code a.b.c.d/0-32}, or the same of IPv6. Bits behind the prefix are
   * dropped. Asks no name server.
   *
   * @throws MachineException INVALID when it is neither
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    byte[] address = literal(slash < 0 ? text : text.substring(0, slash));
    if (address == null) {
      throw malformed(text);
    }
    boolean wrapped = address.length == 4 && text.indexOf(':') >= 0;
    int bits = wrapped ? 128 : address.length * 8;
    int prefix = slash < 0 ? bits : number(text.substring(slash + 1));
    if (prefix < (wrapped ? WRAPPED_BITS : 0) || prefix > bits) {
      throw malformed(text);
    }
    return new Cidr(address, wrapped ? prefix - WRAPPED_BITS : prefix);
  }

  /** The block of one address, of 4 or 16 bytes. */
  public static Cidr of(byte[] address) {
    byte[] plain = plain(address);
    return new Cidr(plain, plain.length * 8);
  }

  private static MachineException malformed(String text) {
    return new MachineException(
        ErrorCode.INVALID,
        "use the network '" + (text.length() > 60 ? text.substring(0, 60) + "…" : text) + "'",
        "write an IPv4 or IPv6 address, or a block of them such as 192.0.2.0/24");
  }

  private static int number(String text) {
    return text.matches("0|[1-9][0-9]{0,2}") ? Integer.parseInt(text) : -1;
  }

  /** The address that {@code text} spells out, or null: no name, no short form, no zone. */
  public static byte[] literal(String text) {
    if (text.indexOf(':') < 0) {
      String octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
      if (!text.matches(octet + "(\\." + octet + "){3}")) {
        return null;
      }
    } else if (!text.matches("[0-9A-Fa-f:.]{2,45}")) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text).getAddress();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The same address, as 4 bytes if it is an IPv4 one in IPv6's clothes. */
  public static byte[] plain(byte[] address) {
    if (address.length == 16) {
      for (int i = 0; i < 12; i++) {
        if (address[i] != (i < 10 ? 0 : (byte) 0xff)) {
          return address.clone();
        }
      }
      return Arrays.copyOfRange(address, 12, 16);
    }
    return address.clone();
  }

  public boolean contains(byte[] other) {
    byte[] plain = plain(other);
    if (plain.length != address.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit += 8) {
      int mask = prefix - bit >= 8 ? 0xff : 0xff00 >> prefix - bit & 0xff;
      if (((plain[bit / 8] ^ address[bit / 8]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether all of {@code other} lies in this block. */
  public boolean contains(Cidr other) {
    return other.prefix >= prefix && contains(other.address);
  }

  /** The first address: 4 or 16 bytes. */
  public byte[] address() {
    return address.clone();
  }

  /** How many bits are the same in all of the block. */
  public int prefix() {
    return prefix;
  }

  public boolean isIpv4() {
    return address.length == 4;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Cidr cidr
        && cidr.prefix == prefix
        && Arrays.equals(cidr.address, address);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(address) * 31 + prefix;
  }

  /** As {@link #parse} reads it, always with the prefix. */
  @Override
  public String toString() {
    return text(address) + "/" + prefix;
  }

  /** An address as people write it; IPv6 with its longest run of zeros left out. */
  public static String text(byte[] address) {
    byte[] plain = plain(address);
    if (plain.length == 4) {
      return (plain[0] & 0xff)
          + "."
          + (plain[1] & 0xff)
          + "."
          + (plain[2] & 0xff)
          + "."
          + (plain[3] & 0xff);
    }
    int from = -1;
    int length = 1;
    for (int i = 0; i < 8; i++) {
      int run = 0;
      while (i + run < 8 && group(plain, i + run) == 0) {
        run++;
      }
      if (run > length) {
        from = i;
        length = run;
      }
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == from) {
        text.append("::");
        i += length - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(group(plain, i)));
      }
    }
    return text.toString();
  }

  private static int group(byte[] address, int index) {
    return (address[2 * index] & 0xff) << 8 | address[2 * index + 1] & 0xff;
  }
}
