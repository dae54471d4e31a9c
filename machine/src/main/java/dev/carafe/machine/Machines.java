package dev.carafe.machine;

import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.qemu.QemuMachines;
import java.util.List;
import java.util.Optional;

/**
 * The machines of one user on one host, and the way to make more. There is no daemon: all state is
 * on disk, and every process that opens it sees the same machines. Implementations are safe for use
 * by many threads and many processes. Methods block; they throw {@link MachineException} and
 * nothing else.
 */
public interface Machines extends AutoCloseable {

  /** Opens the machines of the current user with the built-in engine, {@code qemu}. */
  static Machines open() {
    return open(Home.ofEnvironment(), Progress.silent());
  }

  /** Opens the machines kept in {@code home} with the built-in engine. */
  static Machines open(Home home, Progress progress) {
    return QemuMachines.open(home, progress);
  }

  /**
   * Makes a machine: its record and its disks, nothing running yet. Of several concurrent calls
   * with one name exactly one succeeds; the others get {@link ErrorCode#ALREADY_EXISTS}. If it
   * fails, nothing is left.
   */
  Machine create(MachineSpec spec);

  /** The machine of that name, or empty. */
  Optional<Machine> find(String name);

  /** All machines, sorted by name. Changes nothing. */
  List<Machine> list();

  /** The machine of that name; {@link ErrorCode#NOT_FOUND} when there is none. */
  default Machine get(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.NOT_FOUND, "find machine '" + name + "'", "vm not found: " + name));
  }

  /** What killed processes left and nobody uses. Changes nothing. */
  default List<Leftover> leftovers() {
    return List.of();
  }

  /** Releases connections. Machines go on running. */
  @Override
  void close();
}
