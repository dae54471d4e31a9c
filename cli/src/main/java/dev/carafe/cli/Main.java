package dev.carafe.cli;

import dev.carafe.machine.Trace;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.util.HashMap;
import java.util.Map;

/**
 * Where the program starts. The system property {@code carafe.program} is the name it was called
 * by; {@code smolvm} gives it that program's personality.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    HostSignals signals = new HostSignals();
    end(run(args, signals), signals);
  }

  /** Runs a command line on the process's own streams. */
  static int run(String[] args, HostSignals signals) {
    Trace.step("the JVM is up");
    // The bare descriptors: System.in and System.out buffer, and System.out swallows errors.
    Console console =
        new Console(
            new FileInputStream(FileDescriptor.in),
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err));
    Map<String, String> environment = environment(System.getenv());
    Cli cli =
        new Cli(
            System.getProperty("carafe.program", "carafe"),
            console,
            new HostTerminal(),
            signals,
            environment,
            new OpenRooms(environment));
    int exitCode = cli.run(args);
    Trace.step("done");
    return exitCode;
  }

  /**
   * The environment as the user has it: the launcher sets {@code LC_ALL} to what a JVM needs, and
   * keeps the user's value, empty for none, in {@code CARAFE_LC_ALL}.
   */
  static Map<String, String> environment(Map<String, String> ours) {
    Map<String, String> env = new HashMap<>(ours);
    String locale = env.remove("CARAFE_LC_ALL");
    if (locale != null && locale.isEmpty()) {
      env.remove("LC_ALL");
    } else if (locale != null) {
      env.put("LC_ALL", locale);
    }
    return env;
  }

  /**
   * Ends this process. Not by System.exit, which looks for a logger to tell, and for that opens
   * every jar of the program, a millisecond each. All that was begun has been ended by now; only if
   * a signal is ending the process at this moment, its hooks are left to finish.
   */
  private static void end(int exitCode, HostSignals signals) {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {}));
    } catch (IllegalStateException e) {
      System.exit(exitCode); // waits for the hooks
    }
    signals.endBySignal(exitCode);
    Runtime.getRuntime().halt(exitCode);
  }
}
