package dev.carafe.cli;

import dev.carafe.machine.TerminalSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The real terminal, through {@code stty}: three short processes (about 2 ms each after the first),
 * where binding the C library's calls would cost 60 ms of start-up.
 */
final class HostTerminal implements Terminal {

  @Override
  public boolean input() {
    return terminal(0);
  }

  @Override
  public boolean output() {
    return terminal(1);
  }

  @Override
  public boolean error() {
    return terminal(2);
  }

  @Override
  public boolean outputHasReader() {
    String target = target(1);
    return isTerminal(target) || target.startsWith("pipe:") || target.startsWith("socket:");
  }

  private static boolean terminal(int descriptor) {
    return isTerminal(target(descriptor));
  }

  private static boolean isTerminal(String target) {
    return target.startsWith("/dev/pts/")
        || target.startsWith("/dev/tty")
        || target.equals("/dev/console");
  }

  /** Where a descriptor leads: needs neither a process nor a native call. */
  private static String target(int descriptor) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
    } catch (IOException | UnsupportedOperationException e) {
      return "";
    }
  }

  @Override
  public Optional<TerminalSize> size() {
    if (!input()) {
      return Optional.empty();
    }
    try {
      String said = stty("size");
      int space = said.indexOf(' ');
      int rows = Integer.parseInt(said.substring(0, Math.max(space, 0)));
      int columns = Integer.parseInt(said.substring(space + 1));
      return rows > 0 && columns > 0
          ? Optional.of(new TerminalSize(rows, columns))
          : Optional.empty();
    } catch (FailureException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  @Override
  public Raw raw() {
    String before = stty("-g");
    AtomicBoolean restored = new AtomicBoolean();
    Runnable restore =
        () -> {
          if (restored.compareAndSet(false, true)) {
            stty(before);
          }
        };
    // Before the mode changes, so that there is no moment in which a signal leaves it changed.
    Thread hook = new Thread(() -> attempt(restore), "restore-terminal");
    Runtime.getRuntime().addShutdownHook(hook);
    stty("raw", "-echo");
    return () -> {
      attempt(restore);
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // This process is ending: the hook runs, and finds nothing to do.
      }
    };
  }

  private static void attempt(Runnable restore) {
    try {
      restore.run();
    } catch (FailureException e) {
      // The terminal is gone, as after a hang-up: nothing is left to restore.
    }
  }

  /** Runs {@code stty} on standard input and returns what it says. */
  private static String stty(String... arguments) {
    String[] argv = new String[arguments.length + 1];
    argv[0] = "stty";
    System.arraycopy(arguments, 0, argv, 1, arguments.length);
    boolean interrupted = Thread.interrupted();
    try {
      Process process =
          new ProcessBuilder(argv)
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      int exitCode = process.waitFor();
      if (exitCode != 0) {
        throw new FailureException(
            "cannot control the terminal: stty " + arguments[0] + " exited with " + exitCode);
      }
      return said;
    } catch (IOException e) {
      throw new FailureException(
          "cannot control the terminal: stty (of coreutils) cannot be run: " + e.getMessage());
    } catch (InterruptedException e) {
      interrupted = true;
      throw new FailureException("cannot control the terminal: interrupted");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
