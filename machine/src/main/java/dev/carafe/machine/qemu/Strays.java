package dev.carafe.machine.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** QEMU processes of ours, found by the name each is given on its command line: {@code -name carafe:ID,…}. */
final class Strays {
  private static final String MARK = "\0carafe:";
  private static final int ID = 16;

  private Strays() {}

  /** All of them that this user can see: process id by machine id. */
  static Map<Long, String> find() throws IOException {
    Map<Long, String> found = new HashMap<>();
    for (Path process : Directories.children(Path.of("/proc"))) {
      String name = process.getFileName().toString();
      if (name.charAt(0) < '1' || name.charAt(0) > '9') {
        continue;
      }
      try {
        String line =
            new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.ISO_8859_1);
        int at = line.indexOf(MARK);
        // Not the shell, setsid, bubblewrap and setpriv around it, which end when it does: QEMU's own first word.
        int firstWord = line.indexOf('\0');
        if (at >= 0
            && line.substring(0, firstWord).contains("qemu-system")
            && line.length() >= at + MARK.length() + ID) {
          found.put(Long.parseLong(name), line.substring(at + MARK.length(), at + MARK.length() + ID));
        }
      } catch (IOException e) {
        // It ended, or is somebody else's.
      }
    }
    return found;
  }

  /** Kills all processes of that machine id. */
  static void kill(String id) throws IOException {
    for (var process : find().entrySet()) {
      if (process.getValue().equals(id)) {
        kill(process.getKey());
      }
    }
  }

  static void kill(long pid) {
    HostProcess.kill(pid, HostProcess.startTicks(pid), Duration.ofSeconds(10));
  }
}
