package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Services;
import dev.carafe.machine.channel.Violation;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * New streams: which there may be, what becomes of them, and which numbers there have been. Belongs
 * to the relay's thread.
 */
final class Admission {
  private final Relay relay;
  private final Policy policy;
  private final Services services;
  private final Denials denials;

  /** Unsigned, as all numbers of streams. */
  private int lastOfGuest;

  private int nextOfHost = 2;
  private int ofGuest;
  private int ofHost;
  private final AtomicInteger seenAtGate = new AtomicInteger();

  Admission(Relay relay, Policy policy, Services services, Denials denials) {
    this.relay = relay;
    this.policy = policy;
    this.services = services;
    this.denials = denials;
  }

  /** Whether there has been a stream of that number. */
  boolean wasOpened(int stream) {
    return (stream & 1) == 1
        ? Integer.compareUnsigned(stream, lastOfGuest) <= 0
        : Integer.compareUnsigned(stream, nextOfHost) < 0;
  }

  void left(Flow flow) {
    if (flow.isGuests()) {
      ofGuest--;
    } else {
      ofHost--;
    }
  }

  /** For any thread. */
  int seenAtGate() {
    return seenAtGate.get();
  }

  /**
   * The guest opens a stream.
   *
   * @param offer kind, a zero, port and address, as {@link Decoder} lets them through
   */
  void opened(int id, byte[] offer) throws Violation {
    if ((id & 1) == 0 || Integer.compareUnsigned(id, lastOfGuest) <= 0) {
      throw new Violation("opened a stream under a number that is not new");
    }
    lastOfGuest = id;
    if (ofGuest >= Wire.GUEST_STREAMS) {
      throw new Violation("opened more than " + Wire.GUEST_STREAMS + " streams");
    }
    int kind = offer[0];
    int port = offer[2] & 0xff | (offer[3] & 0xff) << 8;
    byte[] address = Arrays.copyOfRange(offer, 4, offer.length);
    long now = System.nanoTime();
    try {
      Flow flow =
          kind == Wire.KIND_IPV4 || kind == Wire.KIND_IPV6
              ? toAddress(id, address, port, now)
              : toService(id, kind, port, now);
      if (flow != null) {
        ofGuest++;
        relay.began(flow);
      }
    } catch (IOException e) {
      relay.outgoing().reset(id, Errno.of(e));
    }
  }

  private Flow toService(int id, int kind, int port, long now) throws IOException {
    if (port == 53) {
      return new NameFlow(relay, id, kind == Wire.KIND_DATAGRAM, now);
    }
    if (port == Gate.PORT) {
      seenAtGate.incrementAndGet();
      return new Gate(relay, id);
    }
    SocketAddress target = services.ports().get(port);
    if (target == null) {
      relay.outgoing().reset(id, Errno.CONNREFUSED);
      return null;
    }
    return Connection.dial(relay, id, target, Optional.empty(), now);
  }

  private Flow toAddress(int id, byte[] address, int port, long now) throws IOException {
    var target = policy.target(address, port, now);
    if (target.isEmpty()) {
      String text = Cidr.text(address);
      denials.add("connect", (text.contains(":") ? "[" + text + "]" : text) + ":" + port);
      relay.outgoing().reset(id, Errno.ACCES);
      return null;
    }
    if (port == Gate.PORT) {
      seenAtGate.incrementAndGet();
      return new Gate(relay, id);
    }
    byte[] plain = Cidr.plain(address);
    Connection connection = Connection.dial(relay, id, target.get(), Optional.of(plain), now);
    policy.connected(plain);
    return connection;
  }

  /** Somebody connects to a published port. */
  void accept(Publisher publisher) throws IOException {
    SocketChannel socket = publisher.next();
    if (socket == null) {
      return;
    }
    if (ofHost >= Wire.HOST_STREAMS || nextOfHost == -2) {
      socket.close();
      return;
    }
    int id = nextOfHost;
    nextOfHost += 2;
    Connection connection = Connection.published(relay, id, socket);
    int port = publisher.guestPort();
    connection.openDue =
        new byte[] {Wire.KIND_IPV4, 0, (byte) port, (byte) (port >> 8), 127, 0, 0, 1};
    ofHost++;
    relay.began(connection);
    relay.outgoing().control(connection);
  }
}
