package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;

/** The payload of a SETUP frame: what the guest listens on and passes on to us. */
final class Setup {
  /** 64 services, 2 × 1,024 networks and a flag, with their heads. */
  private static final int MOST = 64 * 7 + 2 * 1024 * 23 + 6;

  private Setup() {}

  static byte[] encode(
      Collection<Integer> services, boolean names, List<Cidr> networks, List<Cidr> refused) {
    ByteBuffer out = ByteBuffer.allocate(MOST).order(ByteOrder.LITTLE_ENDIAN);
    for (int port : services) {
      field(out, 1, 2).putShort((short) port);
    }
    if (names) {
      field(out, 2, 1).put((byte) 1);
    }
    networks.forEach(cidr -> network(out, 3, cidr));
    refused.forEach(cidr -> network(out, 4, cidr));
    byte[] encoded = new byte[out.position()];
    out.get(0, encoded);
    return encoded;
  }

  private static void network(ByteBuffer out, int tag, Cidr cidr) {
    byte[] address = cidr.address();
    field(out, tag, 2 + address.length)
        .put((byte) (address.length == 4 ? 4 : 6))
        .put((byte) cidr.prefix())
        .put(address);
  }

  private static ByteBuffer field(ByteBuffer out, int tag, int length) {
    return out.put((byte) tag).putInt(length);
  }
}
