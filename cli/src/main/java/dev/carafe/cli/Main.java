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
    System.exit(exitCode);
  }
}
