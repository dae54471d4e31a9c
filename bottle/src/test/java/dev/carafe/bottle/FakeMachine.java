package dev.carafe.bottle;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A machine that does what it is told, and proves what the test says. */
final class FakeMachine implements Machine {
  private final Path directory;

  /** What its network is like when it is tried. */
  List<Proof> proofs = List.of(new Proof("network interfaces", false, "lo", true));

  /** What it was given, while it has it. */
  final List<Services> attached = new ArrayList<>();

  FakeMachine(Path directory) {
    this.directory = directory;
  }

  @Override
  public String name() {
    return "work";
  }

  @Override
  public Gateway attach(Services services) {
    attached.add(services);
    return new Gateway() {
      @Override
      public boolean isOpen() {
        return attached.contains(services);
      }

      @Override
      public void onClose(Runnable hook) {}

      @Override
      public int seenAtGate() {
        return 0;
      }

      @Override
      public void close() {
        attached.remove(services);
      }
    };
  }

  @Override
  public List<Proof> prove() {
    return proofs;
  }

  @Override
  public Path sockets() {
    return directory;
  }

  @Override
  public void copyIn(Path host, String guest, CopyOptions options) {}

  @Override
  public Execution exec(ExecSpec spec) {
    return new Done();
  }

  @Override
  public MachineSpec spec() {
    return MachineSpec.builder(name()).build();
  }

  @Override
  public MachineStatus status() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean start() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean stop(Duration grace) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void delete() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void update(MachineSpec spec) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void copyOut(String guest, Path host, CopyOptions options) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Path directory() {
    return directory;
  }

  /** A command that has gone well. */
  private static final class Done implements Execution {
    @Override
    public OutputStream stdin() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public InputStream stdout() {
      return new ByteArrayInputStream(new byte[0]);
    }

    @Override
    public InputStream stderr() {
      return new ByteArrayInputStream(new byte[0]);
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
}
