package dev.carafe.bottle;

import dev.carafe.machine.ExecResult;
import dev.carafe.machine.Execution;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** A command in a guest that has ended before anybody looked. */
public record Ended(ExecResult result) implements Execution {
  @Override
  public OutputStream stdin() {
    return OutputStream.nullOutputStream();
  }

  @Override
  public InputStream stdout() {
    return new ByteArrayInputStream(result.stdout());
  }

  @Override
  public InputStream stderr() {
    return new ByteArrayInputStream(result.stderr());
  }

  @Override
  public OptionalInt guestPid() {
    return OptionalInt.empty();
  }

  @Override
  public void signal(int number) {}

  @Override
  public void resize(int rows, int columns) {}

  @Override
  public int await() {
    return result.exitCode();
  }

  @Override
  public Optional<Integer> await(Duration limit) {
    return Optional.of(result.exitCode());
  }

  @Override
  public String message() {
    return "";
  }

  @Override
  public void close() {}
}
