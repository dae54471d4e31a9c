package dev.carafe.bottle;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Function;

/** A machine that does what it is told, and proves what the test says. */
final class FakeMachine implements Machine {
  private MachineSpec spec;
  private final Path directory;

  /** What commands do. */
  Function<ExecSpec, ExecResult> shell = command -> new ExecResult(0, new byte[0], new byte[0]);

  /** What copies into it throw, if anything. */
  Optional<RuntimeException> copyFails = Optional.empty();

  /** What its removal throws, if anything. */
  Optional<RuntimeException> deletionFails = Optional.empty();

  boolean running;

  String console = "";

  /** What happens when it is deleted. */
  Runnable onDelete = () -> {};

  /** What its network is like when it is tried. */
  List<Proof> proofs = List.of(new Proof("network interfaces", false, "lo", true));

  /** What it was given, while it has it. */
  final List<Services> attached = new ArrayList<>();

  FakeMachine(Path directory) {
    this(MachineSpec.builder("work").build(), directory);
  }

  FakeMachine(MachineSpec spec, Path directory) {
    this.spec = spec;
    this.directory = directory;
  }

  @Override
  public String name() {
    return spec.name();
  }

  @Override
  public boolean start(Consumer<Machine> opener) {
    boolean starts = !running;
    running = true;
    if (starts || attached.isEmpty()) {
      opener.accept(this);
    }
    return starts;
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
  public void copyIn(Path host, String guest, CopyOptions options) {
    copyFails.ifPresent(
        failure -> {
          throw failure;
        });
  }

  @Override
  public Execution exec(ExecSpec command) {
    return new Ended(shell.apply(command));
  }

  @Override
  public MachineSpec spec() {
    return spec;
  }

  @Override
  public MachineStatus status() {
    return running
        ? new MachineStatus(State.RUNNING, OptionalLong.of(1), Instant.EPOCH)
        : new MachineStatus(State.STOPPED, OptionalLong.empty(), Instant.EPOCH);
  }

  @Override
  public String console() {
    return console;
  }

  @Override
  public boolean start() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean stop(Duration grace) {
    boolean stops = running;
    running = false;
    return stops;
  }

  @Override
  public void delete() {
    deletionFails.ifPresent(
        failure -> {
          throw failure;
        });
    running = false;
    onDelete.run();
  }

  @Override
  public void update(MachineSpec changed) {
    if (running) {
      throw new MachineException(ErrorCode.STATE, "update it", "it is running");
    }
    spec = changed;
  }

  @Override
  public void copyOut(String guest, Path host, CopyOptions options) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Path directory() {
    return directory;
  }
}
