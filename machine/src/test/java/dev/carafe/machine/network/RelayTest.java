package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Services;
import dev.carafe.machine.network.FakeGuest.Frame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The relay between a guest that is played by hand and sockets of this host. */
@Timeout(60)
class RelayTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final byte[] HOST = Cidr.literal(Services.HOST_ADDRESS);
  private static final Network LOCAL = Network.of(Network.LOOPBACK, List.of());

  @TempDir Path directory;
  private FakeGuest guest;
  private ServerSocket server;
  private Relay relay;

  @BeforeEach
  void start() throws IOException {
    guest = new FakeGuest(directory);
    server = new ServerSocket(0, 50, LOOPBACK);
  }

  @AfterEach
  void stop() throws IOException {
    if (relay != null) {
      relay.close();
    }
    server.close();
    guest.close();
  }

  private Path denied() {
    return directory.resolve("denials");
  }

  private Frame open(Network network, Services services) throws Exception {
    var opening = new CompletableFuture<Relay>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                var denials = new Denials(denied(), InstantSource.system());
                opening.complete(
                    Relay.open(
                        guest.host,
                        true,
                        network,
                        services,
                        denials,
                        (name, six, done) -> done.accept(Answer.UNKNOWN),
                        Duration.ofSeconds(20)));
              } catch (RuntimeException e) {
                opening.completeExceptionally(e);
              }
            });
    Frame setup = guest.welcome();
    relay = opening.get();
    return setup;
  }

  private Services service(int port) {
    return Services.of(Map.of(port, new InetSocketAddress(LOOPBACK, server.getLocalPort())));
  }

  private static String read(Socket socket, int length) throws IOException {
    return new String(socket.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
  }

  @Test
  void aServiceIsReachedBothWaysAndEachHalfEndsAlone() throws Exception {
    open(Network.NONE, service(9099));
    guest.open(1, 0, 9099);
    guest.data(1, "hello", false);
    try (Socket socket = server.accept()) {
      guest.next(Wire.ACCEPTED);
      assertThat(read(socket, 5)).isEqualTo("hello");
      guest.data(1, " you", true);
      assertThat(read(socket, 100)).isEqualTo(" you");
      socket.getOutputStream().write("answer".getBytes(StandardCharsets.US_ASCII));
      assertThat(guest.next(Wire.DATA).text()).isEqualTo("answer");
      socket.shutdownOutput();
      assertThat(guest.next(Wire.DATA).end()).isTrue();
    }
    // Over: what was under way is ignored, and the relay lives.
    guest.credit(1, 6);
    guest.open(3, 0, 9099);
    assertThat(guest.next(Wire.ACCEPTED).stream()).isEqualTo(3);
  }

  @Test
  void whoIsTurnedAwayHearsWhatWasSaidBeforeTheDoorWasShut() throws Exception {
    Path door = directory.resolve("door");
    try (var service = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      service.bind(UnixDomainSocketAddress.of(door));
      open(Network.NONE, Services.of(Map.of(9099, UnixDomainSocketAddress.of(door))));
      guest.open(1, 0, 9099);
      try (var peer = service.accept()) {
        guest.next(Wire.ACCEPTED);
        peer.write(ByteBuffer.wrap("503".getBytes(StandardCharsets.US_ASCII)));
      }
      guest.data(1, "a request", false);
      assertThat(guest.next(Wire.DATA).text()).isEqualTo("503");
      assertThat(guest.next(Wire.DATA).end()).isTrue();
      guest.data(1, "and more of it", true);
      // Over on both sides: what comes now is ignored, and the relay lives.
      guest.open(3, 0, 9099);
      try (var peer = service.accept()) {
        assertThat(guest.next(Wire.ACCEPTED).stream()).isEqualTo(3);
      }
    }
  }

  @Test
  void whatIsNotAllowedIsRefusedAtOnceAndWrittenDown() throws Exception {
    open(Network.of(List.of(Cidr.parse("192.0.2.0/24")), List.of()), Services.NONE);
    guest.open(1, 4, 80, (byte) 8, (byte) 8, (byte) 8, (byte) 8);
    Frame reset = guest.next(Wire.RESET);
    assertThat(reset.stream()).isEqualTo(1);
    assertThat(reset.number()).isEqualTo(Errno.ACCES);
    guest.open(3, 4, server.getLocalPort(), HOST);
    assertThat(guest.next(Wire.RESET).number()).isEqualTo(Errno.ACCES);
    guest.open(5, 0, 9099);
    assertThat(guest.next(Wire.RESET).number()).isEqualTo(Errno.CONNREFUSED);
    assertThat(Denials.read(denied(), 10))
        .extracting("destination")
        .containsExactly("8.8.8.8:80", Services.HOST_ADDRESS + ":" + server.getLocalPort());
  }

  @Test
  void thisHostsLoopbackHasAnAddressOfItsOwnWhenItIsNamed() throws Exception {
    Frame setup = open(LOCAL, Services.NONE);
    assertThat(setup.text()).contains("\u0004 " + new String(HOST, StandardCharsets.ISO_8859_1));
    guest.open(1, 4, server.getLocalPort(), HOST);
    try (Socket socket = server.accept()) {
      guest.next(Wire.ACCEPTED);
      guest.send(Wire.RESET, 0, 1, FakeGuest.number(Errno.CONNRESET));
      assertThatThrownBy(() -> read(socket, 1)).isInstanceOf(IOException.class);
    }
    server.close();
    guest.open(3, 4, server.getLocalPort(), HOST);
    assertThat(guest.next(Wire.RESET).number()).isEqualTo(Errno.CONNREFUSED);
  }

  @Test
  void aReaderThatStopsHoldsUpNobodyAndGetsNoMoreThanItsWindow() throws Exception {
    open(Network.NONE, service(9099));
    guest.open(1, 0, 9099);
    try (Socket stuck = server.accept()) {
      guest.next(Wire.ACCEPTED);
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  stuck.getOutputStream().write(new byte[1 << 20]);
                } catch (IOException e) {
                  // The test is over.
                }
              });
      int received = 0;
      while (received < Wire.WINDOW) {
        received += guest.next(Wire.DATA).payload().length;
      }
      assertThat(received).isEqualTo(Wire.WINDOW);
      guest.open(3, 0, 9099);
      assertThat(guest.next(Wire.ACCEPTED).stream()).isEqualTo(3);
      try (Socket lively = server.accept()) {
        lively.getOutputStream().write('x');
        assertThat(guest.next(Wire.DATA).stream()).isEqualTo(3);
      }
      assertThat(guest.next(Wire.DATA).end()).isTrue();
      guest.credit(1, 10);
      Frame more = guest.next(Wire.DATA);
      assertThat(more.stream()).isEqualTo(1);
      assertThat(more.payload()).hasSize(10);
    }
  }

  @Test
  void aServerThatDoesNotReadGivesTheGuestNoCredit() throws Exception {
    open(Network.NONE, service(9099));
    guest.open(1, 0, 9099);
    try (Socket socket = server.accept()) {
      guest.next(Wire.ACCEPTED);
      byte[] piece = new byte[32_768];
      long sent = 0;
      long window = Wire.WINDOW;
      // Until the host's own buffers are full, too.
      while (window >= piece.length) {
        guest.send(Wire.DATA, 0, 1, piece);
        sent += piece.length;
        window -= piece.length;
        guest.open((int) (sent / piece.length) * 2 + 1, 0, 7);
        for (Frame frame = guest.next(); frame.type() != Wire.RESET; frame = guest.next()) {
          window += frame.number();
        }
      }
      assertThat(socket.getInputStream().readNBytes((int) sent)).hasSize((int) sent);
      assertThat(guest.next(Wire.CREDIT).stream()).isEqualTo(1);
    }
  }

  @Test
  void aWrongFrameClosesEverything() throws Exception {
    int[][] wrong = {
      {Wire.DATA, 0, 7, 4}, // nobody opened it
      {Wire.DATA, 1, 1, 4}, // an unknown flag
      {Wire.ACCEPTED, 0, 1, 0}, // its own stream
      {Wire.SETUP_DONE, 0, 0, 4}, // nobody asked
      {Wire.CREDIT, 0, 1, 4}, // of nothing
      {3, 0, 1, 4}, // a request
      {Wire.DATA, 0, 1, 0} // says nothing
    };
    for (int[] each : wrong) {
      guest.close();
      guest = new FakeGuest(directory);
      open(Network.NONE, service(9099));
      CountDownLatch closed = new CountDownLatch(1);
      relay.onClose(closed::countDown);
      guest.open(1, 0, 9099);
      try (Socket socket = server.accept()) {
        guest.next(Wire.ACCEPTED);
        guest.send(each[0], each[1], each[2], new byte[each[3]]);
        guest.fallSilent();
        assertThat(guest.isClosed()).isTrue();
        closed.await();
        assertThat(relay.isOpen()).isFalse();
        assertThat(relay.reason()).startsWith("the guest ");
        assertThatThrownBy(() -> read(socket, 1)).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void dataBeyondTheWindowOrTheEndClosesEverything() throws Exception {
    open(Network.NONE, service(9099));
    guest.open(1, 0, 9099);
    guest.data(1, "all", true);
    guest.data(1, "more", false);
    guest.fallSilent();
    assertThat(guest.isClosed()).isTrue();
    assertThat(relay.reason()).contains("beyond its end");
  }

  @Test
  void creditBeyondTheWindowClosesEverything() throws Exception {
    open(Network.NONE, service(9099));
    guest.open(1, 0, 9099);
    guest.credit(1, 1);
    guest.fallSilent();
    assertThat(guest.isClosed()).isTrue();
    assertThat(relay.reason()).contains("more credit than it has");
  }

  @Test
  void numbersAreNeverUsedTwice() throws Exception {
    open(Network.NONE, Services.NONE);
    guest.open(5, 0, 7);
    guest.next(Wire.RESET);
    guest.open(3, 0, 7);
    guest.fallSilent();
    assertThat(guest.isClosed()).isTrue();
    assertThat(relay.reason()).contains("not new");
  }

  @Test
  void moreStreamsThanThereMayBeCloseEverything() throws Exception {
    open(Network.NONE, service(9099));
    // Kept: a socket that nobody refers to is closed by the garbage collector.
    Queue<Socket> accepted = new ConcurrentLinkedQueue<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (true) {
                  accepted.add(server.accept());
                }
              } catch (IOException e) {
                // The test is over.
              }
            });
    for (int i = 0; i < Wire.GUEST_STREAMS; i++) {
      guest.open(2 * i + 1, 0, 9099);
    }
    for (int i = 0; i < Wire.GUEST_STREAMS; i++) {
      guest.next(Wire.ACCEPTED);
    }
    guest.open(2 * Wire.GUEST_STREAMS + 1, 0, 9099);
    guest.fallSilent();
    assertThat(guest.isClosed()).isTrue();
    assertThat(relay.reason()).contains("more than 1024");
    assertThat(accepted).isNotEmpty();
  }

  @Test
  void aPublishedPortLeadsIntoTheGuest() throws Exception {
    int port = server.getLocalPort();
    server.close();
    open(Network.NONE.withPorts(List.of(new PublishedPort(port, 80))), Services.NONE);
    try (Socket client = new Socket(LOOPBACK, port)) {
      Frame offer = guest.next(Wire.OPEN);
      assertThat(offer.stream()).isEqualTo(2);
      assertThat(offer.payload()).containsExactly(4, 0, 80, 0, 127, 0, 0, 1);
      guest.send(Wire.ACCEPTED, 0, 2, new byte[0]);
      client.getOutputStream().write("GET".getBytes(StandardCharsets.US_ASCII));
      assertThat(guest.next(Wire.DATA).text()).isEqualTo("GET");
      guest.data(2, "page", true);
      assertThat(read(client, 100)).isEqualTo("page");
    }
    assertThat(guest.next(Wire.DATA).end()).isTrue();
    try (Socket client = new Socket(LOOPBACK, port)) {
      guest.next(Wire.OPEN);
      guest.send(Wire.RESET, 0, 4, FakeGuest.number(Errno.CONNREFUSED));
      assertThatThrownBy(() -> read(client, 1)).isInstanceOf(IOException.class);
    }
    try (Socket client = new Socket(LOOPBACK, port)) {
      guest.next(Wire.OPEN);
      guest.data(6, "too early", false);
      guest.fallSilent();
      assertThat(guest.isClosed()).isTrue();
      assertThat(relay.reason()).contains("has not accepted");
    }
  }

  @Test
  void aPortThatIsInUseIsSaid() {
    Network network = Network.NONE.withPorts(List.of(new PublishedPort(server.getLocalPort(), 80)));
    var denials = new Denials(denied(), InstantSource.system());
    assertThatThrownBy(
            () ->
                Relay.open(
                    guest.host, true, network, Services.NONE, denials, Duration.ofSeconds(5)))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("host port " + server.getLocalPort() + " is already in use");
  }

  @Test
  void theGateAnswersForEveryAllowedAddressAndConnectsToNothing() throws Exception {
    open(Network.of(List.of(Cidr.parse("192.0.2.0/24")), List.of()), Services.NONE);
    guest.open(1, 4, Gate.PORT, (byte) 192, (byte) 0, (byte) 2, (byte) 1);
    guest.next(Wire.ACCEPTED);
    assertThat(guest.next(Wire.DATA).text()).isEqualTo("carafe\n");
    assertThat(guest.next(Wire.DATA).end()).isTrue();
    guest.open(3, 4, Gate.PORT, (byte) 192, (byte) 0, (byte) 3, (byte) 1);
    guest.next(Wire.RESET);
    assertThat(relay.seenAtGate()).isEqualTo(1);
  }

  @Test
  void whoClosesTheRelayResetsWhatItCarried() throws Exception {
    open(Network.NONE, service(9099));
    guest.open(1, 0, 9099);
    try (Socket socket = server.accept()) {
      guest.next(Wire.ACCEPTED);
      relay.close();
      assertThat(guest.isClosed()).isTrue();
      assertThat(relay.clean()).isTrue();
      assertThatThrownBy(() -> read(socket, 1)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aGuestThatCannotSetUpHasNoNetwork() throws Exception {
    var opening =
        CompletableFuture.supplyAsync(
            () ->
                Relay.open(
                    guest.host,
                    true,
                    LOCAL,
                    Services.NONE,
                    new Denials(denied(), InstantSource.system()),
                    Duration.ofSeconds(20)));
    assertThatThrownBy(
            () -> {
              guestThatFails();
              opening.join();
            })
        .hasMessageContaining("no such device");
  }

  private void guestThatFails() throws IOException {
    Frame hello = guest.next();
    byte[] welcome =
        FakeGuest.little(44)
            .put(hello.payload(), 0, 8)
            .put(hello.payload(), 12, 16)
            .putInt(1)
            .putInt(65_536)
            .putInt(1_024)
            .putInt(131_072)
            .putInt(0)
            .array();
    guest.send(2, 0, 0, welcome);
    guest.next(Wire.SETUP);
    byte[] words = "no such device".getBytes(StandardCharsets.US_ASCII);
    guest.send(
        Wire.SETUP_DONE, 0, 0, FakeGuest.little(4 + words.length).putInt(19).put(words).array());
  }
}
