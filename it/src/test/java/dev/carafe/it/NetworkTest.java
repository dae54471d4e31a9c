package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.Cidr;
import dev.carafe.machine.Denial;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A machine that may reach this host's loopback and nothing else, and servers there. Everything
 * that is refused is refused at once: {@code curl -m 20} would end with 28 if it had to wait.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class NetworkTest {
  private static final int REFUSED = 7;
  private static final int RESET = 56;
  private static final int RESET_WHILE_SENDING = 55;

  private static final Machines MACHINES = Lab.machines();
  private static final int PUBLISHED = freePort();
  private static Machine machine;

  @BeforeAll
  static void start() {
    Network network =
        Network.of(List.of(Cidr.parse("127.0.0.1/32")), List.of("localhost.example"))
            .withPorts(List.of(new PublishedPort(PUBLISHED, 8000)));
    machine = MACHINES.create(MachineSpec.builder(Lab.name("net")).network(network).build());
    machine.start();
  }

  @AfterAll
  static void delete() {
    machine.delete();
    MACHINES.close();
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ExecResult curl(String... arguments) {
    return machine.run(ExecSpec.shell("curl -sS -m 20 " + String.join(" ", arguments) + " 2>&1"));
  }

  private static String at(ServerSocket server) {
    return Services.HOST_ADDRESS + ":" + server.getLocalPort();
  }

  @Test
  void aServerOnThisHostsLoopbackIsReached() throws Exception {
    try (Server server = Server.of(Server::page)) {
      assertThat(curl("http://" + at(server.socket())).out()).isEqualTo("a page");
      assertThat(curl("http://host.carafe.internal:" + server.socket().getLocalPort()).out())
          .isEqualTo("a page");
    }
  }

  @Test
  void whatIsNotAllowedIsRefusedAtOnce() {
    for (String address :
        List.of("192.0.2.1", "10.0.0.1", "169.254.169.254", "[2001:db8::1]", "10.91.0.1:9")) {
      ExecResult result = curl("http://" + address);
      assertThat(result.exitCode()).as(address + ": " + result.out()).isEqualTo(REFUSED);
    }
    ExecResult closed = curl("http://" + Services.HOST_ADDRESS + ":9");
    assertThat(closed.exitCode()).as(closed.out()).isIn(REFUSED, RESET, RESET_WHILE_SENDING);
  }

  @Test
  void namesThatAreNotAllowedDoNotExist() {
    ExecResult result = curl("http://www.example.org/");
    assertThat(result.exitCode()).as(result.out()).isEqualTo(6);
    assertThat(machine.denials(100)).extracting(Denial::destination).contains("www.example.org");
    assertThat(machine.run(ExecSpec.of("cat", "/etc/resolv.conf")).out())
        .isEqualTo("nameserver 10.91.0.1\n");
  }

  @Test
  void theProofHoldsAndSaysWhatWasTried() {
    List<Proof> proofs = machine.prove();
    assertThat(proofs).allMatch(Proof::holds).hasSizeGreaterThan(10);
    assertThat(proofs).filteredOn(Proof::mustFail).hasSizeGreaterThan(8);
  }

  @Test
  void aHalfClosedConnectionStillAnswers() throws Exception {
    try (Server server = Server.of(Server::count)) {
      String script =
          "use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => shift) or die $!;"
              + " print $s 'x' x 300000; shutdown($s, 1); local $/; print <$s>";
      ExecResult result = machine.run(ExecSpec.of("perl", "-e", script, at(server.socket())));
      assertThat(result.out()).isEqualTo("300000");
    }
  }

  @Test
  void aPublishedPortLeadsIntoTheMachine() throws Exception {
    String script =
        "use IO::Socket::INET; my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1',"
            + " LocalPort => 8000, ReuseAddr => 1) or die $!; print \"up\\n\"; $| = 1;"
            + " open(my $f, '>', '/run/published'); close $f;"
            + " while (my $c = $l->accept) { my $line = <$c>; print $c \"you said $line\"; }";
    try (Execution guest = machine.exec(ExecSpec.of("perl", "-e", script))) {
      machine.run(ExecSpec.shell("until [ -e /run/published ]; do sleep 0.05; done"));
      for (int i = 0; i < 3; i++) {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), PUBLISHED)) {
          client.getOutputStream().write(("hello " + i + "\n").getBytes(StandardCharsets.UTF_8));
          String answer =
              new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
          assertThat(answer).isEqualTo("you said hello " + i + "\n");
        }
      }
    }
  }

  @Test
  void aPortThatNobodyListensOnInTheMachineIsReset() throws Exception {
    machine.run(ExecSpec.shell("pkill perl; until ! pgrep perl >/dev/null; do sleep 0.05; done"));
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), PUBLISHED)) {
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void aThousandConnectionsInTurn() throws Exception {
    try (Server server = Server.of(Server::page)) {
      String script =
          "use IO::Socket::INET; my $n = 0; for (1..1000) { my $s ="
              + " IO::Socket::INET->new(PeerAddr => $ARGV[0]) or die \"$_: $!\";"
              + " print $s \"GET / HTTP/1.0\\r\\n\\r\\n\"; local $/; $n++ if <$s> =~ /a page/; } print $n";
      ExecResult result = machine.run(ExecSpec.of("perl", "-e", script, at(server.socket())));
      assertThat(result.err()).isEmpty();
      assertThat(result.out()).isEqualTo("1000");
    }
  }

  @Test
  void aConnectionThatIsStuckStallsNoOther() throws Exception {
    try (Server flood = Server.of(Server::flood);
        Server server = Server.of(Server::page)) {
      String script =
          "use IO::Socket::INET; my @all; for (1..20) { push @all,"
              + " IO::Socket::INET->new(PeerAddr => $ARGV[0]) or die $!; }"
              + " open(my $f, '>', '/run/stuck'); close $f; sleep 1000";
      try (Execution stuck = machine.exec(ExecSpec.of("perl", "-e", script, at(flood.socket())))) {
        machine.run(ExecSpec.shell("until [ -e /run/stuck ]; do sleep 0.05; done"));
        for (int i = 0; i < 5; i++) {
          assertThat(curl("http://" + at(server.socket())).out()).isEqualTo("a page");
        }
        assertThat(machine.run(ExecSpec.of("echo", "alive")).out()).isEqualTo("alive\n");
      }
    }
  }

  @Test
  void aGigabyteEachWay() throws Exception {
    long bytes = 1L << 30;
    try (Server server = Server.of(socket -> Server.send(socket, bytes))) {
      long start = System.nanoTime();
      ExecResult result =
          machine.run(
              ExecSpec.of(
                  "perl",
                  "-e",
                  "use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => shift) or die $!;"
                      + " my $n = 0; while (sysread($s, my $b, 1 << 17)) { $n += length $b } print $n",
                  at(server.socket())));
      assertThat(result.out()).isEqualTo(Long.toString(bytes));
      report("into the guest", bytes, start);
    }
    try (Server server = Server.of(Server::count)) {
      long start = System.nanoTime();
      ExecResult result =
          machine.run(
              ExecSpec.of(
                  "perl",
                  "-e",
                  "use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => shift) or die $!;"
                      + " my $b = 'x' x (1 << 17); syswrite($s, $b) for 1.."
                      + (bytes >> 17)
                      + "; shutdown($s, 1); local $/; print <$s>",
                  at(server.socket())));
      assertThat(result.out()).isEqualTo(Long.toString(bytes));
      report("out of the guest", bytes, start);
    }
  }

  private static void report(String what, long bytes, long start) {
    long millis = Math.max(1, (System.nanoTime() - start) / 1_000_000);
    System.out.println("· " + what + ": " + (bytes >> 20) * 1000 / millis + " MiB/s");
  }

  @Test
  void servicesAreReachedAndWithTheGatewayEverythingIsGone() throws Exception {
    Machine plain = Lab.started(MACHINES, "service");
    try (Server server = Server.of(Server::page)) {
      assertThat(plain.prove()).hasSize(1).allMatch(Proof::holds);
      var target =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), server.socket().getLocalPort());
      var services = new Services(Map.of(80, target), name -> name.equals("api.example"));
      Gateway gateway = plain.attach(services);
      ExecSpec curl = ExecSpec.of("curl", "-sS", "-m", "20", "http://api.example/");
      assertThat(plain.run(curl).out()).isEqualTo("a page");
      assertThat(plain.prove()).allMatch(Proof::holds);
      assertThat(plain.run(ExecSpec.of("curl", "-sS", "-m", "20", "http://192.0.2.1")).exitCode())
          .isEqualTo(REFUSED);
      gateway.close();
      assertThat(gateway.isOpen()).isFalse();
      assertThat(plain.run(curl).exitCode()).isEqualTo(6);
      ExecSpec direct = ExecSpec.of("curl", "-sS", "-m", "20", "http://10.91.0.1/");
      assertThat(plain.run(direct).exitCode()).isEqualTo(REFUSED);
      try (Gateway again = plain.attach(services)) {
        assertThat(plain.run(curl).out()).isEqualTo("a page");
      }
    } finally {
      plain.delete();
    }
  }

  @Test
  void aPortOfAnotherRunningMachineIsNotPublishedTwice() {
    Network network = Network.NONE.withPorts(List.of(new PublishedPort(PUBLISHED, 80)));
    Machine second =
        MACHINES.create(MachineSpec.builder(Lab.name("second")).network(network).build());
    try {
      assertThatThrownBy(second::start)
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STATE))
          .hasMessageContaining(
              "host port "
                  + PUBLISHED
                  + " is already in use by running machine '"
                  + machine.name()
                  + "'");
    } finally {
      second.delete();
    }
  }

  /** Serves each connection in a thread of its own, and closes it. */
  private record Server(ServerSocket socket) implements AutoCloseable {
    interface Role {
      void play(Socket socket) throws IOException;
    }

    static Server of(Role role) throws IOException {
      ServerSocket server = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(() -> accept(server, role));
      return new Server(server);
    }

    private static void accept(ServerSocket server, Role role) {
      try {
        while (true) {
          Socket socket = server.accept();
          Thread.ofVirtual().start(() -> serve(socket, role));
        }
      } catch (IOException e) {
        // The test is over.
      }
    }

    private static void serve(Socket socket, Role role) {
      try (socket) {
        role.play(socket);
      } catch (IOException e) {
        // The client has gone.
      }
    }

    /** Any request is answered with a page. */
    static void page(Socket socket) throws IOException {
      InputStream in = socket.getInputStream();
      int last = 0;
      for (int c = in.read(); c >= 0 && last < 4; c = last < 4 ? in.read() : 0) {
        last = c == '\r' || c == '\n' ? last + 1 : 0;
      }
      String answer = "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\na page";
      socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
    }

    static void count(Socket socket) throws IOException {
      long count = socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      socket.getOutputStream().write(Long.toString(count).getBytes(StandardCharsets.US_ASCII));
    }

    static void send(Socket socket, long bytes) throws IOException {
      byte[] piece = new byte[1 << 17];
      for (long sent = 0; sent < bytes; sent += piece.length) {
        socket.getOutputStream().write(piece);
      }
    }

    static void flood(Socket socket) throws IOException {
      send(socket, Long.MAX_VALUE);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
