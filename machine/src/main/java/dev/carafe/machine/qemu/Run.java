package dev.carafe.machine.qemu;

import java.nio.file.Path;

/**
 * The process that runs a machine. A process is the one meant only if its start time matches too,
 * because process ids are used again.
 *
 * @param pid QEMU's process id on the host
 * @param startTicks its start time, field 22 of {@code /proc/PID/stat}
 * @param sockets the directory of its sockets
 */
record Run(long pid, long startTicks, Path sockets) {
  Path qmp() {
    return sockets.resolve("qmp");
  }

  Path port(int number) {
    return sockets.resolve("p" + number);
  }

  /** The socket of the port that carries the guest's connections. */
  Path network() {
    return sockets.resolve("net");
  }

  boolean alive() {
    return HostProcess.alive(pid, startTicks);
  }
}
