package dev.carafe.machine.qemu;

import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.Denial;
import dev.carafe.machine.Entropy;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import dev.carafe.machine.MachineStatus.State;
import dev.carafe.machine.Network;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import dev.carafe.machine.Trace;
import dev.carafe.machine.channel.Command;
import dev.carafe.machine.channel.Configuration;
import dev.carafe.machine.channel.Freeze;
import dev.carafe.machine.network.Denials;
import dev.carafe.machine.network.GuestFiles;
import dev.carafe.machine.network.Relay;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** A machine of the built-in engine: its directory, and nothing that could go stale. */
final class QemuMachine implements Machine {
  private static final Duration ANSWER = Duration.ofSeconds(2);
  private static final Duration END = Duration.ofSeconds(10);
  private static final int LOCK_SECONDS = 180;

  /** Room for what an image brings, where only the disk of what is written has a size. */
  private static final int IMAGE_GIB = 8;

  private final QemuMachines engine;
  private final MachineDirectory directory;

  QemuMachine(QemuMachines engine, MachineDirectory directory) {
    this.engine = engine;
    this.directory = directory;
  }

  @Override
  public String name() {
    return directory.name();
  }

  @Override
  public Path directory() {
    return directory.path();
  }

  @Override
  public MachineSpec spec() {
    return record().spec();
  }

  @Override
  public Optional<String> imageDigest() {
    try {
      return RecordFile.read(directory.record()).flatMap(MachineRecord::imageDigest);
    } catch (MachineException e) {
      return Optional.empty();
    }
  }

