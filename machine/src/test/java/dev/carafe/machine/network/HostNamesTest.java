package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/** The host's own names, with a name server of the test's. */
@Timeout(60)
class HostNamesTest {
  @TempDir Path directory;

  private static Name name(String text) throws Exception {
    return Name.fromString(text);
  }

  private Answer lookup(String name, boolean six, int port) throws Exception {
    Path hosts = directory.resolve("hosts");
    if (!Files.exists(hosts)) {
      Files.writeString(hosts, "");
    }
    Path servers = directory.resolve("resolv.conf");
    Files.writeString(servers, "# ours\nnameserver nonsense\nnameserver 127.0.0.1\n");
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    new HostNames(hosts, servers, port).lookup(name, six, answer::complete);
    return answer.get();
  }

  private Answer served(UnaryOperator<Message> server) throws Exception {
    try (var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  var packet = new DatagramPacket(new byte[4_096], 4_096);
                  socket.receive(packet);
                  Message query = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
                  Message reply = new Message(query.getHeader().getID());
                  reply.getHeader().setFlag(Flags.QR);
                  reply.addRecord(query.getQuestion(), Section.QUESTION);
                  byte[] wire = server.apply(reply).toWire();
                  socket.send(
                      new DatagramPacket(wire, wire.length, packet.getAddress(), packet.getPort()));
                } catch (Exception e) {
                  socket.close();
                }
              });
      return lookup("www.example.org", false, socket.getLocalPort());
    }
  }

  private static void address(Message reply, String name, int ttl, int last) {
    try {
      InetAddress address = InetAddress.getByAddress(new byte[] {1, 2, 3, (byte) last});
      reply.addRecord(new ARecord(name(name), DClass.IN, ttl, address), Section.ANSWER);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theFileOfHostsComesFirst() throws Exception {
    Files.writeString(
        directory.resolve("hosts"),
        "192.0.2.1 other www.example.org # a comment\n::1 www.example.org\n192.0.2.2 WWW.example.org\n");
    Answer answer = lookup("www.example.org", false, 1);
    assertThat(answer.addresses())
        .containsExactly(new byte[] {(byte) 192, 0, 2, 1}, new byte[] {(byte) 192, 0, 2, 2});
    assertThat(lookup("www.example.org", true, 1).addresses()).hasSize(1);
  }

  @Test
  void aliasesAreFollowedAndTheShortestTimeCounts() throws Exception {
    Answer answer =
        served(
            reply -> {
              try {
                reply.addRecord(
                    new CNAMERecord(
                        name("www.example.org."), DClass.IN, 50, name("cdn.example.net.")),
                    Section.ANSWER);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
              address(reply, "cdn.example.net.", 300, 4);
              address(reply, "unasked.example.", 1, 5);
              return reply;
            });
    assertThat(answer.addresses()).containsExactly(new byte[] {1, 2, 3, 4});
    assertThat(answer.seconds()).isEqualTo(50);
  }

  @Test
  void aliasesThatGoRoundAreNoAnswer() throws Exception {
    Answer answer =
        served(
            reply -> {
              try {
                Name name = name("www.example.org.");
                reply.addRecord(new CNAMERecord(name, DClass.IN, 50, name), Section.ANSWER);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
              return reply;
            });
    assertThat(answer.kind()).isEqualTo(Answer.Kind.FAILED);
  }

  @Test
  void whatDoesNotExistIsSaidToNotExist() throws Exception {
    Answer answer =
        served(
            reply -> {
              reply.getHeader().setRcode(Rcode.NXDOMAIN);
              return reply;
            });
    assertThat(answer.kind()).isEqualTo(Answer.Kind.UNKNOWN);
  }
}
