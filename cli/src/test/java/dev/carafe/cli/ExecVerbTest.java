package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.MachineStatus.State;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExecVerbTest {
  private final Caller caller = Caller.smolvm();
  private final FakeMachines.FakeMachine web = caller.machines.running("web");

  private Outcome exec(String line) {
    return caller.call(("machine exec --name web " + line).split(" "));
  }

  @Test
  void streamsStayApart() {
    assertThat(exec("-- echo hello")).isEqualTo(new Outcome(0, "hello\n", ""));
    assertThat(exec("-- warn careful")).isEqualTo(new Outcome(0, "", "careful\n"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 7, 124, 129, 137, 255})
  void theExitCodeIsTheCommands(int code) {
    assertThat(exec("-- exit " + code)).isEqualTo(new Outcome(code, "", ""));
  }

  @Test
  void aMissingProgramIs127WithTheGuestsWords() {
    assertThat(exec("-- frobnicate"))
        .isEqualTo(new Outcome(127, "", "frobnicate: no such program\n"));
  }

  @ParameterizedTest
  @CsvSource({"'-- lose', 129", "'-i -- lose', 124", "'-t -- lose', 124"})
  void aLostConnectionHasAnExitCodeOfItsOwn(String line, int code) {
    caller.input("");
    Outcome outcome = exec(line);
    assertThat(outcome.exitCode()).isEqualTo(code);
    assertThat(outcome.err())
        .isEqualTo("Error: agent operation failed: run a command: the machine went away\n");
  }

  @Test
  void aStoppedMachineIsSaidInSmolvmsWords() {
    web.state = State.STOPPED;
    String expected =
        "Error: agent operation failed: connect: machine 'web' is not running. "
            + "Use 'smolvm machine start --name web' first.\n";
    assertThat(exec("-- true")).isEqualTo(new Outcome(1, "", expected));
    assertThat(exec("-d -- true")).isEqualTo(new Outcome(1, "", expected));
    assertThat(caller.call("machine", "shell", "-n", "web").err()).isEqualTo(expected);
    assertThat(caller.call("machine", "cp", "web:/x", "y").err()).isEqualTo(expected);
  }

  @Test
  void withoutInteractiveStandardInputIsNeitherReadNorPassedOn() {
    // The caller's standard input throws when it is read.
    assertThat(exec("-- describe").out()).isEqualTo("- - - false false\n");
  }

  @Test
  void withInteractiveStandardInputIsPassedOnByteForByte() {
    String text = "ä\r\n\0\u001b[0m".repeat(200_000);
    caller.input(text);
    assertThat(exec("-i -- cat")).isEqualTo(new Outcome(0, text, ""));
  }

  @Test
  void largeOutputArrivesWhole() {
    assertThat(exec("-- flood 50000000").out()).hasSize(50_000_000);
  }

  @Test
  void bytesThatAreNoTextArriveAsTheyAre() {
    byte[] bytes = new byte[1_000_000];
    new Random(7).nextBytes(bytes);
    caller.input = new ByteArrayInputStream(bytes);
    exec("-i -- cat");
    assertThat(caller.out.toByteArray()).isEqualTo(bytes);
  }

  @Test
  void optionsReachTheCommand() {
    exec("-w /srv --timeout 1m30s -e A=1 -e A=2 -e B --user dev:staff --stream -- describe");
    assertThat(web.executed.directory()).contains("/srv");
    assertThat(web.executed.user()).contains("dev:staff");
    assertThat(web.executed.timeout().orElseThrow()).hasSeconds(90);
    assertThat(web.executed.env()).isEqualTo(Map.of("A", "2"));
    assertThat(web.executed.argv()).containsExactly("describe");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-w srv -- ls",
        "--timeout 0 -- ls",
        "--timeout 5 -- ls",
        "-d -i -- ls",
        "-d -t -- ls",
        "-d --stream -- ls",
        "--",
        ""
      })
  void whatMakesNoSenseIsRefusedBeforeAnythingRuns(String line) {
    Outcome outcome = exec(line);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(caller.machines.calls).isEmpty();
  }

  @Test
  void aDetachedCommandsProcessIsPrinted() {
    assertThat(exec("-d -- serve")).isEqualTo(new Outcome(0, "321\n", ""));
    assertThat(web.executed.detached()).isTrue();
  }

  @Test
  void withoutANameTheMachineIsDefault() {
    caller.machines.running("default");
    assertThat(caller.call("machine", "exec", "--", "echo", "x").out()).isEqualTo("x\n");
  }

  @Test
  void aReaderThatGoesAwayEndsTheCommandQuietly() {
    caller.output =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    assertThat(exec("-- flood 50000000")).isEqualTo(new Outcome(141, "", ""));
    assertThat(web.execution.await()).isEqualTo(137);
  }

  @Test
  void aFullDiskIsAnError() {
    caller.terminal.outputHasReader = false;
    caller.output =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    assertThat(exec("-- flood 50000000"))
        .isEqualTo(
            new Outcome(
                1, "", "Error: cannot write to standard output: No space left on device\n"));
    assertThat(caller.call("machine", "ls").exitCode()).isEqualTo(1);
  }
}
