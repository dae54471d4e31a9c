package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How long a process was computing, which other processes' load changes less than how long it took.
 */
final class ProcessTime {
  private ProcessTime() {}

  /** All its threads, in the kernel and outside; to a hundredth of a second. */
  static double seconds(long pid) throws IOException {
    String line = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] words = line.substring(line.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(words[11]) + Long.parseLong(words[12])) / 100.0;
  }
}
