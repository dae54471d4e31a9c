package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line as whole processes, on real machines. */
class CommandLineTest {
  private static final Machines MACHINES = Lab.machines();

  @TempDir Path temp;

  @AfterAll
  static void close() {
    MACHINES.close();
  }

  @Test
  void runPrintsOnlyWhatTheCommandPrintsAndLeavesNothing() throws Exception {
    List<String> before = Lab.traces();
    Program run =
        Program.carafe("run", "--", "sh", "-c", "echo hello-from-vm; echo wrong >&2; exit 7");
    assertThat(run.out()).isEqualTo("hello-from-vm\n");
    assertThat(run.stderr()).endsWith("wrong\n");
    assertThat(run.exitCode()).isEqualTo(7);
    assertThat(Lab.traces()).isEqualTo(before);
  }

  @Test
  void whatTheSeedDoesWorksUnderTheNameSmolvm() throws Exception {
    Path smolvm = Files.createSymbolicLink(temp.resolve("smolvm"), Lab.launcher());
    String name = Lab.name("seed");
    Path file = Files.writeString(temp.resolve("in.txt"), "copied\n");

    assertThat(smolvm(smolvm, "machine", "create", "--image", "base", "-e", "K=V", name).exitCode())
        .isZero();
    Program again = smolvm(smolvm, "machine", "create", "--image", "base", name);
    assertThat(again.exitCode()).isEqualTo(1);
    assertThat(again.stderr())
        .contains(
            "Error: config operation failed: create machine: machine '"
                + name
                + "' already exists");

    Program stopped = smolvm(smolvm, "machine", "exec", "--name", name, "--", "true");
    assertThat(stopped.exitCode()).isEqualTo(1);
    assertThat(stopped.stderr()).contains("is not running");

    assertThat(smolvm(smolvm, "machine", "start", "--name", name).out())
        .contains("Machine '" + name + "' running (PID: ");
    Program exec =
        smolvm(
            smolvm,
            "machine",
            "exec",
            "--name",
            name,
            "-w",
            "/tmp",
            "--timeout",
            "5s",
            "-e",
            "E=2",
            "--",
            "sh",
            "-c",
            "echo $K$E; pwd; exit 9");
    assertThat(exec.out()).isEqualTo("V2\n/tmp\n");
    assertThat(exec.exitCode()).isEqualTo(9);
    assertThat(
            smolvm(
                    smolvm,
                    "machine",
                    "exec",
                    "--name",
                    name,
                    "--timeout",
                    "1s",
                    "--",
                    "sleep",
                    "60")
                .exitCode())
        .isEqualTo(124);
    assertThat(
            smolvm(smolvm, "machine", "exec", "--name", name, "--", "sh", "-c", "kill -9 $$")
                .exitCode())
        .isEqualTo(137);

    assertThat(smolvm(smolvm, "machine", "cp", file.toString(), name + ":/root/in.txt").exitCode())
        .isZero();
    assertThat(
            smolvm(
                    smolvm,
                    "machine",
                    "cp",
                    name + ":/root/in.txt",
                    temp.resolve("out.txt").toString())
                .exitCode())
        .isZero();
    assertThat(temp.resolve("out.txt")).hasContent("copied\n");

    assertThat(smolvm(smolvm, "machine", "ls", "--json").out())
        .contains("\"name\"", name, "\"state\"", "running", "\"cpus\"", "\"memory_mib\"");
    assertThat(smolvm(smolvm, "machine", "stop", "--name", name).exitCode()).isZero();
    assertThat(smolvm(smolvm, "machine", "stop", "--name", name).exitCode()).isZero();
    assertThat(smolvm(smolvm, "machine", "delete", "-f", name).exitCode()).isZero();
    Program gone = smolvm(smolvm, "machine", "delete", "-f", name);
    assertThat(gone.exitCode()).isEqualTo(1);
    assertThat(gone.stderr()).contains("Error: vm not found: " + name);
  }

  private static Program smolvm(Path program, String... arguments) throws Exception {
    return Program.run(program, new byte[0], List.of(arguments));
  }

  @Test
  void threeHundredMegabytesThroughExecArriveByteForByte() throws Exception {
    var machine = Lab.started(MACHINES, "stream");
    try {
      String make = "head -c 314572800 /dev/urandom > /var/tmp/random; sha256sum /var/tmp/random";
      String expected = machine.run(ExecSpec.shell(make)).out().substring(0, 64);
      Process process =
          Program.start(
              Lab.launcher(),
              List.of("machine", "exec", "--name", machine.name(), "--", "cat", "/var/tmp/random"));
      process.getOutputStream().close();
      MessageDigest received = MessageDigest.getInstance("SHA-256");
      long bytes = 0;
      byte[] buffer = new byte[1 << 16];
      for (int n; (n = process.getInputStream().read(buffer)) >= 0; bytes += n) {
        received.update(buffer, 0, n);
      }
      assertThat(process.waitFor()).isZero();
      assertThat(bytes).isEqualTo(314_572_800);
      assertThat(HexFormat.of().formatHex(received.digest())).isEqualTo(expected);
    } finally {
      machine.delete();
    }
  }

