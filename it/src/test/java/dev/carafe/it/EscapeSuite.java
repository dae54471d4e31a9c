package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.carafe.egress.Limits;
import dev.carafe.machine.Denial;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The attacks of a bottle that any engine has to withstand: those of an agent, and here those of
 * the guest's root, who stops the agent of Carafe and speaks in its place, takes the network apart,
 * and uses up what there is. The worst that may come of them is that there is no way out until it
 * is opened again.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class EscapeSuite extends AgentAttacks {
  private static final int GUEST_STREAMS = 1024;

  /** Those of the guest that a sidecar serves at once. */
  private static final int SIDECAR_CONNECTIONS = Limits.standard().connections();

  /** No agent that lives has used these. */
  private static final int FIRST = 0x40000001;

  private static final int CONNECTIONS = 32;

  /**
   * What one connection may hold on its way: a window of the relay, the proxy's buffers, and the
   * sockets' of the guest's and this host's kernel, of up to 6 MiB each. A host that kept what it
   * cannot pass on would soon be beyond it.
   */
  private static final long MOST_UNDER_WAY = CONNECTIONS * (16L << 20);

  private static final Duration LIMIT = Duration.ofMinutes(1);

  private String forge(RelayFrames frames) throws IOException {
    bottle.put(Files.write(directory.resolve("frames"), frames.bytes()), "/tmp/frames");
    return run(ROOT, Attacker.PATH + " forge carafe.net /tmp/frames");
  }

  // ---- in the agent's place ----

  @Test
  void noPortIsLeftToBeOpened() {
    String said = run(ROOT, "attack reach $(printf 'port,%s ' /dev/vport*)");
    assertThat(said.lines()).hasSizeGreaterThan(16).allMatch(line -> line.endsWith(": EBUSY"));
    assertThat(run(AGENT, "attack reach $(printf 'port,%s ' /dev/vport*)"))
        .contains(": EACCES\n")
        .doesNotContain("REACHED");
    assertThat(run(AGENT, "attack forge carafe.net /dev/null")).contains("Operation not permitted");
  }

  @Test
  void whoSpeaksForTheAgentIsTakenNoFurtherThanTheAgent() throws Exception {
    byte[] mapped = new byte[16];
    mapped[10] = mapped[11] = (byte) 0xff;
    mapped[12] = 127;
    mapped[15] = 1;
    String said =
        forge(
            new RelayFrames()
                .open(FIRST, 9099)
                .data(FIRST, "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n")
                .open(FIRST + 2, "127.0.0.1", bait.port())
                .open(FIRST + 4, "10.91.0.2", bait.port())
                .open(FIRST + 6, "::1", bait.port())
                .open(FIRST + 8, 6, bait.port(), mapped)
                .open(FIRST + 10, "0.0.0.0", bait.port())
                .open(FIRST + 12, "169.254.169.254", 80)
                .open(FIRST + 14, "8.8.8.8", 53)
                .open(FIRST + 16, "10.91.0.1", 9099)
                .open(FIRST + 18, bait.port())
                .open(FIRST + 20, 22));
    assertThat(said)
        .contains("accepted " + FIRST + "\n")
        .contains("data " + FIRST + ": HTTP/1.1 403 egress: no route to other.example\n")
        .doesNotContain("closed");
    for (int stream = FIRST + 2; stream <= FIRST + 16; stream += 2) {
      assertThat(said).contains("reset " + stream + " EACCES\n");
    }
    assertThat(said)
        .contains("reset " + (FIRST + 18) + " ECONNREFUSED\n")
        .contains("reset " + (FIRST + 20) + " ECONNREFUSED\n");
    assertThat(bottle.denials())
        .extracting(Denial::destination)
        .contains("127.0.0.1:" + bait.port(), "169.254.169.254:80", "8.8.8.8:53");
    // The agent itself goes on with lower numbers: to the host that is a lie.
    assertThat(run(AGENT, ALLOWED_REQUEST)).doesNotContain("200");
    closed();
  }

  /** What no agent sends. */
  enum Lie {
    A_TYPE_THAT_THERE_IS_NOT(new RelayFrames().frame(99, 0, 0)),
    A_FRAME_THAT_ONLY_THE_HOST_SENDS(new RelayFrames().frame(16, 0, 5, (byte) 2)),
    A_LENGTH_OF_FOUR_GIGABYTES(new RelayFrames().frame(5, FIRST, -1)),
    DATA_OF_A_STREAM_THAT_NOBODY_OPENED(new RelayFrames().data(FIRST, "here I am")),
    CREDIT_THAT_WAS_NOT_USED(
        new RelayFrames()
            .open(FIRST, 9099)
            .frame(6, FIRST, 4, (byte) 0, (byte) 0, (byte) 2, (byte) 0)),
    A_STREAM_OF_THE_HOSTS(new RelayFrames().open(0x7ffffff0, 9099)),
    MORE_STREAMS_THAN_THERE_ARE(manyStreams()),
    A_GREETING(
        new RelayFrames()
            .frame(2, 0, 44, "CARAFENT".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
            .frame(0, 0, 0));

    private final RelayFrames frames;

    Lie(RelayFrames frames) {
      this.frames = frames;
    }

    private static RelayFrames manyStreams() {
      var frames = new RelayFrames();
      for (int i = 0; i <= GUEST_STREAMS; i++) {
        frames.open(FIRST + 2 * i, 53);
      }
      return frames;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLieClosesTheWayOutWhichCanBeOpenedAgain(Lie lie) throws Exception {
    assertThat(forge(lie.frames)).endsWith("closed\n");
    closed();
  }

  @Test
  void aLieOnARequestsPortCostsThatRequestAndNoOther() throws Exception {
    bottle.put(
        Files.write(directory.resolve("frames"), Lie.A_TYPE_THAT_THERE_IS_NOT.frames.bytes()),
        "/tmp/frames");
    String script = "for n in $(seq 16); do attack shout carafe.$n /tmp/frames; done; sleep 60";
    assertThatThrownBy(() -> run(ROOT, script)).isInstanceOf(MachineException.class);
    assertThat(run(AGENT, "echo alive")).isEqualTo("alive\n");
  }

  /** It has no agent after that, so it is another bottle's guest that does it. */
  @Test
  void whoTakesThePortsThemselvesReachesNothingEither() throws Exception {
    byte[] frames = new RelayFrames().open(FIRST, "127.0.0.1", bait.port()).bytes();
    try (Bottle victim = another.get()) {
      victim.put(attacker, Attacker.PATH);
      victim.put(Files.write(directory.resolve("frames"), frames), "/tmp/frames");
      victim.run(ROOT, "attack seize carafe.net /tmp/frames");
      await()
          .atMost(LIMIT)
          .until(
              () -> victim.denials().stream().map(Denial::destination).toList(),
              seen -> seen.contains("127.0.0.1:" + bait.port()));
    }
  }

  // ---- the network taken apart ----

  @Test
  void withoutItsProgramTheGuestReachesLess() {
    assertThat(run(ROOT, "attack unhook bpf")).isEqualTo("1\n");
    attempts(
        AGENT,
        """
        tcp,10.91.0.1,9099: ECONNREFUSED
        tcp,10.91.0.1,443: ECONNREFUSED
        tcp,8.8.8.8,443: ENETUNREACH
        tcp,127.0.0.1,PORT: ECONNREFUSED
        """
            .replace("PORT", Integer.toString(bait.port())));
    bottle.shut();
  }

  @Test
  void withoutItsAddressTheGuestReachesNothing() {
    assertThat(run(ROOT, "attack unhook address")).isEqualTo("done\n");
    attempts(
        AGENT,
        """
        tcp,10.91.0.1,9099: ENETUNREACH
        dns,10.91.0.1,1,api.cloud.example: ENETUNREACH
        tcp,8.8.8.8,443: ENETUNREACH
        """);
    bottle.shut();
  }

  @Test
  void routesThatRootMakesLeadBackToTheGuest() {
    assertThat(run(ROOT, "attack unhook routes")).isEqualTo("done\ndone\n");
    try {
      attempts(
          AGENT,
          """
          tcp,8.8.8.8,443: ECONNRESET
          tcp,93.184.216.34,PORT: ECONNRESET
          tcp,2606:4700:4700::1111,443: ECONNRESET
          udp,8.8.8.8,53: ECONNREFUSED
          dns,8.8.8.8,1,api.cloud.example: ECONNREFUSED
          """
              .replace("PORT", Integer.toString(bait.port())));
    } finally {
      assertThat(run(ROOT, "attack unhook noroutes")).isEqualTo("done\ndone\n");
    }
  }

  @Test
  void theAgentIsNotEndedByASignal() {
    assertThat(run(ROOT, "kill -KILL 1; kill -TERM 1; kill -STOP 1; kill -SEGV 1; echo sent"))
        .isEqualTo("sent\n");
  }

  // ---- using up ----

  @Test
  void theSidecarTurnsAwayWhoComesWhenItHasEnoughAndSaysSo() {
    assertThat(askedBeside(SIDECAR_CONNECTIONS + 64)).startsWith("HTTP/1.1 503");
  }

  /**
   * The guest's own limit is met when connections that the sidecar has turned away are still open
   * on their clients' side: a matter of speed, so this says only that whoever comes is turned away,
   * by either. The guest's limit itself is tested where it is, in {@code relay_test.c}.
   */
  @Test
  void theGuestsOwnConnectionsAreLimitedToo() {
    assertThat(askedBeside(2 * GUEST_STREAMS))
        .containsAnyOf("HTTP/1.1 503", "Connection reset by peer", "Broken pipe")
        .doesNotContain("HTTP/1.1 200");
  }

  /** What is heard by one who comes when somebody holds so many connections. */
  private String askedBeside(int connections) {
    String script =
        "rm -f /tmp/held; attack hold %d 10.91.0.1 9099 >/tmp/held 2>&1 & "
            + "until [ -s /tmp/held ]; do sleep 0.1; done; cat /tmp/held";
    int held = Integer.parseInt(run(ROOT, script.formatted(connections)).strip());
    String heard;
    try {
      assertThat(held).isBetween(1, SIDECAR_CONNECTIONS);
      heard = run(AGENT, ALLOWED_REQUEST);
    } finally {
      run(ROOT, "pkill -KILL attack");
    }
    assertThat(bottle.isOpen()).isTrue();
    await()
        .atMost(LIMIT)
        .until(() -> run(AGENT, ALLOWED_REQUEST), said -> said.startsWith("HTTP/1.1 200"));
    return heard;
  }

  @Test
  void whatAServerDoesNotTakeIsNotTakenFromTheGuest() {
    var over = new CountDownLatch(1);
    upstream.serve("/stuck", exchange -> waitFor(over));
    head("POST", "/stuck", "Transfer-Encoding: chunked");
    String script =
        "rm -f /tmp/poured; attack pour %d 10.91.0.1 9099 /tmp/head >/tmp/poured 2>&1 &"
            + " until [ -s /tmp/poured ]; do sleep 0.1; done; cat /tmp/poured";
    try {
      long poured = Long.parseLong(run(ROOT, script.formatted(CONNECTIONS)).strip());
      assertThat(poured).isBetween(1L << 20, MOST_UNDER_WAY);
      System.out.println("· poured " + (poured >> 10) + " KiB");
      assertThat(run(AGENT, ALLOWED_REQUEST)).startsWith("HTTP/1.1 200");
    } finally {
      over.countDown();
      run(ROOT, "pkill -KILL attack");
    }
  }

  @Test
  void whatTheGuestDoesNotReadIsNotTakenFromAServer() {
    var sent = new AtomicLong();
    upstream.serve(
        "/endless",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] piece = new byte[1 << 16];
          try (OutputStream out = exchange.getResponseBody()) {
            while (sent.addAndGet(piece.length) > 0) {
              out.write(piece);
            }
          }
        });
    head("GET", "/endless");
    String script =
        "rm -f /tmp/held; attack hold %d 10.91.0.1 9099 /tmp/head >/tmp/held 2>&1 &"
            + " until [ -s /tmp/held ]; do sleep 0.1; done; cat /tmp/held";
    try {
      assertThat(run(ROOT, script.formatted(CONNECTIONS))).isEqualTo(CONNECTIONS + "\n");
      // The second time it has had as long again.
      run(ROOT, "sleep 2");
      assertThat(sent.get()).isBetween(1L << 20, MOST_UNDER_WAY);
      System.out.println("· not read " + (sent.get() >> 10) + " KiB");
      assertThat(run(AGENT, ALLOWED_REQUEST)).startsWith("HTTP/1.1 200");
    } finally {
      run(ROOT, "pkill -KILL attack");
    }
  }

  private void head(String method, String path, String... more) {
    String lines = String.join("\\r\\n", Arrays.asList(more)) + (more.length == 0 ? "" : "\\r\\n");
    String head =
        method
            + " http://"
            + ALLOWED
            + path
            + " HTTP/1.1\\r\\nHost: "
            + ALLOWED
            + "\\r\\n"
            + lines
            + "\\r\\n";
    run(ROOT, "printf '%b' '" + head + "' > /tmp/head");
  }

  private static void waitFor(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void aHeadWithoutEndIsRefused() {
    String script =
        "exec 3<>/dev/tcp/10.91.0.1/9099; {"
            + " printf 'GET http://%s/ HTTP/1.1\\r\\nHost: %s\\r\\nX: ';"
            + " head -c 4000000 /dev/zero | tr '\\0' x; } >&3 2>/dev/null; timeout 60 cat <&3";
    assertThat(run(AGENT, script.formatted(ALLOWED, ALLOWED)))
        .startsWith("HTTP/1.1 4")
        .contains("\r\n\r\negress: ");
  }
}
