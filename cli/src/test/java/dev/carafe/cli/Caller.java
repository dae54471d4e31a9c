package dev.carafe.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Calls the command line as a shell would, on rooms in memory. */
final class Caller {
  final FakeRooms rooms = new FakeRooms();
  final FakeMachines machines = rooms.machines;
  final FakeTerminal terminal = new FakeTerminal();
  final FakeSignals signals = new FakeSignals();
  final Map<String, String> env = new HashMap<>();
  String program = "carafe";
  InputStream input =
      new InputStream() {
        @Override
        public int read() throws IOException {
          throw new IOException("nobody may read standard input here");
        }
      };
  final ByteArrayOutputStream out = new ByteArrayOutputStream();
  final ByteArrayOutputStream err = new ByteArrayOutputStream();
  OutputStream output = out;

  /** What a call did. */
  record Outcome(int exitCode, String out, String err) {}

  static Caller carafe() {
    return new Caller();
  }

  static Caller smolvm() {
    Caller caller = new Caller();
    caller.program = "smolvm";
    return caller;
  }

  Caller input(String text) {
    input = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  Outcome call(String... args) {
    out.reset();
    err.reset();
    int exitCode =
        new Cli(program, new Console(input, output, err), terminal, signals, env, rooms).run(args);
    return new Outcome(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Calls on another thread. */
  CompletableFuture<Outcome> start(String... args) {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    Thread.ofPlatform().daemon().start(() -> outcome.complete(call(args)));
    return outcome;
  }
}
