package dev.carafe.cli;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.TerminalSize;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A command of a few that {@link #program} knows, run on a thread of this process. */
final class FakeExecution implements Execution {
  private final ExecSpec spec;
  private final Pipe in = new Pipe();
  private final Pipe out = new Pipe();
  private final Pipe err = new Pipe();
  private final CompletableFuture<Integer> exit = new CompletableFuture<>();
  private volatile String message = "";
  private TerminalSize size;

  FakeExecution(ExecSpec spec) {
    this.spec = spec;
    size = spec.terminal().orElse(null);
    if (spec.detached()) {
      exit.complete(0);
      return;
    }
    Thread.ofVirtual()
        .start(
            () -> {
              int exitCode;
              try (OutputStream stdout = out.output();
                  OutputStream stderr = err.output()) {
                exitCode = program(stdout, stderr);
              } catch (IOException e) {
                exitCode = 141;
              }
              exit.complete(exitCode);
            });
  }

  private int program(OutputStream stdout, OutputStream stderr) throws IOException {
    String first = spec.argv().size() > 1 ? spec.argv().get(1) : "";
    switch (spec.argv().getFirst()) {
      case "echo" -> print(stdout, String.join(" ", spec.argv().subList(1, spec.argv().size())));
      case "warn" -> print(stderr, first);
      case "cat" -> in.input().transferTo(stdout);
      case "exit" -> {
        return Integer.parseInt(first);
      }
      case "env" -> spec.env().forEach((name, value) -> quietly(stdout, name + "=" + value));
      case "describe" ->
          print(
              stdout,
              spec.directory().orElse("-")
                  + " "
                  + spec.user().orElse("-")
                  + " "
                  + spec.timeout().map(Duration::toString).orElse("-")
                  + " "
                  + spec.input()
                  + " "
                  + spec.terminal().isPresent());
      case "flood" -> {
        byte[] block = new byte[100_000];
        for (long left = Long.parseLong(first); left > 0; left -= block.length) {
          stdout.write(block, 0, (int) Math.min(left, block.length));
        }
      }
      case "sizes" -> sizes(stdout);
      case "sleep" -> {
        print(stdout, "asleep");
        return exit.join();
      }
      case "stubborn" -> {
        print(stdout, "asleep");
        return forever();
      }
      case "lose", "end" -> {
        out.breakOff();
        err.breakOff();
        exit.completeExceptionally(
            new MachineException(ErrorCode.LOST, "run a command", "the machine went away"));
      }
      default -> {
        message = spec.argv().getFirst() + ": no such program";
        return 127;
      }
    }
    return 0;
  }

  /** Prints the terminal's size at first and whenever it changes, until a {@code q} is typed. */
  private synchronized void sizes(OutputStream stdout) throws IOException {
    print(stdout, size.rows() + "x" + size.columns());
    Thread.ofVirtual()
        .start(
            () -> {
              try (InputStream keys = in.input()) {
                for (int key = keys.read(); key >= 0 && key != 'q'; key = keys.read()) {
                  print(stdout, "key " + key);
                }
              } catch (IOException e) {
                // Closed while it waited for a key.
              }
              exit.complete(0);
              synchronized (this) {
                notifyAll();
              }
            });
    TerminalSize shown = size;
    while (!exit.isDone()) {
      if (!size.equals(shown)) {
        shown = size;
        print(stdout, shown.rows() + "x" + shown.columns());
      }
      try {
        wait();
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private synchronized int forever() {
    try {
      while (!exit.isDone()) {
        wait();
      }
    } catch (InterruptedException e) {
      return 1;
    }
    return exit.join();
  }

  private static void quietly(OutputStream to, String line) {
    try {
      print(to, line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void print(OutputStream to, String line) throws IOException {
    to.write((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public OutputStream stdin() {
    return in.output();
  }

  @Override
  public InputStream stdout() {
    return out.input();
  }

  @Override
  public InputStream stderr() {
    return err.input();
  }

  @Override
  public OptionalInt guestPid() {
    return OptionalInt.of(321);
  }

  @Override
  public void signal(int number) {
    if (!spec.argv().getFirst().equals("stubborn")) {
      exit.complete(128 + number);
    }
  }

  @Override
  public synchronized void resize(int rows, int columns) {
    size = new TerminalSize(rows, columns);
    notifyAll();
  }

  @Override
  public int await() {
    try {
      return exit.get();
    } catch (ExecutionException e) {
      throw (MachineException) e.getCause();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, "wait", "interrupted", e);
    }
  }

  @Override
  public Optional<Integer> await(Duration limit) {
    try {
      return Optional.of(exit.get(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException | InterruptedException e) {
      throw new MachineException(ErrorCode.LOST, "wait", "broken", e);
    }
  }

  @Override
  public String message() {
    return message;
  }

  @Override
  public synchronized void close() {
    exit.complete(137);
    in.breakOff();
    out.breakOff();
    err.breakOff();
    notifyAll();
  }
}
