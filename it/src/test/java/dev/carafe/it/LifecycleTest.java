package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.Machines;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is true of a machine from its creation to its removal, on the built-in engine. */
class LifecycleTest {
  private final Machines machines = Lab.machines();

  @AfterEach
  void close() {
    machines.close();
  }

  @Test
  void aMachineThatWasUsedAndDeletedLeavesNothing() throws Exception {
    List<String> before = Lab.traces();
    Machine machine = Lab.started(machines, "traces");
    assertThat(machine.run(ExecSpec.of("true")).exitCode()).isZero();
    assertThat(Lab.traces()).hasSizeGreaterThan(before.size());

    machine.delete();

    assertThat(Lab.traces()).isEqualTo(before);
    assertThat(machines.leftovers()).isEmpty();
  }

  @Test
  void whatIsWrittenSurvivesStopAndStartAndNotDeletion() {
    Machine machine = Lab.started(machines, "disk");
    try {
      machine.run(
          ExecSpec.shell("echo kept > /root/note; rm /etc/issue; mkdir /srv/d; chmod 1751 /srv/d"));
      assertThat(machine.stop()).isTrue();
      assertThat(machine.status().state()).isEqualTo(State.STOPPED);
      assertThat(machine.stop()).isFalse();
      assertThat(machine.start()).isTrue();
      assertThat(machine.start()).isFalse();

      var result =
          machine.run(
              ExecSpec.shell("cat /root/note; test -e /etc/issue || echo gone; stat -c %a /srv/d"));
      assertThat(result.out()).isEqualTo("kept\ngone\n1751\n");
    } finally {
      machine.delete();
    }
    assertThat(machines.find(machine.name())).isEmpty();
  }

  @Test
  void aDiskThatHasHadAnErrorIsThereAgainAfterTheNextStart() {
    Machine machine = Lab.started(machines, "error");
    try {
      // As after a write for which the host's disk had no room.
      machine.run(
          ExecSpec.shell(
              "echo kept > /root/note; sync; echo x > /sys/fs/ext4/dm-0/trigger_fs_error"));
      assertThat(machine.run(ExecSpec.shell("echo more > /root/more")).exitCode()).isNotZero();
      machine.stop();
      assertThat(machine.start()).isTrue();

      assertThat(machine.run(ExecSpec.shell("echo more > /root/more; cat /root/note")).out())
          .isEqualTo("kept\n");
    } finally {
      machine.delete();
    }
  }

  @Test
  void twoMachinesFromOneTemplateShareNoIdentityAndNoRandomness() {
    String question =
        "cat /proc/sys/kernel/random/boot_id /etc/machine-id; hostname;"
            + " head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n'";
    Set<String> answers = new TreeSet<>();
    int asked = 3;
    for (int i = 0; i < asked; i++) {
      Machine machine = Lab.started(machines, "same");
      try {
        answers.addAll(machine.run(ExecSpec.shell(question)).out().lines().toList());
      } finally {
        machine.delete();
      }
    }
    assertThat(answers).hasSize(4 * asked);
  }

  @Test
  void theGuestsClockIsTheHosts() {
    Machine machine = Lab.started(machines, "clock");
    try {
      long guest = Long.parseLong(machine.run(ExecSpec.of("date", "+%s")).out().strip());
      assertThat(guest)
          .isCloseTo(System.currentTimeMillis() / 1000, org.assertj.core.data.Offset.offset(5L));
    } finally {
      machine.delete();
    }
  }

  @Test
  void initCommandsRunOnceAndAFailingOneStopsTheMachine() {
    Machine machine =
        machines.create(
            MachineSpec.builder(Lab.name("init"))
                .env(Map.of("WORD", "hello"))
                .init(List.of("echo $WORD >> /root/init", "echo two >> /root/init"))
                .build());
    try {
      machine.start();
      machine.stop();
      machine.start();
      assertThat(machine.run(ExecSpec.of("cat", "/root/init")).out()).isEqualTo("hello\ntwo\n");
    } finally {
      machine.delete();
    }

    Machine failing =
        machines.create(
            MachineSpec.builder(Lab.name("init"))
                .init(List.of("true", "echo why >&2; exit 3"))
                .build());
    try {
      assertThatThrownBy(failing::start)
          .isInstanceOf(MachineException.class)
          .hasMessageContaining("init[1] failed (exit 3): why");
      assertThat(failing.status().state()).isEqualTo(State.FAILED);
      assertThat(failing.status().pid()).isEmpty();
    } finally {
      failing.delete();
    }
  }

  @Test
  void sizesAreWhatWasAskedForAndDisksGrow() {
    Machine machine =
        machines.create(
            MachineSpec.builder(Lab.name("sizes")).cpus(1).memoryMib(512).disks(20, 2).build());
    try {
      machine.start();
      assertThat(machine.run(ExecSpec.of("nproc")).out()).isEqualTo("1\n");
      long kib =
          Long.parseLong(
              machine.run(ExecSpec.shell("grep MemTotal /proc/meminfo | tr -dc 0-9")).out());
      assertThat(kib).isBetween(380_000L, 524_288L);
      assertThat(diskGib(machine)).isBetween(1.7, 2.0);
      assertThatThrownBy(() -> machine.update(machine.spec().toBuilder().disks(20, 3).build()))
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STATE));

      machine.stop();
      assertThatThrownBy(() -> machine.update(machine.spec().toBuilder().disks(20, 1).build()))
          .isInstanceOfSatisfying(
              MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
      machine.update(machine.spec().toBuilder().disks(20, 3).build());
      machine.start();
      assertThat(diskGib(machine)).isBetween(2.7, 3.0);
    } finally {
      machine.delete();
    }
  }

  private static double diskGib(Machine machine) {
    String kib = machine.run(ExecSpec.shell("df -k --output=size / | tail -1")).out().strip();
    return Long.parseLong(kib) / 1048576.0;
  }

  @Test
  void aWorkloadRunsAtEveryStartAndGoesOnByItself() {
    Machine machine =
        machines.create(
            MachineSpec.builder(Lab.name("work"))
                .workload(List.of("sh", "-c", "echo started >> /root/log; exec sleep 1000"))
                .build());
    try {
      machine.start();
      awaitLines(machine, 1);
      machine.stop();
      machine.start();
      awaitLines(machine, 2);
      assertThat(machine.run(ExecSpec.of("pgrep", "-fc", "sleep 1000")).out()).isEqualTo("1\n");
    } finally {
      machine.delete();
    }
  }

  private static void awaitLines(Machine machine, int lines) {
    String script =
        "until [ \"$(cat /root/log 2>/dev/null | wc -l)\" = " + lines + " ]; do sleep 0.1; done";
    ExecSpec waiting = ExecSpec.shell(script).withTimeout(Duration.ofSeconds(60));
    assertThat(machine.run(waiting).exitCode()).isZero();
  }
}
