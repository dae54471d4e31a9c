package dev.carafe.machine.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.TerminalSize;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands, against the real agent. */
@Timeout(120)
class AgentExecTest {
  @TempDir Path temp;
  private Agent agent;
  private Channel channel;

  @BeforeEach
  void start() throws Exception {
    agent = new Agent(temp);
    channel = agent.channel();
  }

  @AfterEach
  void stop() throws Exception {
    channel.close();
    agent.close();
  }

  /** Run as whoever runs this test: without root, the agent cannot do otherwise. */
  private static final Optional<String> SELF = Optional.of(uid());

  private static String uid() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Command command(boolean input, String... argv) {
    return new Command(
        List.of(argv),
        List.of("PATH=/usr/bin:/bin"),
        Optional.empty(),
        SELF,
        Optional.empty(),
        Optional.empty(),
        input,
        false);
  }

  private Execution shell(String script) {
    return channel.exec(command(false, "/bin/sh", "-c", script));
  }

  @Test
  void aCommandsOutputAndExitCodeArrive() throws Exception {
    try (Execution run = shell("echo out; echo err >&2; exit 7")) {
      assertThat(new String(run.stdout().readAllBytes(), UTF_8)).isEqualTo("out\n");
      assertThat(new String(run.stderr().readAllBytes(), UTF_8)).isEqualTo("err\n");
      assertThat(run.await()).isEqualTo(7);
      assertThat(run.guestPid()).isPresent();
    }
  }

  @Test
  void argumentsAndEnvironmentArriveAsTheyAre() throws Exception {
    Command command =
        new Command(
            List.of(
                "/bin/sh", "-c", "printf '%s|' \"$@\" \"$A\" \"$(pwd)\"", "x", "", "ä\n", "c d"),
            List.of("A=ü=1"),
            Optional.of("/usr"),
            SELF,
            Optional.empty(),
            Optional.empty(),
            false,
            false);
    try (Execution run = channel.exec(command)) {
      assertThat(new String(run.stdout().readAllBytes(), UTF_8)).isEqualTo("|ä\n|c d|ü=1|/usr|");
      assertThat(run.await()).isZero();
    }
  }

  @Test
  void aRequestOfManyFramesArrivesWhole() throws Exception {
    List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c", "echo $#", "x"));
    for (int i = 0; i < 15; i++) {
      argv.add("y".repeat(100_000));
    }
    try (Execution run = channel.exec(command(false, argv.toArray(String[]::new)))) {
      assertThat(new String(run.stdout().readAllBytes(), UTF_8)).isEqualTo("15\n");
    }
  }