  @Test
  void standardInputReachesTheCommandAndItsEndToo() throws Exception {
    var machine = Lab.started(MACHINES, "stdin");
    try {
      byte[] input = new byte[5_000_000];
      new java.util.Random(3).nextBytes(input);
      Program cat =
          Program.run(
              Lab.launcher(),
              input,
              List.of("machine", "exec", "--name", machine.name(), "-i", "--", "cat"));
      assertThat(cat.stdout()).isEqualTo(input);
      assertThat(cat.exitCode()).isZero();
    } finally {
      machine.delete();
    }
  }

  @Test
  void aRepositoryIsTheSameInsideAndBackOutside() throws Exception {
    Path repository = temp.resolve("repository");
    host(temp, "git", "clone", "-q", Lab.checkout().toString(), repository.toString());
    Files.createSymbolicLink(repository.resolve("link"), Path.of("README.md"));
    host(
        repository,
        "git",
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.invalid",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "last");
    String name = Lab.started(MACHINES, "repo").name();
    try {
      assertThat(
              Program.carafe("machine", "cp", repository.toString(), name + ":/srv/repository")
                  .exitCode())
          .isZero();
      Program inside =
          Program.carafe(
              "machine",
              "exec",
              "--name",
              name,
              "-w",
              "/srv/repository",
              "--",
              "sh",
              "-c",
              "git --no-optional-locks status --porcelain; git log -1 --format=%s; git fsck --no-dangling 2>/dev/null; readlink link");
      assertThat(inside.out()).as(inside.stderr()).isEqualTo("?? link\nlast\nREADME.md\n");
      Path back = temp.resolve("back");
      assertThat(
              Program.carafe("machine", "cp", name + ":/srv/repository", back.toString())
                  .exitCode())
          .isZero();
      host(temp, "diff", "-r", "--no-dereference", repository.toString(), back.toString());
      host(back, "git", "fsck", "--strict");
    } finally {
      MACHINES.get(name).delete();
    }
  }

  private static void host(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + said).isZero();
  }

  @Test
  void aKilledRunLeavesWhatCleanupFindsAndRemoves() throws Exception {
    List<String> before = Lab.traces();
    for (int milliseconds : new int[] {150, 300, 450, 700}) {
      Process run = Program.start(Lab.launcher(), List.of("run", "--", "sleep", "1000"));
      run.waitFor(milliseconds, TimeUnit.MILLISECONDS);
      run.descendants().forEach(ProcessHandle::destroyForcibly);
      run.destroyForcibly().waitFor();
    }
    Process last = Program.start(Lab.launcher(), List.of("run", "--", "sleep", "1000"));
    org.awaitility.Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> Lab.traces().stream().anyMatch(line -> line.startsWith("process")));
    // The JVM alone: QEMU must not go because its starter's whole tree was killed.
    last.destroyForcibly().waitFor();

    Program cleanup = Program.carafe("cleanup", "--yes");
    assertThat(cleanup.exitCode()).as(cleanup.stderr()).isZero();
    assertThat(MACHINES.leftovers().stream().map(Leftover::what)).isEmpty();
    assertThat(Lab.traces()).isEqualTo(before);
  }

  @Test
  void anInterruptedRunStopsItsMachineAndLeavesNothing() throws Exception {
    List<String> before = Lab.traces();
    Process run =
        Program.start(Lab.launcher(), List.of("run", "--", "sh", "-c", "echo up; exec sleep 1000"));
    assertThat(run.getInputStream().read()).isEqualTo('u');
    assertThat(new ProcessBuilder("kill", "-TERM", Long.toString(run.pid())).start().waitFor())
        .isZero();
    assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(run.exitValue()).isEqualTo(143);
    assertThat(Lab.traces()).isEqualTo(before);
  }

  @Test
  void aPackCarriesAnImageToAnotherMachine() throws Exception {
    Path pack = temp.resolve("pack");
    assertThat(
            Program.carafe("pack", "create", "--image", "base", "-o", pack.toString()).exitCode())
        .isZero();
    Path file = temp.resolve("pack.smolmachine");
    assertThat(Program.carafe("pack", "inspect", file.toString()).exitCode()).isZero();
    String name = Lab.name("packed");
    Program create = Program.carafe("machine", "create", "--from", file.toString(), name);
    assertThat(create.exitCode()).as(create.stderr()).isZero();
    try {
      assertThat(Program.carafe("machine", "start", "--name", name).exitCode()).isZero();
      assertThat(Program.carafe("machine", "exec", "--name", name, "--", "git", "--version").out())
          .startsWith("git version");
    } finally {
      MACHINES.get(name).delete();
    }
    try (var channel =
        java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
      channel.write(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}), Files.size(file) / 2);
    }
    Program damaged =
        Program.carafe("machine", "create", "--from", file.toString(), Lab.name("damaged"));
    assertThat(damaged.exitCode()).isEqualTo(1);
    assertThat(damaged.stderr()).startsWith("Error: ").doesNotContain("\tat ");
  }
}
