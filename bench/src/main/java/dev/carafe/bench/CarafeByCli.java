package dev.carafe.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Carafe as whole processes: the launcher, a JVM, the work, their end. */
final class CarafeByCli {
  private final Lab lab;
  private final Samples samples;
  private final Path program;
  private final String live;

  /**
   * @param program {@code ./carafe}
   * @param live the name of a machine that runs
   */
  CarafeByCli(Lab lab, Samples samples, Path program, String live) {
    this.lab = lab;
    this.samples = samples;
    this.program = program;
    this.live = live;
  }

  void run() throws Exception {
    timed("carafe cli: run -- true", "run", "--", "true");
  }

  void exec() throws Exception {
    timed("carafe cli: machine exec -- true", "machine", "exec", "--name", live, "--", "true");
  }

  /** What starting the program costs by itself. */
  void list() throws Exception {
    timed("carafe cli: machine ls", "machine", "ls");
  }

  void copy() throws Exception {
    Path in = lab.file(10);
    Path out = lab.scratch().resolve("out-cli");
    timed("carafe cli: copy in 10 MB", "machine", "cp", in.toString(), live + ":/root/copied-cli");
    timed(
        "carafe cli: copy out 10 MB", "machine", "cp", live + ":/root/copied-cli", out.toString());
    Files.delete(out);
  }

  private void timed(String metric, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    Commands.timed(samples, metric, lab.environment(), command);
  }
}
