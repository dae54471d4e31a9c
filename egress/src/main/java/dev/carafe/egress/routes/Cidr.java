package dev.carafe.egress.routes;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;

/**
 * A range of addresses.
 *
 * @param network its first address
 * @param bits how many bits all of its addresses share
 */
public record Cidr(InetAddress network, int bits) {
  private static final String FOUR_NUMBERS = "((0|[1-9][0-9]{0,2})(\\.|$)){4}";

  /**
   * Reads {@code 10.0.0.0/8}, {@code fd00::/8}, or one address. Asks no name server.
   *
   * @throws IllegalArgumentException with a sentence
   */
  public static Cidr of(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    if (address.indexOf(':') < 0 && !address.matches(FOUR_NUMBERS)) {
      // Java also reads 10.1 and 010.0.0.1, and not everybody as the same address.
      throw noRange();
    }
    InetAddress network;
    try {
      network =
          address.indexOf(':') >= 0
              ? Inet6Address.ofLiteral(address)
              : Inet4Address.ofLiteral(address);
    } catch (IllegalArgumentException e) {
      throw noRange();
    }
    if (network instanceof Inet6Address six && (six.getScopeId() != 0 || address.contains("%"))) {
      throw new IllegalArgumentException("an address range has no zone (%)");
    }
    int most = network.getAddress().length * 8;
    int bits = slash < 0 ? most : number(text.substring(slash + 1));
    if (bits < 0 || bits > most) {
      throw new IllegalArgumentException("after the / belongs a number from 1 to " + most);
    }
    if (bits == 0) {
      throw new IllegalArgumentException(
          "this range holds every address; name the networks that are meant");
    }
    byte[] first = network.getAddress();
    for (int bit = bits; bit < most; bit++) {
      if ((first[bit / 8] & 0x80 >> bit % 8) != 0) {
        throw new IllegalArgumentException(
            "the address has bits after the first "
                + bits
                + "; write the first address of the range");
      }
    }
    return new Cidr(network, bits);
  }

  private static IllegalArgumentException noRange() {
    return new IllegalArgumentException("this is no address range such as 10.1.0.0/16");
  }

  private static int number(String text) {
    boolean digits =
        text.length() >= 1
            && text.length() <= 3
            && text.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits ? Integer.parseInt(text) : -1;
  }

  /** Whether an address is in the range; one of the other family never is. */
  public boolean contains(InetAddress address) {
    byte[] mine = network.getAddress();
    byte[] other = address.getAddress();
    if (mine.length != other.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >> bit % 8;
      if ((mine[bit / 8] & mask) != (other[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return network.getHostAddress() + "/" + bits;
  }
}
