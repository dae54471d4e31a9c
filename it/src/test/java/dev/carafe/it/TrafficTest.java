package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import io.netty.channel.Channel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real clients in a machine whose only way out is its sidecar, and servers on this host: HTTP/2,
 * gRPC, WebSockets, events, a large upload, git; and what each of them says when there is no route.
 * The sidecar begins without routes and is never opened again: what it allows, whom it trusts
 * upstream, its secrets and the guest's trust all come by a reload.
 *
 * <p>No gRPC or WebSocket client is small enough to be installed in an emulated machine: the frames
 * of both are made by hand, and carried by curl and openssl.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class TrafficTest {
  private static final String WEB = "web.lab.example";
  private static final String PLAIN = "plain.lab.example";
  private static final String GIT = "git.lab.example";
  private static final String LOGIN = "robot:carafe-test-login-" + "8a41d7c05be2";
  private static final long UPLOAD = 200_000_000;
  private static final long HOLD = 64_000_000;

  /** What may be under way between a client and a server that reads no more. */
  private static final long UNDER_WAY = 16 << 20;

  private static final Machines MACHINES = Lab.machines();

  @TempDir static Path directory;

  private static ServerKeys keys;
  private static TrafficServer server;
  private static HttpServer plain;
  private static GitServer git;
  private static HostProxy proxy;
  private static Machine machine;
  private static Sidecar sidecar;

  @BeforeAll
  static void open() throws Exception {
    keys = ServerKeys.make(directory, WEB, GIT);
    server = new TrafficServer(keys, HOLD);
    plain = HttpServer.create(new InetSocketAddress(HostProxy.LOOPBACK, 0), 0);
    plain.createContext(
        "/",
        exchange -> {
          byte[] answer = "plain".getBytes(StandardCharsets.US_ASCII);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    plain.start();
    Path repositories = Files.createDirectory(directory.resolve("repositories"));
    GitServer.repository(repositories.resolve("project.git"), "README", "cloned\n");
    git = new GitServer(keys, repositories, LOGIN);
    proxy =
        new HostProxy()
            .lead(WEB, server.port())
            .lead(GIT, git.port())
            .lead(PLAIN, plain.getAddress().getPort());
    Map<String, String> environment = new HashMap<>(Lab.environment());
    environment.put("HTTPS_PROXY", proxy.url());
    environment.put("HTTP_PROXY", proxy.url());
    environment.put("GIT_LOGIN", LOGIN);
    MachineSpec made =
        SidecarSpec.prepare(
            MachineSpec.named(Lab.name("traffic")), routes("version: 1\nroutes: []\n"));
    machine = MACHINES.create(made);
    sidecar = Sidecar.start(machine, SidecarSpec.of(made, environment).orElseThrow());
  }

  @AfterAll
  static void close() throws Exception {
    machine.delete();
    MACHINES.close();
    proxy.close();
    git.close();
    plain.stop(0);
    server.close();
  }

  private static Path routes(String text) throws IOException {
    Path written = Files.writeString(directory.resolve("routes.new"), text);
    return Files.move(
        written, directory.resolve("routes.yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Runs a script, and returns what it wrote to both streams. */
  private static ExecResult sh(String script) {
    return machine.run(
        ExecSpec.of("bash", "-c", "exec 2>&1\n" + script).withTimeout(Duration.ofMinutes(5)));
  }

  private static final String HTTP2 =
      "curl -sS -m 60 --http2 -w '%{http_version}' https://" + WEB + "/page";

  /** One message of three bytes; the answer's trailers are shown by --include. */
  private static final String GRPC =
      "printf '\\0\\0\\0\\0\\5\\12\\3abc' | curl -sS -m 60 --http2 --include -X POST -H 'te: trailers'"
          + " -H 'content-type: application/grpc+proto' --data-binary @- https://"
          + WEB
          + "/lab.Echo/Say | tr -d '\\0\\r'";

  private static final String EVENTS = "curl -sSN -m 120 https://" + WEB + "/events";

  /** A text frame "hello", masked with zeros (RFC 6455, 5.2), and its echo. */
  private static final String WEB_SOCKET =
      """
      perl -MIPC::Open2 -e '
        my $host = shift;
        $SIG{ALRM} = sub { die "nothing came" }; alarm 120; $| = 1;
        open2(my $in, my $out, "openssl", "s_client", "-quiet", "-verify_return_error",
          "-proxy", "10.91.0.1:9099", "-servername", $host, "-connect", "$host:443");
        select((select($out), $| = 1)[0]);
        print $out "GET /chat HTTP/1.1\\r\\nHost: $host\\r\\nUpgrade: websocket\\r\\n",
          "Connection: Upgrade\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n",
          "Sec-WebSocket-Version: 13\\r\\n\\r\\n";
        while (<$in>) { print; last if $_ eq "\\r\\n" }
        print $out "\\x81\\x85\\0\\0\\0\\0hello";
        read $in, my $frame, 7;
        print substr $frame, 2;
        exit 0'\s"""
          + WEB;

  private static final String CLONE =
      "rm -rf /root/clone; GIT_TERMINAL_PROMPT=0 git clone -q https://"
          + GIT
          + "/project.git /root/clone";

  private static final String SEND = "curl -sS -m 300 -T /root/large https://" + WEB + "/upload";

  /** The same, before there are routes. */
  @Nested
  class WithoutItsRoute {
    @BeforeAll
    static void forbid() throws Exception {
      routes("version: 1\nroutes: []\n");
      sidecar.reload();
      server.requests.clear();
    }

    @Test
    void nothingIsReached() {
      String denied = "CONNECT tunnel failed, response 403";
      assertThat(sh(HTTP2).out()).contains(denied);
      assertThat(sh(GRPC).out()).contains(denied);
      assertThat(sh(EVENTS).out()).contains(denied);
      assertThat(sh(WEB_SOCKET).out()).contains("egress: no route to " + WEB);
      assertThat(sh("head -c 99999 /dev/zero > /root/large; " + SEND).out()).contains(denied);
      assertThat(sh(CLONE).out()).contains(denied);
      assertThat(server.requests).isEmpty();
    }

    @Test
    void aPlainRequestIsToldWhy() {
      assertThat(sh("curl -sS http://" + PLAIN + "/").out())
          .isEqualTo("egress: no route to " + PLAIN + "\n");
    }

    @Test
    void clientsThatIgnoreProxiesFindNoSuchName() {
      for (String url : new String[] {"https://" + WEB, "http://" + PLAIN}) {
        assertThat(sh("curl -sS --noproxy '*' " + url).out()).contains("Could not resolve host");
      }
    }
  }

  @Nested
  class WithItsRoute {
    @BeforeAll
    static void allow() throws Exception {
      routes(
          """
          version: 1
          ca: %s
          routes:
            - host: %s
            - host: %s
            - host: %s
              git: fetch
              auth: {scheme: basic, token: {env: GIT_LOGIN}}
          """
              .formatted(keys.certificate(), WEB, PLAIN, GIT));
      sidecar.reload();
      server.requests.clear();
    }

    @Test
    void http2IsSpokenOnBothSides() {
      assertThat(sh(HTTP2).out()).isEqualTo("GET /page HTTP/2\n2");
    }

    @Test
    void aGrpcCallGetsItsMessageAndItsTrailers() {
      assertThat(sh(GRPC).out())
          .contains("HTTP/2 200", "content-type: application/grpc+proto", "abc", "grpc-status: 0");
    }

    @Test
    void aWebSocketEchoes() {
      assertThat(sh(WEB_SOCKET).out()).contains("101 Switching Protocols").endsWith("hello");
    }

    @Test
    void anEventArrivesBeforeTheNextIsSent() throws Exception {
      try (Execution curl = machine.exec(ExecSpec.shell(EVENTS));
          BufferedReader events =
              new BufferedReader(new InputStreamReader(curl.stdout(), StandardCharsets.US_ASCII))) {
        assertThat(events.readLine()).isEqualTo("data: first");
        Channel stream = server.listening.take();
        TrafficServer.event(stream, "second");
        assertThat(events.readLine()).isEmpty();
        assertThat(events.readLine()).isEqualTo("data: second");
        TrafficServer.endEvents(stream);
        assertThat(curl.await()).isZero();
      }
    }

    @Test
    void clientsThatIgnoreProxiesAreServedAllTheSame() {
      assertThat(sh("curl -sS --noproxy '*' https://" + WEB + "/page").out())
          .isEqualTo("GET /page HTTP/2\n");
      assertThat(sh("curl -sS --noproxy '*' http://" + PLAIN + "/page").out()).isEqualTo("plain");
    }

    @Test
    void programsWithoutAnEnvironmentTrustItByTheSystemsStore() {
      assertThat(sh("env -i /usr/bin/curl -sS https://" + WEB + "/page").out())
          .isEqualTo("GET /page HTTP/2\n");
    }

    @Test
    void gitClonesWithALoginThatItNeverSeesAndPushesNothing() {
      assertThat(sh(CLONE + " && cat /root/clone/README").out()).isEqualTo("cloned\n");
      assertThat(sh("cat /root/clone/.git/config; env").out())
          .contains("https://" + GIT)
          .doesNotContain(LOGIN.split(":")[1]);
      assertThat(sh("cd /root/clone && git push -q origin main:other").out())
          .contains("egress:", "403");
    }

    @Test
    void aLargeUploadArrivesByteByByteAndIsNotKeptOnItsWay() throws Exception {
      Path file = directory.resolve("large");
      String hash = random(file);
      machine.copyIn(file, "/root/large");
      Files.delete(file);
      try (Execution curl = machine.exec(ExecSpec.shell("exec " + SEND))) {
        Channel held = server.held.get();
        long[] before = {-1};
        await()
            .atMost(Duration.ofMinutes(2))
            .until(
                () -> {
                  long last = before[0];
                  before[0] = read(curl.guestPid().orElseThrow());
                  return before[0] == last;
                });
        assertThat(before[0]).isBetween(HOLD, HOLD + UNDER_WAY);
        held.config().setAutoRead(true);
        assertThat(new String(curl.stdout().readAllBytes(), StandardCharsets.US_ASCII))
            .isEqualTo(UPLOAD + " " + hash + "\n");
      }
    }

    private static String random(Path file) throws Exception {
      SplittableRandom random = new SplittableRandom(1);
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] piece = new byte[100_000];
      try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), digest)) {
        for (long written = 0; written < UPLOAD; written += piece.length) {
          random.nextBytes(piece);
          out.write(piece);
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    }

    /** How many bytes a process in the guest has read. */
    private static long read(int pid) {
      return Long.parseLong(sh("sed -n 's/^rchar: //p' /proc/" + pid + "/io").out().strip());
    }
  }
}
