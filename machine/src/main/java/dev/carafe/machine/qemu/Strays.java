package dev.carafe.machine.qemu;

import dev.carafe.image.Home;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * QEMU processes of one home, found by the name each is given on its command line: {@code -name
 * carafe:HOME:ID,…}. HOME tells one home of a user from another, which are not to touch each
 * other's.
 */
final class Strays {
  private static final int ID = 16;

  private Strays() {}

  /** What QEMU is named. */
  static String name(Home home, String id) {
    String place = home.machines().toAbsolutePath().normalize().toString();
    return "carafe:" + Integer.toHexString(place.hashCode()) + ":" + id;
  }

  /** All of them that this user can see: machine id by process id. */
  static Map<Long, String> find(Home home) throws IOException {
    String mark = "\0" + name(home, "");
    Map<Long, String> found = new HashMap<>();
    for (Path process : Directories.children(Path.of("/proc"))) {
      String name = process.getFileName().toString();
      if (name.charAt(0) < '1' || name.charAt(0) > '9') {
        continue;
      }
      try {
        String line =
            new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.ISO_8859_1);
        int at = line.indexOf(mark);
        // Not the shell, setsid, bubblewrap and setpriv around it, which end when it does: QEMU's
        // own first word.
        int firstWord = line.indexOf('\0');
        if (at >= 0
            && line.substring(0, firstWord).contains("qemu-system")
            && line.length() >= at + mark.length() + ID) {
          found.put(
              Long.parseLong(name), line.substring(at + mark.length(), at + mark.length() + ID));
        }
      } catch (IOException e) {
        // It ended, or is somebody else's.
      }
    }
    return found;
  }

  /** Kills all processes of that machine id. */
  static void kill(Home home, String id) throws IOException {
    for (var process : find(home).entrySet()) {
      if (process.getValue().equals(id)) {
        kill(process.getKey());
      }
    }
  }

  static void kill(long pid) {
    HostProcess.kill(pid, HostProcess.startTicks(pid), Duration.ofSeconds(10));
  }
}
