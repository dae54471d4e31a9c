package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process of our own on a real pseudo-terminal, which {@code script} of util-linux makes. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostTerminalTest {
  private Process script;
  private final StringBuilder seen = new StringBuilder();

  private static String java(String arguments) {
    return Path.of(System.getProperty("java.home"), "bin", "java")
        + " -Xshare:auto -XX:TieredStopAtLevel=1 -cp '"
        + System.getProperty("java.class.path")
        + "' dev.carafe.cli.FakeProgram "
        + arguments;
  }

  /** Runs the command between two looks at the terminal's mode. */
  private void onTerminal(String arguments) throws IOException {
    String shell =
        "trap : INT; stty rows 33 cols 101; echo TTY=$(tty); before=$(stty -g); "
            + "sh -c 'echo PID=$$; exec \"$@\"' sh "
            + java(arguments)
            + "; code=$?; echo; echo EXIT=$code; after=$(stty -g); "
            + "[ \"$before\" = \"$after\" ] && echo MODE=same || echo MODE=changed";
    ProcessBuilder builder = new ProcessBuilder("script", "-qec", shell, "/dev/null");
    builder.environment().put("TERM", "xterm-256color");
    builder.environment().put("SHELL", "/bin/sh");
    script = builder.redirectErrorStream(true).start();
  }

  @AfterEach
  void end() throws Exception {
    if (script != null) {
      script.descendants().forEach(ProcessHandle::destroyForcibly);
      script.destroyForcibly();
      script.waitFor();
    }
  }

  /** Reads on until a line starts so, and returns the rest of it. */
  private String line(String start) throws IOException {
    InputStream from = script.getInputStream();
    StringBuilder line = new StringBuilder();
    for (int c = from.read(); c >= 0; c = from.read()) {
      seen.append((char) c);
      if (c == '\n') {
        String text = line.toString().strip();
        if (text.startsWith(start)) {
          return text.substring(start.length());
        }
        line.setLength(0);
      } else {
        line.append((char) c);
      }
    }
    throw new AssertionError("no line starts with " + start + " in:\n" + seen);
  }

  private void type(String keys) throws IOException {
    script.getOutputStream().write(keys.getBytes(StandardCharsets.US_ASCII));
    script.getOutputStream().flush();
  }

  private static void run(String... argv) throws Exception {
    assertThat(new ProcessBuilder(List.of(argv)).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void theSizeIsRightFromTheStartFollowsAndKeysAreBytes() throws Exception {
    onTerminal("machine exec --name web -it -- sizes");
    String terminal = line("TTY=");
    line("33x101");
    run("stty", "-F", terminal, "rows", "44", "cols", "99");
    line("44x99");
    type("\u0003\u001a\u0004\r");
    assertThat(line("key ")).isEqualTo("3");
    assertThat(line("key ")).isEqualTo("26");
    assertThat(line("key ")).isEqualTo("4");
    assertThat(line("key ")).isEqualTo("13");
    type("q");
    assertThat(line("EXIT=")).isEqualTo("0");
    assertThat(line("MODE=")).isEqualTo("same");
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
  void aSignalRestoresTheTerminal(String signal, String exitCode) throws Exception {
    onTerminal("machine exec --name web -it -- sizes");
    String process = line("PID=");
    line("33x101");
    run("kill", "-" + signal, process);
    assertThat(line("EXIT=")).isEqualTo(exitCode);
    assertThat(line("MODE=")).isEqualTo("same");
  }

  @Test
  void aLostConnectionRestoresTheTerminal() throws Exception {
    onTerminal("machine exec --name web -it -- lose");
    line("Error: agent operation failed: ");
    assertThat(line("EXIT=")).isEqualTo("124");
    assertThat(line("MODE=")).isEqualTo("same");
  }

  @Test
  void withoutATerminalOfItsOwnAControlCIsPassedOnToTheCommand() throws Exception {
    onTerminal("run -- sleep");
    line("asleep");
    type("\u0003");
    assertThat(line("EXIT=")).isEqualTo("130");
    assertThat(line("MODE=")).isEqualTo("same");
  }

  @Test
  void aReaderThatGoesAwayEndsTheCommandQuietly() throws Exception {
    script =
        new ProcessBuilder(
                "bash",
                "-c",
                java("machine exec --name web -- flood 100000000000")
                    + " | head -c 1000 | wc -c; echo ${PIPESTATUS[0]}")
            .redirectErrorStream(true)
            .start();
    assertThat(script.getInputStream().readAllBytes()).asString().isEqualTo("1000\n141\n");
  }

  @Test
  void aSignalThatIsIgnoredStaysIgnored() throws Exception {
    script =
        new ProcessBuilder(
                "bash",
                "-c",
                "trap '' HUP; coproc P { exec "
                    + java("machine exec --name web -- sleep")
                    + "; }; read -r line <&${P[0]}; kill -HUP $P_PID; kill -TERM $P_PID; wait $P_PID;"
                    + " echo $line $?")
            .redirectErrorStream(true)
            .start();
    assertThat(script.getInputStream().readAllBytes()).asString().isEqualTo("asleep 143\n");
  }
}
