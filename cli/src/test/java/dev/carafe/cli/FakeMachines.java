package dev.carafe.cli;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;

/** Machines in memory. {@link #calls} says what was asked of them, in order. */
final class FakeMachines implements Machines {
  static final Instant CREATED = Instant.parse("2026-11-22T12:00:00Z");

  final Map<String, FakeMachine> machines = new ConcurrentSkipListMap<>();
  final List<String> calls = Collections.synchronizedList(new ArrayList<>());

  List<Leftover> leftovers = List.of();

  /** Thrown by the next start. */
  MachineException startFails;

  /** Thrown by every delete. */
  MachineException deleteFails;

  /** When set, a start says so by counting down, and then waits to be interrupted. */
  CountDownLatch startHangs;

  @Override
  public Machine create(MachineSpec spec) {
    calls.add("create " + spec.name());
    FakeMachine machine = new FakeMachine(spec);
    if (machines.putIfAbsent(spec.name(), machine) != null) {
      throw new MachineException(
          ErrorCode.ALREADY_EXISTS, "create machine '" + spec.name() + "'", "it exists");
    }
    return machine;
  }

  @Override
  public Optional<Machine> find(String name) {
    return Optional.ofNullable(machines.get(name));
  }

  @Override
  public List<Machine> list() {
    return List.copyOf(machines.values());
  }

  @Override
  public List<Leftover> leftovers() {
    return leftovers;
  }

  @Override
  public void close() {}

  /** A machine that is made and started, without a call. */
  FakeMachine running(String name) {
    FakeMachine machine = new FakeMachine(MachineSpec.named(name));
    machine.state = State.RUNNING;
    machines.put(name, machine);
    return machine;
  }

  final class FakeMachine implements Machine {
    volatile State state = State.CREATED;
    volatile MachineSpec spec;
    volatile ExecSpec executed;
    volatile Optional<String> failure = Optional.empty();
    volatile FakeExecution execution;

    /** When set, counted down when a command has been started. */
    volatile CountDownLatch started = new CountDownLatch(1);

    volatile Optional<String> imageDigest = Optional.empty();

    /** Thrown by a freeze that has written something. */
    volatile MachineException freezeFails;

    /** When set, a freeze that has written something counts it down, and waits to be ended. */
    volatile CountDownLatch freezeHangs;

    FakeMachine(MachineSpec spec) {
      this.spec = spec;
    }

    @Override
    public String name() {
      return spec.name();
    }

    @Override
    public MachineSpec spec() {
      return spec;
    }

    @Override
    public MachineStatus status() {
      boolean alive = state == State.RUNNING || state == State.UNREACHABLE;
      return new MachineStatus(
          state, alive ? OptionalLong.of(4711) : OptionalLong.empty(), CREATED, failure);
    }

    @Override
    public boolean start() {
      calls.add("start " + name());
      if (startHangs != null) {
        startHangs.countDown();
        try {
          new CountDownLatch(1).await();
        } catch (InterruptedException e) {
          throw new MachineException(ErrorCode.GUEST, "start", "interrupted", e);
        }
      }
      if (startFails != null) {
        state = State.FAILED;
        failure = Optional.of(startFails.getMessage());
        throw startFails;
      }
      boolean starts = state != State.RUNNING;
      state = State.RUNNING;
      return starts;
    }

    @Override
    public boolean stop(Duration grace) {
      calls.add("stop " + name());
      state = State.STOPPED;
      return true;
    }

    @Override
    public void delete() {
      if (Thread.currentThread().isInterrupted()) {
        throw new MachineException(ErrorCode.GUEST, "delete", "interrupted");
      }
      calls.add("delete " + name());
      if (deleteFails != null) {
        throw deleteFails;
      }
      machines.remove(name());
    }

    @Override
    public void update(MachineSpec changed) {
      calls.add("update " + name());
      spec = changed;
    }

    @Override
    public Execution exec(ExecSpec command) {
      if (state != State.RUNNING) {
        throw new MachineException(ErrorCode.STATE, "run a command", "it is " + state.word());
      }
      calls.add("exec " + command.argv().getFirst());
      executed = command;
      if (command.argv().getFirst().equals("end")) {
        state = State.STOPPED; // and the command's connection goes with it
      }
      execution = new FakeExecution(command);
      started.countDown();
      return execution;
    }

    @Override
    public void copyIn(Path host, String guest, CopyOptions options) {
      copied("in " + host + " " + guest, options);
    }

    @Override
    public void copyOut(String guest, Path host, CopyOptions options) {
      copied("out " + guest + " " + host, options);
    }

    private void copied(String what, CopyOptions options) {
      if (state != State.RUNNING) {
        throw new MachineException(ErrorCode.STATE, "copy", "it is " + state.word());
      }
      calls.add(
          what
              + (options.intoDirectory() ? " into" : "")
              + (options.keepOwner() ? " keep" : "")
              + (options.uid().isPresent()
                  ? " " + options.uid().getAsInt() + ":" + options.gid().getAsInt()
                  : "")
              + (options.mode().isPresent()
                  ? " " + Integer.toOctalString(options.mode().getAsInt())
                  : ""));
    }

    @Override
    public Optional<String> imageDigest() {
      return imageDigest;
    }

    @Override
    public Duration freeze(FreezeSpec spec, OutputStream layer) {
      if (state != State.RUNNING) {
        throw new MachineException(ErrorCode.STATE, "freeze", "it is " + state.word());
      }
      calls.add("freeze " + name() + " " + spec.leftOut());
      try {
        layer.write("a ".getBytes(StandardCharsets.US_ASCII));
        if (freezeFails != null) {
          throw freezeFails;
        }
        if (freezeHangs != null) {
          freezeHangs.countDown();
          new CountDownLatch(1).await();
        }
        layer.write("layer".getBytes(StandardCharsets.US_ASCII));
        return Duration.ZERO;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        calls.add("freeze ended");
        throw new MachineException(ErrorCode.LOST, "freeze", "interrupted", e);
      }
    }

    @Override
    public Path directory() {
      return Path.of("/data/machines", name());
    }
  }
}
