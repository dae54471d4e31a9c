package dev.carafe.machine.network;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Services;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * The machine's name server. Answers addresses of the names that the machine may ask for, and
 * nothing else: no other type, no other name, and no address that a name must not lead to. Who
 * controls an allowed name can therefore not turn it into a way to this host or its neighbours.
 *
 * <p>An address is answered only when the guest has a way there and the {@link Policy} knows that
 * it may be used. Chains of aliases are answered as if the name itself had the addresses. Belongs
 * to the relay's thread.
 */
final class Names {
  /** Questions that wait for somebody else's answer, at once. */
  private static final int MOST_ASKED = 256;

  private static final int PLAIN_BYTES = 512;
  private static final int LARGEST_DATAGRAM = 1_232;
  private static final long LONGEST_SECONDS = 3_600;
  private static final long SERVICE_SECONDS = 60;

  private final Policy policy;
  private final Services services;
  private final Denials denials;
  private final Upstream upstream;
  private final Relay relay;
  private int asked;

  Names(Policy policy, Services services, Denials denials, Upstream upstream, Relay relay) {
    this.policy = policy;
    this.services = services;
    this.denials = denials;
    this.upstream = upstream;
    this.relay = relay;
  }

  /**
   * Answers a question of the guest's.
   *
   * @param done gets the answer, or null when the question makes no sense at all; in the relay's
   *     thread, perhaps before this returns
   */
  void answer(byte[] question, boolean datagram, Consumer<byte[]> done) {
    Message query;
    try {
      query = new Message(question);
    } catch (IOException | IllegalArgumentException e) {
      done.accept(null);
      return;
    }
    if (query.getHeader().getFlag(Flags.QR)) {
      done.accept(null);
      return;
    }
    if (query.getHeader().getOpcode() != Opcode.QUERY) {
      done.accept(reply(query, Rcode.NOTIMP, List.of(), 0, datagram));
      return;
    }
    Record asks = query.getQuestion();
    if (asks == null || query.getSection(Section.QUESTION).size() != 1) {
      done.accept(reply(query, Rcode.FORMERR, List.of(), 0, datagram));
      return;
    }
    String name = plain(asks.getName());
    if (services.names().test(name)) {
      boolean ours = asks.getType() == Type.A && asks.getDClass() == DClass.IN;
      List<byte[]> address = ours ? List.of(Cidr.literal(Services.ADDRESS)) : List.of();
      done.accept(reply(query, Rcode.NOERROR, address, SERVICE_SECONDS, datagram));
    } else if (name.isEmpty() || isReserved(name) || !policy.allows(name)) {
      if (!name.equals(Prover.NOBODY)) {
        denials.add("dns", name);
      }
      done.accept(reply(query, Rcode.NXDOMAIN, List.of(), 0, datagram));
    } else if (asks.getDClass() != DClass.IN
        || asks.getType() != Type.A && asks.getType() != Type.AAAA) {
      done.accept(reply(query, Rcode.NOERROR, List.of(), 0, datagram));
    } else if (asked >= MOST_ASKED) {
      done.accept(reply(query, Rcode.SERVFAIL, List.of(), 0, datagram));
    } else {
      asked++;
      upstream.lookup(
          name,
          asks.getType() == Type.AAAA,
          answer ->
              relay.post(
                  () -> {
                    asked--;
                    found(query, name, answer, datagram, done);
                  }));
    }
  }

  /**
   * The name as names are compared; empty when it has a character that no host name has, which
   * could be taken for a dot or worse by someone on the way.
   */
  static String plain(Name name) {
    String text = name.toString(true).toLowerCase(Locale.ROOT);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')) {
        return "";
      }
    }
    return text;
  }

  /** Names that nobody can have, so that nobody has to be asked. */
  private static boolean isReserved(String name) {
    String last = name.substring(name.lastIndexOf('.') + 1);
    return last.equals("invalid") || last.equals("localhost") || last.equals("local");
  }

  private void found(
      Message query, String name, Answer answer, boolean datagram, Consumer<byte[]> done) {
    if (answer.kind() != Answer.Kind.FOUND) {
      int code = answer.kind() == Answer.Kind.UNKNOWN ? Rcode.NXDOMAIN : Rcode.SERVFAIL;
      done.accept(reply(query, code, List.of(), 0, datagram));
      return;
    }
    long seconds = Math.clamp(answer.seconds(), 0, LONGEST_SECONDS);
    long now = System.nanoTime();
    List<byte[]> usable = new ArrayList<>();
    boolean tell = false;
    for (byte[] address : answer.addresses()) {
      if (policy.mayLeadTo(address)) {
        usable.add(address);
        tell |= policy.learn(address, seconds, now);
      } else {
        denials.add("dns", name + " = " + Cidr.text(address));
      }
    }
    byte[] reply = reply(query, Rcode.NOERROR, usable, seconds, datagram);
    if (tell) {
      relay.setups().begin(ready -> done.accept(reply));
    } else {
      done.accept(reply);
    }
  }

  private static byte[] reply(
      Message query, int code, List<byte[]> addresses, long seconds, boolean datagram) {
    Message reply = new Message(query.getHeader().getID());
    reply.getHeader().setFlag(Flags.QR);
    reply.getHeader().setFlag(Flags.RA);
    if (query.getHeader().getFlag(Flags.RD)) {
      reply.getHeader().setFlag(Flags.RD);
    }
    reply.getHeader().setRcode(code);
    Record asks = query.getQuestion();
    if (asks != null) {
      reply.addRecord(asks, Section.QUESTION);
      for (byte[] address : addresses) {
        reply.addRecord(record(asks.getName(), address, seconds), Section.ANSWER);
      }
    }
    OPTRecord theirs = query.getOPT();
    int most = PLAIN_BYTES;
    if (theirs != null) {
      most = Math.clamp(theirs.getPayloadSize(), PLAIN_BYTES, LARGEST_DATAGRAM);
      reply.addRecord(new OPTRecord(LARGEST_DATAGRAM, 0, 0), Section.ADDITIONAL);
    }
    // Beyond the size it cuts, and sets the bit that says so.
    return reply.toWire(datagram ? most : 65_535);
  }

  private static Record record(Name name, byte[] address, long seconds) {
    try {
      InetAddress inet = InetAddress.getByAddress(address);
      return address.length == 4
          ? new ARecord(name, DClass.IN, seconds, inet)
          : new AAAARecord(name, DClass.IN, seconds, inet);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
    }
  }

  /** Nobody waits for an answer any more. */
  void close() {
    asked = MOST_ASKED;
  }
}
