package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.Machines;
import java.io.File;
import java.nio.file.Files;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens when something is killed, stuck or damaged. */
class FaultsTest {
  private final Machines machines = Lab.machines();

  @AfterEach
  void close() {
    machines.close();
  }

  private static void signal(long pid, String name) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor())
        .isZero();
  }

  @Test
  void aKilledQemuEndsItsCommandsAndTheMachineStartsAgainWithItsDisk() throws Exception {
    Machine machine = Lab.started(machines, "killed");
    try {
      machine.run(ExecSpec.shell("echo kept > /root/note; sync"));
      try (Execution sleep = machine.exec(ExecSpec.of("sleep", "1000"))) {
        signal(machine.status().pid().orElseThrow(), "KILL");
        assertThatThrownBy(sleep::await)
            .isInstanceOfSatisfying(
                MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOST));
      }
      assertThat(machine.status().state()).isEqualTo(State.STOPPED);
      assertThatThrownBy(() -> machine.run(ExecSpec.of("true")))
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STATE));

      assertThat(machine.start()).isTrue();
      assertThat(machine.run(ExecSpec.of("cat", "/root/note")).out()).isEqualTo("kept\n");
    } finally {
      machine.delete();
    }
  }

  @Test
  void aMachineThatDoesNotAnswerIsSeenAndStartReplacesIt() throws Exception {
    Machine machine = Lab.started(machines, "stuck");
    try {
      long pid = machine.status().pid().orElseThrow();
      signal(pid, "STOP");
      assertThat(machine.status().state()).isEqualTo(State.UNREACHABLE);
      assertThat(machine.start()).isTrue();
      assertThat(machine.status().pid().orElseThrow()).isNotEqualTo(pid);
      assertThat(machine.run(ExecSpec.of("true")).exitCode()).isZero();
    } finally {
      machine.delete();
    }
  }

  @Test
  void aStuckMachineCanBeStoppedAndDeleted() throws Exception {
    Machine machine = Lab.started(machines, "stuck");
    signal(machine.status().pid().orElseThrow(), "STOP");
    assertThat(machine.stop(java.time.Duration.ofSeconds(1))).isTrue();
    assertThat(machine.status().state()).isEqualTo(State.STOPPED);
    machine.delete();
  }

  @Test
  void aGuestThatPanicsIsUnreachableAndCanBeStartedAgain() throws Exception {
    Machine machine = Lab.started(machines, "panic");
    try {
      machine
          .exec(
              ExecSpec.shell("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger")
                  .asDetached())
          .close();
      org.awaitility.Awaitility.await()
          .atMost(30, TimeUnit.SECONDS)
          .until(() -> machine.status().state() == State.UNREACHABLE);
      try (Machines others = Lab.machines()) {
        Machine same = others.find(machine.name()).orElseThrow();
        assertThatThrownBy(() -> same.run(ExecSpec.of("true")))
            .hasMessageContaining("its guest has crashed");
      }
      assertThat(machine.start()).isTrue();
      assertThat(machine.run(ExecSpec.of("true")).exitCode()).isZero();
    } finally {
      machine.delete();
    }
  }

  @Test
  void aCommandInAMachineThatPanicsIsNotWaitedForForEver() {
    Machine machine = Lab.started(machines, "panic");
    try {
      assertThatThrownBy(
              () ->
                  machine.run(
                      ExecSpec.shell(
                          "echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger")))
          .isInstanceOf(MachineException.class)
          .hasMessageContaining("has said nothing");
      assertThat(machine.stop()).isTrue();
      assertThat(machine.status().state()).isEqualTo(State.STOPPED);
    } finally {
      machine.delete();
    }
  }

  @Test
  void aDamagedRecordIsNamedAndOnlyDeletionIsLeft() throws Exception {
    Machine machine = Lab.started(machines, "damaged");
    Files.writeString(machine.directory().resolve("machine.json"), "{\"version\":1,");
    assertThat(machines.list()).anyMatch(listed -> listed.name().equals(machine.name()));
    assertThat(machine.status().state()).isEqualTo(State.FAILED);
    assertThatThrownBy(machine::start)
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("machine.json")
        .hasMessageContaining("not valid JSON");
    List<String> before = Lab.traces();
    machine.delete();
    assertThat(Lab.traces())
        .hasSizeLessThan(before.size())
        .noneMatch(line -> line.contains(machine.name()));
    assertThat(machines.leftovers()).isEmpty();
  }

  @Test
  void aProcessKilledAtAnyMomentLeavesOnlyWhatIsFoundAndRemoved() throws Exception {
    try (Machines warm = Lab.machines()) {
      Lab.started(warm, "warm").delete();
    }
    List<String> before = Lab.traces();
    Random random = new Random(7);
    int killed = 0;
    for (int i = 0; i < 12; i++) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElseThrow(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  "-XX:TieredStopAtLevel=1",
                  EphemeralLoop.class.getName())
              .redirectErrorStream(true)
              .redirectOutput(new File("/dev/null"));
      builder.environment().putAll(Lab.environment());
      Process process = builder.start();
      try {
        if (!process.waitFor(300 + random.nextInt(1200), TimeUnit.MILLISECONDS)) {
          killed++;
        }
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
    assertThat(killed).as("processes that were in the middle of something").isGreaterThan(6);
    for (Leftover leftover : machines.leftovers()) {
      leftover.removal().run();
    }
    assertThat(machines.leftovers()).isEmpty();
    assertThat(Lab.traces()).isEqualTo(before);
  }

  @Test
  void whatSomebodyUsesIsNoLeftover() {
    Machine machine =
        machines.create(MachineSpec.builder(Lab.name("used")).ephemeral(true).build());
    try {
      machine.start();
      assertThat(machines.leftovers()).isEmpty();
    } finally {
      machine.delete();
    }
  }

  /** Run as a process of its own: makes, uses and removes ephemeral machines until it is killed. */
  static final class EphemeralLoop {
    private EphemeralLoop() {}

    public static void main(String[] arguments) {
      try (Machines machines = Machines.open()) {
        while (true) {
          Machine machine =
              machines.create(MachineSpec.builder(Lab.name("loop")).ephemeral(true).build());
          machine.start();
          machine.run(ExecSpec.of("true"));
          machine.delete();
        }
      }
    }
  }
}
