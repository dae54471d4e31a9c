package dev.carafe.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A Docker engine of our own: its programs unpacked from Debian's packages, never installed; its
 * data, sockets and pid file in a private directory; no bridge, no rule in the host's packet
 * filter. Ended by process id, also when the bench is interrupted.
 */
final class DockerDaemon implements AutoCloseable {
  private final Path programs;
  private final Path directory;
  private final String driver;
  private final Process process;
  private final Thread hook = new Thread(this::end);

  private DockerDaemon(Path programs, Path directory, String driver, Process process) {
    this.programs = programs;
    this.directory = directory;
    this.driver = driver;
    this.process = process;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Fetches the programs if {@code keep} does not have them yet, and starts the engine.
   *
   * @param keep stays for the next run
   * @param directory for data and sockets; removed at the end
   */
  static DockerDaemon start(Path keep, Path directory) throws IOException, InterruptedException {
    Path programs = DebianPrograms.alone(keep, "docker.io", "containerd", "runc");
    try {
      return start(programs, directory, "overlay2");
    } catch (IOException e) {
      // What the host's file system cannot do; slower, but the same engine.
      Lab.deleteTree(directory);
      return start(programs, directory, "vfs");
    }
  }

  private static DockerDaemon start(Path programs, Path directory, String driver)
      throws IOException, InterruptedException {
    Files.createDirectories(directory);
    var builder =
        new ProcessBuilder(
            programs.resolve("usr/sbin/dockerd").toString(),
            "--data-root=" + directory.resolve("data"),
            "--exec-root=" + directory.resolve("exec"),
            "--pidfile=" + directory.resolve("pid"),
            "--host=unix://" + directory.resolve("socket"),
            "--storage-driver=" + driver,
            "--iptables=false",
            "--bridge=none",
            "--log-level=error");
    builder.environment().put("PATH", path(programs));
    builder.environment().put("DOCKER_CONFIG", directory.toString());
    builder.redirectErrorStream(true);
    builder.redirectOutput(directory.resolve("log").toFile());
    Process process = builder.start();
    var daemon = new DockerDaemon(programs, directory, driver, process);
    for (int i = 0; i < 300 && process.isAlive(); i++) {
      if (Files.exists(directory.resolve("socket"))) {
        try {
          daemon.http().call("GET", "/_ping", "");
          return daemon;
        } catch (IOException e) {
          // Bound, and not ready yet.
        }
      }
      Thread.sleep(100);
    }
    daemon.close();
    throw new IOException("dockerd did not come up: " + Files.readString(directory.resolve("log")));
  }

  private static String path(Path programs) {
    return programs.resolve("usr/bin")
        + ":"
        + programs.resolve("usr/sbin")
        + ":/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";
  }

  String driver() {
    return driver;
  }

  DockerHttp http() {
    return new DockerHttp(directory.resolve("socket"));
  }

  /** Docker's own command line, as one talks to this engine with it. */
  List<String> command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                programs.resolve("usr/bin/docker").toString(),
                "--host",
                "unix://" + directory.resolve("socket")));
    command.addAll(List.of(arguments));
    return command;
  }

  Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("DOCKER_CONFIG", directory.toString());
    return environment;
  }

  /** The engine and all that it has started. */
  List<Long> processes() {
    List<Long> all = new ArrayList<>(List.of(process.pid()));
    process.descendants().forEach(each -> all.add(each.pid()));
    return all;
  }

  private void end() {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    process.destroy();
    try {
      process.waitFor(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    all.add(process.toHandle());
    all.stream().filter(ProcessHandle::isAlive).forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() throws IOException {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // it is running
    }
    Lab.deleteTree(directory);
  }
}
