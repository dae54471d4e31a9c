package dev.carafe.machine.smolvm;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Execution;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** A command that was started and goes on by itself; nothing more will be known of it here. */
record DetachedExecution(OptionalInt guestPid) implements Execution {
  @Override
  public OutputStream stdin() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException("a detached command has no input");
      }
    };
  }

  @Override
  public InputStream stdout() {
    return InputStream.nullInputStream();
  }

  @Override
  public InputStream stderr() {
    return InputStream.nullInputStream();
  }

  @Override
  public void signal(int number) {
    throw new MachineException(
        ErrorCode.UNSUPPORTED,
        "send signal " + number,
        "smolvm cannot send signals to a command; run kill in the machine");
  }

  @Override
  public void resize(int rows, int columns) {}

  @Override
  public int await() {
    return 0;
  }

  @Override
  public Optional<Integer> await(Duration limit) {
    return Optional.of(0);
  }

  @Override
  public String message() {
    return "";
  }

  @Override
  public void close() {}
}
