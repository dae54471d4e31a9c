package dev.carafe.machine.channel;

import java.time.Duration;
import java.util.Optional;

/**
 * One attempt to reach something, made inside the guest.
 *
 * @param kind what is tried
 * @param address 4 or 16 bytes; none for {@link Kind#INTERFACES}
 * @param port 1 to 65535, or 0 for none
 * @param name the name asked for, with {@link Kind#DNS}
 * @param limit at most 30 seconds
 */
public record Probe(
    Kind kind, Optional<byte[]> address, int port, Optional<String> name, Duration limit) {

  /** In the order of the protocol's numbers, from 1. */
  public enum Kind {
    TCP,
    UDP,
    ICMP,
    DNS,
    INTERFACES
  }

  /**
   * What came of it.
   *
   * @param errno 0 when it went through
   * @param message the guest's words
   */
  public record Outcome(int errno, String message) {}

  Request request() {
    Request request = new Request(Protocol.PROBE, "try the guest's network");
    request.u8(1, kind.ordinal() + 1);
    if (address.isPresent()) {
      request.bytes(2, address.get());
    }
    if (port > 0) {
      request.u16(3, port);
    }
    if (name.isPresent()) {
      request.text(4, name.get());
    }
    if (kind != Kind.INTERFACES) {
      request.u32(5, (int) limit.toMillis());
    }
    return request;
  }
}
