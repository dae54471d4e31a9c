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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  static final Home HOME = Home.of(environment());

  private Lab() {}

  /** The environment in which a program has this home. */
  static Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.keySet().removeIf(name -> name.startsWith("XDG_") || name.startsWith("CARAFE_"));
    environment.put("HOME", ROOT.toString());
    environment.put("XDG_RUNTIME_DIR", RUNTIME.toString());
    return environment;
  }

  /** The root of this checkout. */
  static Path checkout() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isExecutable(at.resolve("carafe")) && Files.exists(at.resolve("it/pom.xml"))) {
        return at;
      }
    }
    throw new AssertionError("no launcher above " + Path.of("").toAbsolutePath());
  }

  /** {@code ./carafe}. */
  static Path launcher() {
    return checkout().resolve("carafe");
  }

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
        if (line.contains(ROOT.toString()) && line.contains("qemu-system") && isAtWork(process)) {
          traces.add("process " + process.getFileName() + ": " + line);
        }
      }
    }
    traces.sort(null);
    return traces;
  }

  /** Not a process that has ended, nor bubblewrap that has only to notice that its child has. */
  private static boolean isAtWork(Path process) {
    String pid = process.getFileName().toString();
    try {
      if (processStatus(Long.parseLong(pid), "State").startsWith("Z")) {
        return false;
      }
      if (!commandLine(process).startsWith("/usr/bin/bwrap")) {
        return true;
      }
      Path children = process.resolve("task").resolve(pid).resolve("children");
      for (String child : Files.readString(children).strip().split(" +")) {
        if (!child.isEmpty() && isAtWork(Path.of("/proc", child))) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The processes whose argument list, with spaces between, ends so. (Java tells no argument list
   * of more than a page.)
   */
  static List<ProcessHandle> processes(String ending) {
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                commandLine(Path.of("/proc", Long.toString(process.pid())))
                    .strip()
                    .endsWith(ending))
        .toList();
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
