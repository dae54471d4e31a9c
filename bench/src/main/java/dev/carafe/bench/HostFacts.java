package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The computer a run was made on. */
final class HostFacts {
  private HostFacts() {}

  static Map<String, String> read() throws IOException, InterruptedException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("processor", field("/proc/cpuinfo", "model name"));
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("memory", field("/proc/meminfo", "MemTotal"));
    facts.put("kernel", Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip());
    facts.put("system", field("/etc/os-release", "PRETTY_NAME").replace("\"", ""));
    facts.put(
        "qemu", Commands.run("qemu-system-x86_64", "--version").lines().findFirst().orElse(""));
    facts.put("java", Runtime.version().toString());
    facts.put("user", System.getProperty("user.name"));
    return facts;
  }

  /** The load of the last minute, as the kernel counts it. */
  static String load() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
  }

  private static String field(String file, String name) throws IOException {
    for (String line : Files.readAllLines(Path.of(file))) {
      if (line.startsWith(name)) {
        return line.substring(name.length()).strip().substring(1).strip();
      }
    }
    return "unknown";
  }
}
