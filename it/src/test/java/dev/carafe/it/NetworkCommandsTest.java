package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A machine's network when who started the machine is gone. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class NetworkCommandsTest {
  private final String name = Lab.name("kept");
  private ServerSocket server;

  @BeforeEach
  void serve() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::answer);
  }

  private void answer() {
    try {
      while (true) {
        try (Socket socket = server.accept()) {
          socket.getInputStream().read(new byte[1024]);
          socket
              .getOutputStream()
              .write("HTTP/1.0 200 OK\r\n\r\na page".getBytes(StandardCharsets.US_ASCII));
        }
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  @AfterEach
  void delete() throws Exception {
    server.close();
    Program.carafe("machine", "delete", "-f", name);
  }

  private static String ok(String... arguments) throws Exception {
    Program program = Program.carafe(arguments);
    assertThat(program.exitCode()).as(program.stderr()).isZero();
    return program.out();
  }

  private Program curl() throws Exception {
    return Program.carafe(
        "machine",
        "exec",
        "--name",
        name,
        "--",
        "curl",
        "-sS",
        "-m",
        "20",
        "http://10.91.0.2:" + server.getLocalPort());
  }

  private List<ProcessHandle> keepers() {
    return Lab.processes("_relay " + name);
  }

  @Test
  void itOutlivesItsStarterIsStartedAgainAndEndsWithTheMachine() throws Exception {
    ok("machine", "create", name, "--outbound-localhost-only");
    ok("machine", "start", name);
    assertThat(curl().out()).isEqualTo("a page");
    assertThat(keepers()).hasSize(1);

    ProcessHandle keeper = keepers().getFirst();
    keeper.destroyForcibly();
    keeper.onExit().get();
    assertThat(curl().exitCode()).as("closed").isEqualTo(7);

    assertThat(ok("machine", "start", name)).contains("already running");
    assertThat(curl().out()).isEqualTo("a page");
    assertThat(keepers()).hasSize(1);
    assertThat(ok("machine", "start", name)).contains("already running");
    assertThat(keepers()).as("one is enough").hasSize(1);
    assertThat(ok("machine", "prove", name)).contains("it went through").doesNotContain(" NO ");

    ok("machine", "stop", name);
    Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> keepers().isEmpty());
  }

  @Test
  void runHoldsItItselfAndLeavesNothing() throws Exception {
    String url = "http://10.91.0.2:" + server.getLocalPort();
    assertThat(ok("run", "--allow-cidr", "127.0.0.1", "-n", name, "--", "curl", "-sS", url))
        .isEqualTo("a page");
    assertThat(keepers()).isEmpty();
    Program refused = Program.carafe("run", "-n", name, "--", "curl", "-sS", url);
    assertThat(refused.exitCode()).isEqualTo(7);
  }

  @Test
  void withRoutesItsSidecarIsThatProcess(@TempDir Path directory) throws Exception {
    Path routes = Files.writeString(directory.resolve("none.yaml"), "version: 1\nroutes: []\n");
    ok("machine", "create", "--name", name, "--routes", routes.toString(), "--label", "a=b");
    ok("machine", "start", "--name", name);
    assertThat(keepers()).hasSize(1);
    assertThat(curl().out()).isEqualTo("egress: an address is no host name; routes go by name\n");
    ok("machine", "prove", name);
  }

  @Test
  void aPortThatIsTakenFailsTheStartAndLeavesNoProcess() throws Exception {
    ok("machine", "create", name, "-p", server.getLocalPort() + ":80");
    Program start = Program.carafe("machine", "start", name);
    assertThat(start.exitCode()).isEqualTo(1);
    assertThat(start.stderr())
        .contains("host port " + server.getLocalPort() + " is already in use");
    Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> keepers().isEmpty());
    assertThat(ok("machine", "status", name)).contains("failed");
  }
}
