package dev.carafe.it;

import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.Entropy;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the tests on real machines share: one home under {@code target}, so that the kernel, the
 * base image and the templates are made once, and ways to see what is left on the host.
 */
final class Lab {
  private static final Path ROOT = Path.of("target", "lab").toAbsolutePath();
  private static final Path RUNTIME = shortDirectory();

  /**
   * All tests' home; its sockets are in {@code /tmp}, because a checkout's path may be too long for
   * them.
   */
  static final Home HOME =
      new Home(
          ROOT.resolve("data"),
          ROOT.resolve("cache"),
          ROOT.resolve("config"),
          ROOT.resolve("state"),
          RUNTIME.resolve("carafe"));

  private Lab() {}

  private static Path shortDirectory() {
    try {
      Path directory = Files.createTempDirectory("lab");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory)));
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.err.println("cannot remove " + directory + ": " + e);
    }
  }

  static Machines machines() {
    Progress progress = what -> System.out.println("· " + what);
    return Machines.open(HOME, progress);
  }

  /** A name no other test uses. */
  static String name(String prefix) {
    return prefix + "-" + Entropy.hex(4);
  }

  /** A machine that runs; the caller deletes it. */
  static Machine started(Machines machines, String prefix) {
    Machine machine = machines.create(MachineSpec.named(name(prefix)));
    try {
      machine.start();
      return machine;
    } catch (RuntimeException e) {
      machine.delete();
      throw e;
    }
  }

  /**
   * Everything of machines that is on the host: files, sockets, QEMU processes. Sorted, one line
   * each.
   */
  static List<String> traces() throws IOException {
    List<String> traces = new ArrayList<>();
    for (Path directory : List.of(HOME.machines(), HOME.runtime())) {
      if (Files.exists(directory)) {
        try (Stream<Path> files = Files.list(directory)) {
          files.forEach(file -> traces.add(file.toString()));
        }
      }
    }
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      for (Path process :
          processes.filter(p -> p.getFileName().toString().matches("[0-9]+")).toList()) {
        String line = commandLine(process);
        if (line.contains(ROOT.toString())
            && (line.contains("qemu-system") || line.contains("bwrap"))) {
          traces.add("process " + process.getFileName() + ": " + line);
        }
      }
    }
    traces.sort(null);
    return traces;
  }

  private static String commandLine(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1)
          .replace('\0', ' ');
    } catch (IOException e) {
      return "";
    }
  }

  /** A field of {@code /proc/PID/status}. */
  static String processStatus(long pid, String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith(field + ":")) {
        return line.substring(field.length() + 1).strip();
      }
    }
    throw new IOException("no " + field + " in /proc/" + pid + "/status");
  }
}
