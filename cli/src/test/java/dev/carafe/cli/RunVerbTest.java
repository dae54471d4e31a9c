package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.cli.Caller.Outcome;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunVerbTest {
  private final Caller caller = Caller.carafe();

  private static MachineException failed(String said) {
    return new MachineException(ErrorCode.GUEST, "start machine 'one'", said);
  }

  @Test
  void makesStartsRunsAndRemoves() {
    assertThat(caller.call("run", "-n", "one", "--", "echo", "hello"))
        .isEqualTo(new Outcome(0, "hello\n", ""));
    assertThat(caller.machines.calls)
        .containsExactly("create one", "start one", "exec echo", "delete one");
    assertThat(caller.machines.machines).isEmpty();
  }

  @Test
  void underTheNameSmolvmItSaysWhatItStartsOnStandardError() {
    Outcome outcome = Caller.smolvm().call("machine", "run", "--", "echo", "hello");
    assertThat(outcome.out()).isEqualTo("hello\n");
    assertThat(outcome.err()).matches("Starting ephemeral machine \\(vm-[0-9a-f]{8}\\)\\.\\.\\.\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run --rm echo x",
        "run echo x",
        "machine run -q -- echo x",
        "vm run -I debian:12 echo x"
      })
  void theCommandMayBeGivenInAnyForm(String line) {
    assertThat(caller.call(line.split(" ")).out()).isEqualTo("x\n");
  }

  @Test
  void theMachineIsAsAsked() {
    caller.input("");
    caller.machines.startFails = failed("no");
    caller.machines.deleteFails = failed("stuck");
    caller.call(
        "run -n one -I debian:12 --cpus 3 --mem 512 --overlay 3 -w /srv --user 1000 -e A=1 -- x"
            .split(" "));
    assertThat(caller.machines.machines.get("one").spec)
        .isEqualTo(
            MachineSpec.builder("one")
                .image("debian:12")
                .cpus(3)
                .memoryMib(512)
                .disks(20, 3)
                .directory("/srv")
                .user("1000")
                .env(Map.of("A", "1"))
                .ephemeral(true)
                .build());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 126, 143})
  void theExitCodeIsTheCommands(int code) {
    assertThat(caller.call("run", "--", "exit", "" + code)).isEqualTo(new Outcome(code, "", ""));
    assertThat(caller.machines.machines).isEmpty();
  }

  @Test
  void standardInputAndOutputAreTheCommands() {
    caller.input("a\0b");
    assertThat(caller.call("run", "-i", "--", "cat")).isEqualTo(new Outcome(0, "a\0b", ""));
  }

  @Test
  void aStartThatFailsLeavesNothing() {
    caller.machines.startFails = failed("it never answered");
    assertThat(caller.call("run", "-n", "one", "--", "echo"))
        .isEqualTo(
            new Outcome(
                1, "", "Error: agent operation failed: start machine 'one': it never answered\n"));
    assertThat(caller.machines.machines).isEmpty();
  }

  @Test
  void aRemovalThatFailsIsAWarningAndHidesNothing() {
    caller.machines.deleteFails = failed("the disk is read-only");
    assertThat(caller.call("run", "-n", "one", "--", "exit", "7"))
        .isEqualTo(
            new Outcome(
                7,
                "",
                "Warning: machine 'one' could not be removed: the disk is read-only. "
                    + "'carafe cleanup' tries again.\n"));
  }

  @Test
  void aMachineLostWhileTheCommandRanIsRemoved() {
    Outcome outcome = caller.call("run", "--", "lose");
    assertThat(outcome.exitCode()).isEqualTo(129);
    assertThat(caller.machines.machines).isEmpty();
  }

  @Test
  void withoutACommandTheImagesIsRun() {
    assertThat(caller.call("run", "-I", "debian:12").out()).isEqualTo("from the image\n");
    caller.rooms.images.stored.put("base", FakeRooms.image("base", "d", List.of()));
    assertThat(caller.call("run").err())
        .isEqualTo(
            "Error: no command specified, and the image has none. Give one: carafe run -- COMMAND\n");
  }

  @Test
  void aCommandThatLooksLikeAnImageGetsAHint() {
    assertThat(caller.call("run", "alpine:3", "ls"))
        .isEqualTo(
            new Outcome(
                127,
                "",
                """
                alpine:3: no such program
                Hint: 'alpine:3' looks like an image; name it with --image.
                """));
  }

  @Test
  void aPackIsRunAsItSays() {
    assertThat(caller.call("run", "-q", "--from", "p.smolmachine").out()).isEqualTo("packed\n");
    assertThat(caller.rooms.calls).containsExactly("load p.smolmachine");
  }

  @Test
  void detachedTheMachineStaysAndHintsArePrinted() {
    Caller smolvm = Caller.smolvm();
    assertThat(smolvm.call("machine", "run", "-d", "-n", "web", "--", "serve", "--port", "80"))
        .isEqualTo(
            new Outcome(
                0,
                """
                Machine 'web' running in background...

                Use 'smolvm machine exec --name web -- <command>' to run commands
                Use 'smolvm machine stop --name web' to stop the machine
                """,
                "Starting persistent machine...\n"));
    var web = smolvm.machines.machines.get("web");
    assertThat(web.state).isEqualTo(State.RUNNING);
    assertThat(web.spec.ephemeral()).isFalse();
    assertThat(web.spec.workload()).containsExactly("serve", "--port", "80");
    assertThat(smolvm.call("machine", "run", "-d", "-n", "web", "--", "x").err())
        .endsWith(
            "Error: a machine named 'web' already exists. Use 'smolvm machine start --name web' "
                + "to start it, or choose another name.\n");
    assertThat(smolvm.machines.machines).containsKey("web");
  }

  @Test
  void detachedAStartThatFailsLeavesNothing() {
    caller.machines.startFails = failed("no");
    assertThat(caller.call("run", "-d", "-n", "web", "--", "x").exitCode()).isEqualTo(1);
    assertThat(caller.machines.machines).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"run -d -i -- x", "run -d -t -- x", "run -d --rm -- x", "run -n a-- -- x"})
  void whatMakesNoSenseIsRefusedBeforeAnythingIsMade(String line) {
    assertThat(caller.call(line.split(" ")).exitCode()).isEqualTo(2);
    assertThat(caller.machines.calls).isEmpty();
  }

  @Test
  void progressIsOnATerminalOnlyWhileItLasts() {
    caller.terminal.error = true;
    caller.call("run", "-I", "debian:12");
    assertThat(caller.err.toString()).isEqualTo("\r| Pulling debian:12  \u001b[K\r\u001b[K");
    caller.terminal.error = false;
    caller.rooms.images.stored.clear();
    assertThat(caller.call("run", "-I", "debian:12").err()).isEqualTo("Pulling debian:12...\n");
    caller.rooms.images.stored.clear();
    assertThat(caller.call("run", "-q", "-I", "debian:12").err()).isEmpty();
  }
}
