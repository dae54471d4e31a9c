package dev.carafe.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;

/**
 * The program with its real streams, terminal and signals, on machines in memory; one is called
 * web.
 */
final class FakeProgram {
  private FakeProgram() {}

  public static void main(String[] args) {
    FakeRooms rooms = new FakeRooms();
    rooms.machines.running("web");
    Console console =
        new Console(
            new FileInputStream(FileDescriptor.in),
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err));
    System.exit(
        new Cli("carafe", console, new HostTerminal(), new HostSignals(), System.getenv(), rooms)
            .run(args));
  }
}
