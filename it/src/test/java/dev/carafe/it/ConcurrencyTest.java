package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Many at once. */
class ConcurrencyTest {
  private final Machines machines = Lab.machines();

  @AfterEach
  void close() {
    machines.close();
  }

  private static <T> List<T> atOnce(int count, java.util.function.IntFunction<Callable<T>> work)
      throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> running = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        running.add(threads.submit(work.apply(i)));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> each : running) {
        results.add(each.get());
      }
      return results;
    }
  }

  @Test
  void aHundredCommandsAtOnceInOneMachineEachGetTheirOwnOutput() throws Exception {
    Machine machine = Lab.started(machines, "many");
    try {
      List<ExecResult> results =
          atOnce(
              100,
              i ->
                  () ->
                      machine.run(
                          ExecSpec.shell("echo out" + i + "; echo err" + i + " >&2; exit " + i)));
      for (int i = 0; i < results.size(); i++) {
        assertThat(results.get(i).out()).isEqualTo("out" + i + "\n");
        assertThat(results.get(i).err()).isEqualTo("err" + i + "\n");
        assertThat(results.get(i).exitCode()).isEqualTo(i);
      }
    } finally {
      machine.delete();
    }
  }

  @Test
  void ofManyWhoCreateOneNameOneWins() throws Exception {
    String name = Lab.name("race");
    List<Boolean> won =
        atOnce(
            24,
            i ->
                () -> {
                  try (Machines own = Lab.machines()) {
                    own.create(MachineSpec.named(name));
                    return true;
                  } catch (MachineException e) {
                    assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS);
                    return false;
                  }
                });
    assertThat(won).filteredOn(each -> each).hasSize(1);
    machines.get(name).delete();
    assertThat(machines.leftovers()).isEmpty();
  }

  @Test
  void twentyMachinesAreStartedUsedAndDeletedAndNothingIsLeft() throws Exception {
    List<String> before = Lab.traces();
    List<String> names =
        atOnce(
            20,
            i ->
                () -> {
                  Machine machine = Lab.started(machines, "twenty");
                  String hostname = machine.run(ExecSpec.of("hostname")).out().strip();
                  machine.delete();
                  return machine.name().equals(hostname)
                      ? ""
                      : machine.name() + " is called " + hostname;
                });
    assertThat(names).containsOnly("");
    assertThat(Lab.traces()).isEqualTo(before);
    assertThat(machines.leftovers()).isEmpty();
  }

  @Test
  void ofManyWhoStartOneMachineOneDoesAndAllMayUseIt() throws Exception {
    Machine machine = machines.create(MachineSpec.named(Lab.name("starts")));
    try {
      List<Boolean> started = atOnce(6, i -> machine::start);
      assertThat(started).filteredOn(each -> each).hasSize(1);
      assertThat(machine.run(ExecSpec.of("true")).exitCode()).isZero();
    } finally {
      machine.delete();
    }
  }
}