  @Test
  void standardInputGoesThroughByteForByte() throws Exception {
    byte[] bytes = new byte[5_000_000];
    new Random(1).nextBytes(bytes);
    try (Execution run = channel.exec(command(true, "cat"))) {
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (OutputStream to = run.stdin()) {
                      to.write(bytes);
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  });
      assertThat(run.stdout().readAllBytes()).isEqualTo(bytes);
      assertThat(run.await()).isZero();
      writer.join();
    }
  }

  @Test
  void aLargeOutputArrivesByteForByte() throws Exception {
    try (Execution run =
        shell(
            "head -c 100000000 /dev/zero | openssl enc -aes-128-ctr -nosalt -K 0 -iv 0 2>/dev/null")) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      long length;
      try (InputStream in = new DigestInputStream(run.stdout(), digest)) {
        length = in.transferTo(OutputStream.nullOutputStream());
      }
      assertThat(run.await()).isZero();
      try (Execution sum =
          shell(
              "head -c 100000000 /dev/zero | openssl enc -aes-128-ctr -nosalt -K 0 -iv 0"
                  + " 2>/dev/null | sha256sum")) {
        assertThat(new String(sum.stdout().readAllBytes(), UTF_8))
            .startsWith(HexFormat.of().formatHex(digest.digest()));
      }
      assertThat(length).isEqualTo(100_000_000);
    }
  }

  @Test
  void aCommandWhoseOutputNobodyReadsHoldsUpNoOther() throws Exception {
    try (Execution stuck = shell("cat /dev/zero");
        Execution stuckToo = shell("cat /dev/zero >&2")) {
      for (int i = 0; i < 20; i++) {
        try (Execution run = shell("echo hello")) {
          assertThat(new String(run.stdout().readAllBytes(), UTF_8)).isEqualTo("hello\n");
          assertThat(run.await()).isZero();
        }
      }
      assertThat(stuck.await(Duration.ofMillis(1))).isEmpty();
      assertThat(stuckToo.await(Duration.ofMillis(1))).isEmpty();
    }
  }

  @Test
  void aCommandThatReadsNothingHoldsUpNoOther() throws Exception {
    Execution stuck = channel.exec(command(true, "sleep", "1000"));
    Thread writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    stuck.stdin().write(new byte[10_000_000]);
                  } catch (Exception e) {
                    // Broken off at the end of the test.
                  }
                });
    try (Execution run = channel.exec(command(true, "cat"))) {
      run.stdin().write("hello".getBytes(UTF_8));
      run.stdin().close();
      assertThat(run.stdout().readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
    }
    stuck.close();
    writer.join();
  }

  @Test
  void aSignalEndsACommandAndShowsInItsExitCode() {
    try (Execution run = shell("sleep 1000")) {
      run.signal(15);
      assertThat(run.await()).isEqualTo(143);
    }
  }

  @Test
  void theTimeLimitEndsACommand() throws Exception {
    Command command =
        new Command(
            List.of("sleep", "1000"),
            List.of("PATH=/bin:/usr/bin"),
            Optional.empty(),
            SELF,
            Optional.empty(),
            Optional.of(Duration.ofMillis(50)),
            false,
            false);
    try (Execution run = channel.exec(command)) {
      assertThat(run.await()).isEqualTo(124);
    }
  }

  @Test
  void aMissingProgramIs127AndADirectory126() {
    try (Execution missing = channel.exec(command(false, "no-such-program"));
        Execution directory = channel.exec(command(false, "/usr"))) {
      assertThat(missing.await()).isEqualTo(127);
      assertThat(missing.message()).contains("no-such-program");
      assertThat(directory.await()).isEqualTo(126);
    }
  }

  private static Command as(String directory, String user) {
    return new Command(
        List.of("true"),
        List.of(),
        Optional.of(directory),
        Optional.of(user),
        Optional.empty(),
        Optional.empty(),
        false,
        false);
  }

  @Test
  void anUnknownUserIs126InTheGuestsWords() {
    try (Execution run = channel.exec(as("/", "no-such-user"))) {
      assertThat(run.await()).isEqualTo(126);
      assertThat(run.message()).contains("no-such-user");
    }
  }

  @Test
  void aRefusedRequestThrowsInTheGuestsWords() {
    try (Execution run = channel.exec(as("relative", SELF.orElseThrow()))) {
      assertThatThrownBy(run::await)
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.GUEST))
          .hasMessageContaining("cannot run 'true' in the guest")
          .hasMessageContaining("directory");
    }
  }

  @Test
  void aTerminalHasItsSizeAndFollowsAResize() throws Exception {
    Command command =
        new Command(
            List.of("/bin/sh", "-c", "stty size; read line; stty size"),
            List.of("PATH=/bin:/usr/bin"),
            Optional.empty(),
            SELF,
            Optional.of(new TerminalSize(31, 97)),
            Optional.empty(),
            true,
            false);
    try (Execution run = channel.exec(command)) {
      byte[] first = run.stdout().readNBytes("31 97\r\n".length());
      assertThat(new String(first, UTF_8)).isEqualTo("31 97\r\n");
      run.resize(40, 120);
      run.stdin().write("\n".getBytes(UTF_8));
      assertThat(new String(run.stdout().readAllBytes(), UTF_8)).endsWith("40 120\r\n");
      assertThat(run.stderr().readAllBytes()).isEmpty();
      assertThat(run.await()).isZero();
    }
  }

  @Test
  void aDetachedCommandOutlivesItsChannel() throws Exception {
    Path mark = temp.resolve("mark");
    Command command =
        new Command(
            List.of("/bin/sh", "-c", "read wait <" + temp + "/fifo; echo done >" + mark),
            List.of("PATH=/bin:/usr/bin"),
            Optional.empty(),
            SELF,
            Optional.empty(),
            Optional.empty(),
            false,
            true);
    assertThat(new ProcessBuilder("mkfifo", temp + "/fifo").start().waitFor()).isZero();
    try (Execution run = channel.exec(command)) {
      assertThat(run.await()).isZero();
      assertThat(run.guestPid()).isPresent();
      assertThat(run.stdout().read()).isEqualTo(-1);
    }
    channel.close();
    try (Channel again = agent.channel();
        Execution run =
            again.exec(
                command(
                    false,
                    "/bin/sh",
                    "-c",
                    "echo go >"
                        + temp
                        + "/fifo; until [ -s "
                        + mark
                        + " ]; do :; done; cat "
                        + mark))) {
      assertThat(new String(run.stdout().readAllBytes(), UTF_8)).isEqualTo("done\n");
    }
  }

  @Test
  void closingAnExecutionKillsItsCommand() throws Exception {
    Execution run = shell("echo $$; exec sleep 1000");
    String pid = new BufferedReader(new InputStreamReader(run.stdout(), UTF_8)).readLine();
    run.close();
    try (Execution wait = shell("while kill -0 " + pid + " 2>/dev/null; do :; done")) {
      assertThat(wait.await()).isZero();
    }
  }

  @Test
  void anotherHostProcessFindsAFreshSessionAfterOneThatBrokeOff() throws Exception {
    try (Execution run = shell("cat /dev/zero")) {
      run.stdout().readNBytes(10);
      channel.close();
      assertThatThrownBy(run::await)
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOST));
    }
    channel = agent.channel();
    try (Execution run = shell("echo again")) {
      assertThat(new String(run.stdout().readAllBytes(), UTF_8)).isEqualTo("again\n");
    }
  }

  @Test
  void aDeadAgentEndsEveryWait() throws Exception {
    try (Execution run = shell("sleep 1000")) {
      await().until(() -> run.guestPid().isPresent());
      agent.close();
      assertThatThrownBy(run::await)
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOST));
      assertThatThrownBy(() -> run.stdout().read()).isInstanceOf(java.io.IOException.class);
    }
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void manyThreadsShareAChannel() throws Exception {
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 16; i++) {
      String text = ("thread " + i + " ").repeat(20_000);
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      for (int round = 0; round < 5; round++) {
                        try (Execution run = channel.exec(command(true, "cat"))) {
                          Thread.ofVirtual()
                              .start(
                                  () -> {
                                    try (OutputStream to = run.stdin()) {
                                      to.write(text.getBytes(UTF_8));
                                    } catch (Exception e) {
                                      failures.add(e);
                                    }
                                  });
                          assertThat(run.stdout().readAllBytes()).isEqualTo(text.getBytes(UTF_8));
                          assertThat(run.await()).isZero();
                        }
                      }
                    } catch (Throwable e) {
                      failures.add(e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void syncIsAnswered() {
    channel.sync(Duration.ofSeconds(60));
  }
}