  private MachineRecord record() {
    return RecordFile.read(directory.record())
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.NOT_FOUND,
                    "find machine '" + name() + "'",
                    "vm not found: " + name()));
  }

  // ---- how it is ----

  @Override
  public MachineStatus status() {
    MachineRecord record;
    Optional<Run> run;
    try {
      record = record();
      run = RecordFile.readRun(directory.run());
    } catch (MachineException e) {
      if (e.code() == ErrorCode.NOT_FOUND) {
        throw e;
      }
      return new MachineStatus(
          State.FAILED, OptionalLong.empty(), Instant.EPOCH, Optional.of(e.getMessage()));
    }
    if (run.isPresent() && run.get().alive()) {
      State state = answers(run.get()) ? State.RUNNING : State.UNREACHABLE;
      return new MachineStatus(state, OptionalLong.of(run.get().pid()), record.created());
    }
    State state =
        record.failure().isPresent()
            ? State.FAILED
            : record.imageDigest().isPresent() ? State.STOPPED : State.CREATED;
    return new MachineStatus(state, OptionalLong.empty(), record.created(), record.failure());
  }

  @Override
  public String console() {
    String attempted = "read the console of machine '" + name() + "'";
    Run run = running(attempted);
    try (Qmp qmp = Qmp.connect(run.qmp(), ANSWER)) {
      return qmp.console();
    } catch (IOException e) {
      throw new MachineException(ErrorCode.LOST, attempted, Storage.explain(e), e);
    }
  }

  /** Whether QEMU answers and its guest has not crashed. */
  static boolean answers(Run run) {
    try (Qmp qmp = Qmp.connect(run.qmp(), ANSWER)) {
      return qmp.status().equals("running");
    } catch (IOException e) {
      return false;
    }
  }

  private Run running(String attempted) {
    Optional<Run> run = RecordFile.readRun(directory.run());
    if (run.isEmpty() || !run.get().alive()) {
      record(); // one that does not exist says so
      throw new MachineException(
          ErrorCode.STATE, attempted, "machine '" + name() + "' is not running");
    }
    return run.get();
  }

  // ---- starting ----

  @Override
  public boolean start() {
    return start(network());
  }

  @Override
  public boolean start(Consumer<Machine> opener) {
    return start(new MachineNetwork(engine, directory, Optional.of(() -> opener.accept(this))));
  }

  private boolean start(MachineNetwork network) {
    String attempted = "start machine '" + name() + "'";
    try (Lock lock = lock(attempted)) {
      MachineRecord record = record();
      Optional<Run> run = RecordFile.readRun(directory.run());
      if (run.isPresent() && run.get().alive()) {
        if (answers(run.get())) {
          network.reopen(run.get(), record.spec().network());
          return false;
        }
        engine.progress().step("Machine '" + name() + "' does not answer: killing it");
      }
      clear(record);
      try {
        new Start(engine, directory, record, network).run();
        return true;
      } catch (RuntimeException e) {
        clear(record);
        remember(record, e);
        throw e;
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
  }

  private void remember(MachineRecord before, RuntimeException failure) {
    try {
      MachineRecord now = RecordFile.read(directory.record()).orElse(before);
      String why = failure instanceof MachineException ? failure.getMessage() : failure.toString();
      RecordFile.write(now.withFailure(Optional.of(why)), directory.record(), false);
    } catch (IOException | MachineException e) {
      failure.addSuppressed(e);
    }
  }

  private Lock lock(String attempted) {
    if (!Files.isDirectory(directory.path())) {
      throw new MachineException(ErrorCode.NOT_FOUND, attempted, "vm not found: " + name());
    }
    Lock lock = Locks.take(directory.lock(), attempted, LOCK_SECONDS);
    if (Files.exists(directory.record()) || Files.isDirectory(directory.vm())) {
      return lock;
    }
    lock.close(); // it was deleted while we waited
    throw new MachineException(ErrorCode.NOT_FOUND, attempted, "vm not found: " + name());
  }

  /** Kills whatever runs this machine and removes its sockets. */
  private void clear(MachineRecord record) throws IOException {
    engine.disconnect(directory);
    clear(directory, record.id(), engine.home());
  }

  private static void clear(MachineDirectory directory, String id, Home home) throws IOException {
    Optional<Run> run;
    try {
      run = RecordFile.readRun(directory.run());
    } catch (MachineException e) {
      run = Optional.empty(); // damaged: the process is found by its mark
    }
    if (run.isPresent()) {
      if (!HostProcess.kill(run.get().pid(), run.get().startTicks(), END)) {
        throw new IOException("QEMU, process " + run.get().pid() + ", cannot be killed");
      }
    }
    Path sockets = run.map(Run::sockets).orElse(home.runtime().resolve(id));
    if (Files.exists(sockets)) {
      if (run.isEmpty()) {
        Strays.kill(home, id); // started, and not yet recorded when its starter was killed
      }
      Storage.deleteTree(sockets);
    }
    Files.deleteIfExists(directory.run());
  }

  // ---- stopping ----

  @Override
  public boolean stop(Duration grace) {
    String attempted = "stop machine '" + name() + "'";
    try (Lock lock = lock(attempted)) {
      MachineRecord record = record();
      Optional<Run> run = RecordFile.readRun(directory.run());
      boolean alive = run.isPresent() && run.get().alive();
      if (alive && answers(run.get())) {
        turnOff(run.get(), grace);
      }
      clear(record);
      return alive;
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
  }

  private void turnOff(Run run, Duration grace) {
    long deadline = System.nanoTime() + grace.toNanos();
    try {
      engine.connections(directory).with(run, channel -> channel.powerOff(grace));
    } catch (MachineException e) {
      return; // it does not answer: it will be killed
    }
    HostProcess.awaitEnd(
        run.pid(), run.startTicks(), Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
  }

  @Override
  public void delete() {
    String attempted = "delete machine '" + name() + "'";
    try (Lock lock = lock(attempted)) {
      engine.disconnect(directory);
      remove(directory, engine.home());
      Trace.step("machine removed");
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
  }

  /** Looked at and removed under one lock: whoever starts it meanwhile keeps it. */
  @Override
  public boolean deleteIfIdle() {
    String attempted = "delete machine '" + name() + "'";
    try (Lock lock = lock(attempted)) {
      boolean alive = RecordFile.readRun(directory.run()).filter(Run::alive).isPresent();
      if (alive || Ports.networkIsHeld(directory)) {
        return false;
      }
      remove(directory, engine.home());
      return true;
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
  }

  /** Kills and removes a machine, readable record or not. It is gone for everyone at the rename. */
  static void remove(MachineDirectory directory, Home home) throws IOException {
    String id = "";
    try {
      id = RecordFile.read(directory.record()).map(MachineRecord::id).orElse("");
    } catch (MachineException e) {
      // Damaged: then run.json is what tells its process.
    }
    clear(directory, id.isEmpty() ? "unknown" : id, home);
    Path gone = directory.path().resolveSibling(".gone-" + Entropy.hex(8));
    Files.move(directory.path(), gone, StandardCopyOption.ATOMIC_MOVE);
    Storage.deleteTree(gone);
  }

  @Override
  public void update(MachineSpec changed) {
    String attempted = "update machine '" + name() + "'";
    try (Lock lock = lock(attempted)) {
      MachineRecord record = record();
      Optional<Run> run = RecordFile.readRun(directory.run());
      if (run.isPresent() && run.get().alive()) {
        throw new MachineException(
            ErrorCode.STATE, attempted, "it is running; stop it first, then update it");
      }
      MachineSpec spec = record.spec();
      if (!changed.name().equals(spec.name())) {
        throw new MachineException(ErrorCode.INVALID, attempted, "a machine cannot be renamed");
      }
      if (changed.overlayGib() < spec.overlayGib() || changed.storageGib() < spec.storageGib()) {
        throw new MachineException(ErrorCode.INVALID, attempted, "disks can only grow");
      }
      if (!changed.image().equals(spec.image()) && record.imageDigest().isPresent()) {
        throw new MachineException(
            ErrorCode.INVALID,
            attempted,
            "its disk was written on top of its image, which cannot change");
      }
      RecordFile.write(record.withSpec(changed), directory.record(), true);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
  }

  // ---- its network ----

  private MachineNetwork network() {
    return new MachineNetwork(engine, directory, Optional.empty());
  }

  @Override
  public Gateway attach(Services services) {
    Run run = running("open the network of machine '" + name() + "'");
    Network reachable = spec().network();
    Relay relay = network().attach(run, reachable, services);
    if (services != Services.NONE) {
      var files =
          new Configuration()
              .hosts(GuestFiles.hosts(Start.hostname(name()), reachable))
              .resolv(GuestFiles.resolv(reachable, services));
      engine.connections(directory).with(run, channel -> channel.configure(files, END));
    }
    return relay;
  }

  @Override
  public Path sockets() {
    return running("make sockets for machine '" + name() + "'").sockets();
  }

  @Override
  public List<Proof> prove() {
    Run run = running("prove the network of machine '" + name() + "'");
    Network reachable = spec().network();
    return engine
        .connections(directory)
        .use(
            run,
            channel ->
                network()
                    .prove(channel, reachable, engine.services(directory), engine.gate(directory)));
  }

  @Override
  public List<Denial> denials(int limit) {
    record();
    try {
      return Denials.read(directory.denials(), limit);
    } catch (IOException e) {
      throw new MachineException(
          ErrorCode.STORAGE,
          "list what machine '" + name() + "' was refused",
          Storage.explain(e),
          e);
    }
  }

  // ---- using ----

  @Override
  public Execution exec(ExecSpec spec) {
    String attempted = "run a command in machine '" + name() + "'";
    Run run = running(attempted);
    Command command = command(record(), spec);
    Execution execution = engine.connections(directory).use(run, channel -> channel.exec(command));
    Trace.step("the command is asked for");
    return execution;
  }

  /** Image &lt; machine &lt; exec. */
  private Command command(MachineRecord record, ExecSpec spec) {
    Image image = engine.storedImage(record.imageDigest().orElseThrow());
    MachineSpec machine = record.spec();
    Map<String, String> env = new LinkedHashMap<>();
    for (String variable : image.config().env()) {
      int equals = variable.indexOf('=');
      if (equals > 0) {
        env.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
    }
    env.putAll(machine.env());
    env.putAll(spec.env());
    List<String> lines = new ArrayList<>(env.size());
    for (var variable : env.entrySet()) {
      lines.add(variable.getKey() + "=" + variable.getValue());
    }
    return new Command(
        spec.argv(),
        lines,
        first(spec.directory(), machine.directory(), image.config().directory()),
        first(spec.user(), machine.user(), image.config().user()),
        spec.terminal(),
        spec.timeout(),
        spec.input(),
        spec.detached());
  }

  private static Optional<String> first(
      Optional<String> a, Optional<String> b, Optional<String> c) {
    return a.isPresent() ? a : b.isPresent() ? b : c;
  }

  @Override
  public void copyIn(Path host, String guest, CopyOptions options) {
    Run run = running("copy into machine '" + name() + "'");
    engine.connections(directory).with(run, channel -> channel.put(host, guest, options));
  }

  @Override
  public void copyOut(String guest, Path host, CopyOptions options) {
    Run run = running("copy out of machine '" + name() + "'");
    // What a guest can hold, so that one that lies cannot fill the host's disk.
    long held = (2L * spec().overlayGib() + IMAGE_GIB) << 30;
    CopyOptions limited = options.withMostBytes(Math.min(options.mostBytes(), held));
    engine.connections(directory).with(run, channel -> channel.get(guest, host, limited));
  }

  @Override
  public Duration freeze(FreezeSpec spec, OutputStream layer) {
    Run run = running("freeze machine '" + name() + "'");
    Freeze.Area area = Overlay.freezeArea(spec().overlayGib());
    return engine.connections(directory).use(run, channel -> channel.freeze(area, spec, layer));
  }
}
