package dev.carafe.machine.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Processes of the host, named by process id and start time. */
final class HostProcess {
  private HostProcess() {}

  /**
   * When the process started, in clock ticks since the host booted; -1 when there is none, or it is
   * a zombie.
   */
  static long startTicks(long pid) {
    String stat;
    try {
      stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    } catch (IOException e) {
      return -1;
    }
    // The command's name, in parentheses, may hold anything; the third field follows the last of
    // them.
    int end = stat.lastIndexOf(')');
    if (end < 0 || end + 3 >= stat.length() || stat.charAt(end + 2) == 'Z') {
      return -1;
    }
    int at = end + 2;
    for (int field = 3; field < 22; field++) {
      at = stat.indexOf(' ', at) + 1;
      if (at == 0) {
        return -1;
      }
    }
    int stop = stat.indexOf(' ', at);
    return Long.parseLong(stat, at, stop < 0 ? stat.length() : stop, 10);
  }

  static boolean alive(long pid, long startTicks) {
    return startTicks >= 0 && startTicks(pid) == startTicks;
  }

  /**
   * Kills the process if it is the one meant, and waits until it is gone; false if it will not go
   * in time.
   */
  static boolean kill(long pid, long startTicks, Duration limit) {
    var handle = ProcessHandle.of(pid);
    if (handle.isPresent() && alive(pid, startTicks)) {
      handle.get().destroyForcibly();
    }
    return awaitEnd(pid, startTicks, limit);
  }

  /** Waits until the process is gone; false if it is still there after {@code limit}. */
  static boolean awaitEnd(long pid, long startTicks, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (alive(pid, startTicks)) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
