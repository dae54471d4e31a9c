package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.smolvm.SmolvmArgv.Streams;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * The {@code smolvm} command line, one method per verb, the machine's name always first whatever
 * the release at hand wants. Two shapes: {@link #machineExec} returns what the guest's command did,
 * whatever its exit code; everything else that goes wrong is a {@link MachineException} with the
 * argument list (values of variables hidden), the exit code and what smolvm wrote to standard
 * error.
 *
 * <p>Every call runs one smolvm process and blocks until it ends; none has a time limit of its own.
 * If the calling thread is interrupted, the process is destroyed and {@link ErrorCode#LOST} thrown.
 * Safe for use by many threads.
 */
public final class Smolvm {
  /** More than any list of machines; what a broken smolvm writes beyond it is dropped. */
  private static final int MAX_ANSWER = 16 << 20;

  private static final Pattern ALREADY_RUNNING =
      Pattern.compile("(?m)^Machine '.*' already running \\(PID: .*");
  private static final Pattern NOT_RUNNING =
      Pattern.compile("(?mi)^.*'.*' is not running \\(state: .*");
  private static final Pattern NOT_FOUND_OR_NOT_RUNNING =
      Pattern.compile("(?mi).*not found or not running.*");

  private final SmolvmProgram program;
  private volatile SmolvmVersion version;

  /**
   * @param command the program's path, or its name, which is looked for in the {@code PATH} of
   *     {@code environment}
   * @param environment what the program gets; nothing is added but the variables of the guest that
   *     a call forwards
   */
  public Smolvm(String command, Map<String, String> environment) {
    this.program = new SmolvmProgram(command, environment);
  }

  /** {@code smolvm} as this process's environment finds it. */
  public static Smolvm ofEnvironment() {
    return new Smolvm("smolvm", System.getenv());
  }

  /** Whether there is such a program. Runs nothing. */
  public boolean isAvailable() {
    return program.locate().isPresent();
  }

  /**
   * The program's release, asked once.
   *
   * @throws MachineException {@link ErrorCode#UNSUPPORTED} for a release before 0.8.0
   */
  public SmolvmVersion version() {
    SmolvmVersion known = version;
    if (known != null) {
      return known;
    }
    String attempted = "ask smolvm for its version";
    List<String> argv = List.of("--version");
    Ended ended = run(attempted, argv, Map.of());
    SmolvmVersion found =
        SmolvmVersion.parse(ended.out())
            .orElseThrow(
                () ->
                    new MachineException(
                        ErrorCode.ENGINE,
                        attempted,
                        "'" + program.command() + " --version' did not print 'smolvm X.Y.Z'"));
    if (!found.atLeast(SmolvmVersion.OLDEST)) {
      throw new MachineException(
          ErrorCode.UNSUPPORTED,
          "use smolvm " + found,
          "Carafe drives releases from " + SmolvmVersion.OLDEST + " on; install a newer one");
    }
    version = found;
    return found;
  }

  SmolvmArgv argv() {
    return new SmolvmArgv(version());
  }

  /** {@code pack create}: makes {@code output} and {@code output.smolmachine}, replacing both. */
  public void packCreate(String image, Path output) {
    run(
        "pack the image '" + image + "'",
        argv().packCreate(image, output.toAbsolutePath()),
        Map.of());
  }

  /**
   * {@code machine create}: a record, nothing running.
   *
   * @throws MachineException {@link ErrorCode#UNSUPPORTED}, before anything is run, for what this
   *     release would ignore: above all an allow-list together with a pack before 1.8.0
   */
  public void machineCreate(String name, SmolvmCreate options) {
    String attempted = "create machine '" + name + "'";
    ForwardedEnv env = ForwardedEnv.ofMachine(attempted, options.env());
    run(attempted, argv().machineCreate(name, options, env), env.values());
  }

  /**
   * {@code machine start}.
   *
   * @return whether this call started it; false if it was running already
   */
  public boolean machineStart(String name) {
    Ended ended = run("start machine '" + name + "'", argv().machineStart(name), Map.of());
    return !ALREADY_RUNNING.matcher(ended.out()).find();
  }

  /**
   * {@code machine stop}.
   *
   * @return whether this call stopped it; false if it was not running
   */
  public boolean machineStop(String name) {
    Ended ended = run("stop machine '" + name + "'", argv().machineStop(name), Map.of());
    String said = ended.out() + ended.err();
    if (NOT_FOUND_OR_NOT_RUNNING.matcher(said).find()) {
      // 0.8.0 says this, and exits with 0, for a machine that does not exist, too.
      if (machineList().stream().noneMatch(listed -> listed.name().equals(name))) {
        throw new MachineException(
            ErrorCode.NOT_FOUND, "stop machine '" + name + "'", "vm not found: " + name);
      }
      return false;
    }
    return !NOT_RUNNING.matcher(said).find();
  }

  /** {@code machine delete -f}. A running machine is stopped first, also where smolvm would not. */
  public void machineDelete(String name) {
    if (!version().atLeast(SmolvmVersion.DELETE_STOPS)) {
      machineStop(name);
    }
    run("delete machine '" + name + "'", argv().machineDelete(name), Map.of());
  }

  void machineUpdate(String name, SmolvmUpdate change) {
    String attempted = "change machine '" + name + "'";
    ForwardedEnv env = ForwardedEnv.ofMachine(attempted, change.env());
    run(attempted, argv().machineUpdate(name, change, env), env.values());
  }

  /** {@code machine ls --json}: all machines. Disturbs none. */
  public List<SmolvmListing> machineList() {
    return listing("list the machines", argv().machineList());
  }

  /**
   * {@code machine status --json}. Some releases make the machine's disks for this; {@link
   * #machineList} does not.
   */
  public SmolvmListing machineStatus(String name) {
    String attempted = "ask for the status of machine '" + name + "'";
    List<SmolvmListing> listed = listing(attempted, argv().machineStatus(name));
    if (listed.size() != 1) {
      throw new MachineException(ErrorCode.ENGINE, attempted, "smolvm did not print one machine");
    }
    return listed.getFirst();
  }

  private List<SmolvmListing> listing(String attempted, List<String> argv) {
    Ended ended = run(attempted, argv, Map.of());
    return SmolvmListing.parse(ended.stdout())
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.ENGINE, attempted, "smolvm did not print the JSON it should"));
  }

  /** {@code machine data-dir}: where smolvm keeps the machine's files. */
  public Path machineDataDirectory(String name) {
    String attempted = "ask for the directory of machine '" + name + "'";
    String printed = run(attempted, argv().machineDataDirectory(name), Map.of()).out().strip();
    if (!printed.startsWith("/") || printed.lines().count() != 1) {
      throw new MachineException(ErrorCode.ENGINE, attempted, "smolvm did not print a path");
    }
    return Path.of(printed);
  }

  /**
   * {@code machine cp}: one regular file, up to 4 GiB; one side is {@code MACHINE:PATH}. An empty
   * side means that there is nothing to copy, and nothing is done.
   */
  public void machineCp(String source, String destination) {
    if (source.isEmpty() || destination.isEmpty()) {
      return;
    }
    run(
        "copy '" + source + "' to '" + destination + "'",
        argv().machineCopy(source, destination),
        Map.of());
  }

  /**
   * {@code machine exec}, to its end, all output kept. Both streams are emptied at once, and there
   * is no limit to them.
   *
   * @param spec without input; with a terminal both streams are in {@link ExecResult#stdout}
   */
  public ExecResult machineExec(String name, ExecSpec spec) {
    try (Execution execution = machineExecution(name, spec, Optional.empty())) {
      ByteArrayOutputStream stderr = new ByteArrayOutputStream();
      Thread reader = drain("smolvm-stderr", execution.stderr(), stderr, Integer.MAX_VALUE);
      ByteArrayOutputStream stdout = new ByteArrayOutputStream();
      if (spec.input()) {
        execution.stdin().close();
      }
      execution.stdout().transferTo(stdout);
      int exitCode = execution.await();
      reader.join();
      return new ExecResult(exitCode, stdout.toByteArray(), stderr.toByteArray());
    } catch (IOException | InterruptedException e) {
      throw lost("run a command in machine '" + name + "'", e);
    }
  }

  /**
   * {@code machine exec}, while it runs. The caller must close the result.
   *
   * @param defaultUser who runs it if {@code spec} does not say
   */
  public Execution machineExecution(String name, ExecSpec spec, Optional<String> defaultUser) {
    String attempted = "run a command in machine '" + name + "'";
    GuestCommand command = GuestCommand.of(attempted, spec, defaultUser);
    Streams streams =
        spec.detached()
            ? Streams.NONE
            : spec.terminal().isPresent()
                ? Streams.TERMINAL
                : spec.input() ? Streams.INPUT : Streams.OUTPUT;
    List<String> argv =
        argv().machineExec(name, command, spec.directory(), spec.timeout(), streams);
    Map<String, String> values = command.env().values();
    if (spec.detached()) {
      return new DetachedExecution(guestPid(run(attempted, argv, values).out()));
    }
    Process process =
        spec.terminal().isPresent()
            ? program.startOnTerminal(attempted, argv, values, spec.terminal().get())
            : program.start(attempted, argv, values, spec.input());
    return new SmolvmExecution(
        process, attempted, shown(argv), new Secrets(values.values()), spec.terminal().isPresent());
  }

  private static OptionalInt guestPid(String printed) {
    String text = printed.strip();
    return text.matches("[0-9]{1,9}")
        ? OptionalInt.of(Integer.parseInt(text))
        : OptionalInt.empty();
  }

  /** A process that ended with 0. */
  private record Ended(byte[] stdout, String err) {
    String out() {
      return new String(stdout, StandardCharsets.UTF_8);
    }
  }

  /** Runs smolvm to its end; anything but exit code 0 is an exception. */
  private Ended run(String attempted, List<String> argv, Map<String, String> forwarded) {
    Process process = program.start(attempted, argv, forwarded, false);
    try {
      ByteArrayOutputStream stdout = new ByteArrayOutputStream();
      Lane stderr = Lane.of(process.getErrorStream(), "smolvm-stderr");
      stderr.lift();
      Thread reader = drain("smolvm-stdout", process.getInputStream(), stdout, MAX_ANSWER);
      int exitCode = process.waitFor();
      // Whoever still holds a pipe now is not smolvm and does not answer for it.
      reader.join(java.time.Duration.ofSeconds(1));
      stderr.awaitEnd(1000);
      String said = new Secrets(forwarded.values()).hidden(stderr.tail());
      if (exitCode != 0) {
        throw MachineException.ofProgram(
            SmolvmErrors.of(exitCode, said), attempted, shown(argv), exitCode, said);
      }
      synchronized (stdout) {
        return new Ended(stdout.toByteArray(), said);
      }
    } catch (InterruptedException e) {
      throw lost(attempted, e);
    } finally {
      process.destroy();
    }
  }

  private List<String> shown(List<String> argv) {
    List<String> whole = new java.util.ArrayList<>(List.of(program.command()));
    whole.addAll(SmolvmArgv.shown(argv));
    return List.copyOf(whole);
  }

  private static MachineException lost(String attempted, Exception cause) {
    if (cause instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    return new MachineException(ErrorCode.LOST, attempted, "interrupted", cause);
  }

  /**
   * Empties a stream into {@code into} on a thread of its own, and drops what is beyond a limit.
   */
  private static Thread drain(
      String name, InputStream from, ByteArrayOutputStream into, int limit) {
    return Thread.ofVirtual()
        .name(name)
        .start(
            () -> {
              byte[] buffer = new byte[1 << 15];
              try {
                int read;
                while ((read = from.read(buffer)) >= 0) {
                  synchronized (into) {
                    into.write(buffer, 0, Math.min(read, limit - into.size()));
                  }
                }
              } catch (IOException e) {
                // The process is gone, and this with it.
              }
            });
  }
}
