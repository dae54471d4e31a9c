package dev.carafe.cli;

import dev.carafe.machine.Trace;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;

/**
 * Where the program starts. The system property {@code carafe.program} is the name it was called
 * by; {@code smolvm} gives it that program's personality.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    end(run(args));
  }

  /** Runs a command line on the process's own streams. */
  static int run(String[] args) {
    Trace.step("the JVM is up");
    // The bare descriptors: System.in and System.out buffer, and System.out swallows errors.
    Console console =
        new Console(
            new FileInputStream(FileDescriptor.in),
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err));
    Cli cli =
        new Cli(
            System.getProperty("carafe.program", "carafe"),
            console,
            new HostTerminal(),
            new HostSignals(),
            System.getenv(),
            new OpenRooms(System.getenv()));
    int exitCode = cli.run(args);
    Trace.step("done");
    return exitCode;
  }

  /**
   * Ends this process. Not by System.exit, which looks for a logger to tell, and for that opens
   * every jar of the program, a millisecond each. All that was begun has been ended by now; only if
   * a signal is ending the process at this moment, its hooks are left to finish.
   */
  private static void end(int exitCode) {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {}));
    } catch (IllegalStateException e) {
      System.exit(exitCode); // waits for the hooks
    }
    Runtime.getRuntime().halt(exitCode);
  }
}
