package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process has of the host's memory, as the kernel accounts it. */
final class ProcessMemory {
  private ProcessMemory() {}

  /** Adds what is resident, and of it what other processes do not share (PSS). */
  static void add(Samples samples, String of, long pid) throws IOException {
    long resident = 0;
    long share = 0;
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
      if (line.startsWith("Rss:")) {
        resident = Long.parseLong(line.split("\\s+")[1]);
      } else if (line.startsWith("Pss:")) {
        share = Long.parseLong(line.split("\\s+")[1]);
      }
    }
    samples.add("memory of " + of + ": resident", "MiB", resident / 1024.0);
    samples.add("memory of " + of + ": share (PSS)", "MiB", share / 1024.0);
  }
}
