package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Network;
import dev.carafe.machine.Network.PublishedPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where attacks take place: a bottle and its neighbour, a bait on this host's loopback, and what
 * the bottle may reach. All are there for the whole class. After each attack an allowed request
 * goes through, nobody has come to the bait, and the neighbour is well.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
abstract class EscapeGround {
  static final String ALLOWED = "api.cloud.example";
  static final String SIBLING = "dns.cloud.example";
  static final String AGENT = "1000:1000";
  static final String ROOT = "0:0";

  /** A script that prints an allowed request's answer, from the status line on. */
  static final String ALLOWED_REQUEST =
      ask(request("GET http://" + ALLOWED + "/control HTTP/1.1", "Host: " + ALLOWED));

  Path directory;
  Upstream upstream;
  Bottle bottle;
  Bait bait;
  Path attacker;

  /** Opens one more bottle. */
  Supplier<Bottle> another;

  private Machines machines;
  private Machine neighbour;
  int neighboursPort;

  /** Opens the engine under test. */
  abstract Machines machines() throws IOException;

  /**
   * Makes a bottle and opens it.
   *
   * @param routes what it may reach, in the form of a routes file, without its version
   * @param planted what is in the environment of its commands
   * @param host the environment of its sidecar
   */
  abstract Bottle bottle(
      Machines machines, String routes, Map<String, String> planted, Map<String, String> host)
      throws IOException;

  /** A host that it may reach beyond what this says, if there is one. */
  Optional<String> model() {
    return Optional.empty();
  }

  @BeforeAll
  void begin(@TempDir Path temporary) throws Exception {
    directory = temporary;
    List<String> names =
        new ArrayList<>(List.of(ALLOWED, SIBLING, "harmless.wild.example", "other.example"));
    model().ifPresent(names::add);
    upstream = Upstream.start(directory, names.toArray(String[]::new));
    String routes =
        """
        ca: %s
        routes:
          - host: %s
          - host: '*.wild.example'
        """
            .formatted(upstream.certificate(), ALLOWED);
    Map<String, String> host = new HashMap<>(Lab.environment());
    host.put("HTTPS_PROXY", upstream.proxy());
    host.put("HTTP_PROXY", upstream.proxy());
    bait = Bait.lay();
    assertThat(talkTo(bait.port())).as("the bait is alive").isEqualTo("bait");
    machines = machines();
    neighbour = neighbour();
    attacker = Attacker.compile(directory);
    another =
        () -> {
          try {
            return bottle(machines, routes, secrets(), host);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    bottle = another.get();
    bottle.put(attacker, Attacker.PATH);
    nothingIsOpenThatWasNotAndAllIsWell();
  }

  @AfterAll
  void end() throws Exception {
    if (bottle != null) {
      bottle.close();
    }
    if (neighbour != null) {
      neighbour.delete();
    }
    machines.close();
    bait.close();
    upstream.close();
  }

  /** Shaped like those that agents hold, and put together here, so that no scanner takes alarm. */
  private static Map<String, String> secrets() {
    String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz";
    Map<String, String> secrets = new LinkedHashMap<>();
    secrets.put(Bottle.SECRETS.get(0), "sk-ant-" + "api03-" + random(letters, 93) + "AA");
    secrets.put(Bottle.SECRETS.get(1), "AK" + "IA" + random(letters.substring(0, 32), 16));
    secrets.put(Bottle.SECRETS.get(2), "sk" + "-" + random(letters, 48));
    return secrets;
  }

  static String random(String letters, int count) {
    var text = new StringBuilder();
    new SecureRandom()
        .ints(count, 0, letters.length())
        .forEach(i -> text.append(letters.charAt(i)));
    return text.toString();
  }

  /** A machine with a service that it publishes on this host's loopback. */
  private Machine neighbour() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      neighboursPort = free.getLocalPort();
    }
    Network network = Network.NONE.withPorts(List.of(new PublishedPort(neighboursPort, 8000)));
    Machine machine =
        machines.create(MachineSpec.builder(Lab.name("neighbour")).network(network).build());
    machine.start();
    String serve =
        "use IO::Socket::INET; my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1',"
            + " LocalPort => 8000) or die $!; open(my $f, '>', '/run/serves'); close $f;"
            + " while (my $c = $l->accept) { print $c 'well' }";
    machine.exec(ExecSpec.of("perl", "-e", serve).asDetached()).close();
    machine.run(ExecSpec.shell("until [ -e /run/serves ]; do sleep 0.05; done"));
    return machine;
  }

  static String talkTo(int port) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  @AfterEach
  void nothingIsOpenThatWasNotAndAllIsWell() throws IOException {
    bottle.open();
    assertThat(run(AGENT, ALLOWED_REQUEST)).startsWith("HTTP/1.1 200").contains("/control");
    assertThat(bait.visitors()).as("visitors beside this test itself").isEqualTo(1);
    assertThat(talkTo(neighboursPort)).isEqualTo("well");
    assertThat(upstream.destinations())
        .allMatch(
            to ->
                to.matches("(" + ALLOWED + "|harmless\\.wild\\.example):(80|443)")
                    || model().stream().anyMatch(host -> to.equals(host + ":443")));
  }

  // ---- the means ----

  /** What to ask the proxy: these lines. They may use the shell's variables. */
  static String request(String... lines) {
    return "\"" + String.join("\n", lines) + "\nConnection: close\n\n\"";
  }

  /** A script that asks the proxy, and prints all that it says. */
  static String ask(String... requests) {
    return Attacker.PATH + " ask 10.91.0.1 9099 " + String.join(" ", requests);
  }

  static String connect(String server) {
    return request("CONNECT " + server + " HTTP/1.1", "Host: " + server);
  }

  static String get(String server, String host) {
    return request("GET http://" + server + "/ HTTP/1.1", "Host: " + host);
  }

  /** Runs a script and returns all that it wrote. */
  String run(String user, String script) {
    return bottle.run(user, "{ " + script + "\n} 2>&1").out();
  }

  /**
   * Makes attempts and compares what comes of them.
   *
   * @param expected lines {@code ATTEMPT: OUTCOME}, as {@code attack reach} writes them
   */
  void attempts(String user, String expected) {
    List<String> attempts = new ArrayList<>();
    expected.lines().forEach(line -> attempts.add("'" + line.split(": ", 2)[0] + "'"));
    String out = run(user, Attacker.PATH + " reach " + String.join(" ", attempts));
    assertThat(out).isEqualTo(expected);
  }

  /** That the proxy says no to each of these, and why. */
  void refused(String... requests) {
    assertThat(run(AGENT, ask(requests)).split("\n---\n"))
        .hasSize(requests.length)
        .allSatisfy(
            answer -> assertThat(answer).startsWith("HTTP/1.1 403 ").contains("\r\n\r\negress: "));
  }
}
