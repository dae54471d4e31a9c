package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.smolvm.SmolvmErrors.Verdict;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * A command that a {@code smolvm machine exec} process runs in a guest. Two things are less than
 * with the built-in engine, because smolvm offers no more: no signal can be sent ({@link
 * ErrorCode#UNSUPPORTED}; a time limit works), and {@link #close} ends the smolvm process, which
 * leaves it to smolvm whether the command in the guest ends with it.
 */
final class SmolvmExecution implements Execution {
  /** How long a process that was asked to end may take. */
  private static final long GRACE_MILLIS = 2000;

  private final Process process;
  private final String attempted;
  private final List<String> argv;
  private final Secrets secrets;
  private final boolean terminal;
  private final OutputStream stdin;
  private final Lane stdout;
  private final Lane stderr;

  /**
   * @param argv what was run, in a form that may be shown
   */
  SmolvmExecution(
      Process process, String attempted, List<String> argv, Secrets secrets, boolean terminal) {
    this.process = process;
    this.attempted = attempted;
    this.argv = argv;
    this.secrets = secrets;
    this.terminal = terminal;
    this.stdin = new Unbuffered(process.getOutputStream());
    this.stdout = Lane.of(process.getInputStream(), "smolvm-stdout");
    this.stderr = Lane.of(process.getErrorStream(), "smolvm-stderr");
  }

  @Override
  public OutputStream stdin() {
    return stdin;
  }

  @Override
  public InputStream stdout() {
    return stdout;
  }

  @Override
  public InputStream stderr() {
    return stderr;
  }

  @Override
  public OptionalInt guestPid() {
    return OptionalInt.empty();
  }

  @Override
  public void signal(int number) {
    if (process.isAlive()) {
      throw new MachineException(
          ErrorCode.UNSUPPORTED,
          "send signal " + number,
          "smolvm cannot send signals to a command; give it a time limit, or run kill in the"
              + " machine");
    }
  }

  @Override
  public void resize(int rows, int columns) {
    if (!terminal) {
      return;
    }
    // The terminal is the one that 'script' made: the smolvm process has it as its input.
    Optional<Path> device =
        process
            .descendants()
            .map(child -> Path.of("/proc/" + child.pid() + "/fd/0"))
            .flatMap(link -> target(link).stream())
            .filter(path -> path.startsWith("/dev/pts"))
            .findFirst();
    if (device.isEmpty()) {
      return;
    }
    try {
      // The kernel tells smolvm of the new size, and smolvm the guest.
      // (stty sets rows and columns one after the other, so it is told twice.)
      new ProcessBuilder(
              "stty",
              "-F",
              device.get().toString(),
              "rows",
              Integer.toString(rows),
              "cols",
              Integer.toString(columns))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, "resize a terminal", "stty does not run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Optional<Path> target(Path link) {
    try {
      return Optional.of(Files.readSymbolicLink(link));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Override
  public int await() {
    try {
      return exitCode(process.waitFor());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  @Override
  public Optional<Integer> await(Duration limit) {
    try {
      return process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)
          ? Optional.of(exitCode(process.exitValue()))
          : Optional.empty();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private int exitCode(int code) throws InterruptedException {
    Verdict verdict = verdict(code);
    if (verdict.error().isPresent()) {
      throw MachineException.ofProgram(
          verdict.error().get(), attempted, argv, code, secrets.hidden(verdict.message()));
    }
    return verdict.exitCode();
  }

  private Verdict verdict(int code) throws InterruptedException {
    // On a terminal smolvm's own messages are among the output.
    Lane said = terminal ? stdout : stderr;
    stdout.lift();
    stderr.lift();
    said.awaitEnd(GRACE_MILLIS);
    return SmolvmErrors.ofExec(code, said.tail());
  }

  @Override
  public String message() {
    if (process.isAlive()) {
      return "";
    }
    try {
      return secrets.hidden(verdict(process.exitValue()).message());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private MachineException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new MachineException(ErrorCode.LOST, attempted, "interrupted", cause);
  }

  @Override
  public void close() {
    // With a terminal there is a shell and a 'script' around smolvm: none may stay.
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    children.forEach(ProcessHandle::destroy);
    try {
      if (!process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroyForcibly);
    stdout.close();
    stderr.close();
    try {
      stdin.close();
    } catch (IOException e) {
      // What was not written yet is dropped: there is nobody to read it.
    }
  }

  /** Passes every write on at once: who types wants an answer. */
  private static final class Unbuffered extends FilterOutputStream {
    Unbuffered(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int at, int length) throws IOException {
      out.write(bytes, at, length);
      out.flush();
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      out.flush();
    }
  }
}
