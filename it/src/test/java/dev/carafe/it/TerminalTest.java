package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An interactive shell in a machine, in a real terminal: tmux types and looks at the screen. */
class TerminalTest {
  private static final Machines MACHINES = Lab.machines();
  private static Machine machine;

  @TempDir Path temp;

  @BeforeAll
  static void start() throws Exception {
    machine = Lab.started(MACHINES, "tty");
    // The base image has none; the host's is of the same distribution.
    machine.copyIn(Path.of("/usr/bin/less").toRealPath(), "/usr/local/bin/less");
    machine.run(ExecSpec.shell("seq 1 500 > /root/numbers; echo 'PS1=\"guest> \"' > /root/.shrc"));
  }

  @AfterAll
  static void delete() {
    machine.delete();
    MACHINES.close();
  }

  @BeforeEach
  void openTerminal() throws Exception {
    tmux("new-session", "-d", "-s", "t", "-x", "91", "-y", "33", "env PS1='host> ' TERM=xterm sh");
    tmux("set-option", "-g", "window-size", "manual");
    type("PS1='host> '", "Enter");
    until("host>");
  }

  @AfterEach
  void closeTerminal() throws Exception {
    tmux("kill-server");
  }

  private String tmux(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("tmux", "-S", temp.resolve("tmux").toString(), "-f", "/dev/null"));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(Lab.environment());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return out;
  }

  private void type(String... keys) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("send-keys", "-t", "t"));
    arguments.addAll(List.of(keys));
    tmux(arguments.toArray(String[]::new));
  }

  private String screen() throws Exception {
    return tmux("capture-pane", "-p", "-t", "t");
  }

  /** Waits until the screen shows a line that matches. */
  private void until(String line) {
    java.util.regex.Pattern pattern = java.util.regex.Pattern.compile("(?m)^.*" + line);
    await().alias(line).atMost(60, TimeUnit.SECONDS).until(() -> pattern.matcher(screen()).find());
  }

  /** Waits until the last thing on the screen is this prompt. */
  private void untilPrompt(String prompt) {
    await()
        .alias(prompt)
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> screen().strip().endsWith(prompt));
  }

  /** Waits until that many lines of the screen are numbers. */
  private void untilNumbers(int count) {
    await()
        .alias(count + " numbers")
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> screen().lines().filter(line -> line.matches("\\d+")).count() == count);
  }

  private void openShell() throws Exception {
    type(Lab.launcher() + " machine shell -n " + machine.name(), "Enter");
    untilPrompt("#");
    type("PS1='guest> '", "Enter");
    untilPrompt("guest>");
  }

  @Test
  void theShellHasTheTerminalsSizeFromTheFirstAndFollowsIt() throws Exception {
    openShell();
    type("stty size", "Enter");
    until("^33 91");
    tmux("resize-window", "-t", "t", "-x", "101", "-y", "27");
    type("clear; stty size", "Enter");
    until("^27 101");
    type("exit", "Enter");
    untilPrompt("host>");
  }

  @Test
  void ctrlCInterruptsTheGuestsCommandAndNotTheSession() throws Exception {
    openShell();
    type("sleep 1000", "Enter");
    await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> machine.run(ExecSpec.of("pgrep", "-x", "sleep")).exitCode() == 0);
    type("C-c");
    until("\\^C");
    // What is typed before the terminal has thrown away its input goes with it.
    untilPrompt("guest>");
    type("echo status=$?", "Enter");
    until("^status=130");
    type("exit 5", "Enter");
    untilPrompt("host>");
    type("echo code=$?", "Enter");
    until("^code=5");
  }

  @Test
  void aFullScreenProgramRedrawsAtTheNewSizeAndGivesTheScreenBack() throws Exception {
    openShell();
    type("less /root/numbers", "Enter");
    until("^32$");
    tmux("resize-window", "-t", "t", "-x", "80", "-y", "20");
    untilNumbers(19);
    type("G");
    until("^500$");
    untilNumbers(19);
    type("q");
    untilPrompt("guest>");
    type("exit", "Enter");
    untilPrompt("host>");
  }

  @Test
  void theTerminalIsAsBeforeHoweverTheSessionEnds() throws Exception {
    Path before = temp.resolve("before");
    Path after = temp.resolve("after");
    type("stty -g > " + before, "Enter");
    openShell();
    type("exit", "Enter");
    untilPrompt("host>");
    type("stty -g > " + after + "; echo compared", "Enter");
    until("^compared");
    assertThat(Files.readString(after)).isEqualTo(Files.readString(before));

    type("clear", "Enter");
    openShell();
    // The machine goes away under the session.
    Files.delete(after);
    machine.stop(java.time.Duration.ofSeconds(1));
    untilPrompt("host>");
    type("stty -g > " + after + "; echo again", "Enter");
    until("^again");
    assertThat(Files.readString(after)).isEqualTo(Files.readString(before));
    machine.start();
  }
}
