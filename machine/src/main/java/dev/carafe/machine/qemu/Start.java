package dev.carafe.machine.qemu;

import dev.carafe.image.Image;
import dev.carafe.machine.Entropy;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Services;
import dev.carafe.machine.Trace;
import dev.carafe.machine.channel.Channel;
import dev.carafe.machine.channel.Configuration;
import dev.carafe.machine.network.GuestFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.IntSupplier;

/**
 * One start of a machine, its lock held: image, template, QEMU, identity, first-time commands.
 * Whoever runs it clears up when it fails.
 */
final class Start {
  /** From QEMU's start to the guest's first answer. */
  private static final Duration RESTORE = Duration.ofSeconds(60);

  private final QemuMachines engine;
  private final MachineDirectory directory;
  private final MachineNetwork network;
  private MachineRecord record;

  Start(
      QemuMachines engine,
      MachineDirectory directory,
      MachineRecord record,
      MachineNetwork network) {
    this.engine = engine;
    this.directory = directory;
    this.record = record;
    this.network = network;
  }

  void run() throws IOException {
    MachineSpec spec = record.spec();
    network.requireFreePorts(spec.network());
    Image image =
        record.imageDigest().isPresent()
            ? engine.storedImage(record.imageDigest().get())
            : engine.image(spec.image());
    Shape shape = engine.shape(spec);
    boolean fresh = !Files.exists(directory.overlay()) || record.imageDigest().isEmpty();
    Template template =
        fresh
            ? engine.templates().ofImage(shape, image, spec.overlayGib())
            : engine.templates().booted(shape);

    Trace.step("image and template found");

    // Before anything is written on top of the image, so that it is never another one.
    if (record.imageDigest().isEmpty() || record.failure().isPresent()) {
      record = record.withImage(image.digest()).withFailure(Optional.empty());
      RecordFile.write(record, directory.record(), !spec.ephemeral());
    }
    Ports.reset(directory);
    Path sockets = engine.home().runtime().resolve(record.id());
    RuntimeDirectory.make(engine.home().runtime(), sockets);
    engine.giveAway(RuntimeDirectory.nursery(sockets));

    Jail jail =
        new Jail(engine.host(), shape, engine.root(), Overlay.limit(spec.overlayGib()))
            .read(image)
            .read(template.memory(), Jail.MEMORY)
            .write(directory.overlay(), "/overlay")
            .write(RuntimeDirectory.nursery(sockets), "/sockets")
            .preload(shape.preload())
            .restored(template.state());
    if (fresh) {
      Files.deleteIfExists(directory.overlay());
      jail.copyFirst(template.overlay(), directory.overlay());
    } else {
      Overlay.widen(directory.overlay());
    }
    Vm vm =
        Vm.spawn(
            "start machine '" + spec.name() + "'",
            jail.command(
                QemuArguments.restore(
                    shape, Strays.name(engine.home(), record.id()), false, image.deltas().size())),
            sockets,
            directory.log(),
            RESTORE);
    Trace.step("QEMU's process started");
    Optional<Keeper> keeper = network.prepare(spec.network());
    try {
      bring(vm, image, fresh);
      openNetwork(keeper);
    } catch (RuntimeException | IOException e) {
      vm.kill();
      keeper.ifPresent(Keeper::close);
      throw e;
    }
    firstTime();
    workload();
  }

  private void bring(Vm vm, Image image, boolean fresh) throws IOException {
    try (Qmp qmp = vm.qmp()) {
      Trace.step("QEMU up");
      // As early as there is a process to name: from here on it is found by its record.
      RecordFile.write(vm.identify(), directory.run());
      qmp.restoreInherited();
      Trace.step("template's state asked for");
      Channel channel = null;
      try {
        channel = vm.firstChannel();
        Trace.step("the agent has answered");
        channel.configure(identity(image, fresh), RESTORE);
        Trace.step("the machine has its identity");
        engine.connections(directory).adopt(Ports.adopt(directory, channel, 1));
      } catch (MachineException e) {
        close(channel);
        throw withConsole(e, qmp);
      } catch (RuntimeException | IOException e) {
        close(channel);
        throw e;
      }
    } catch (java.net.SocketException e) {
      throw new MachineException(
          ErrorCode.ENGINE,
          "start machine '" + directory.name() + "'",
          "QEMU ended" + Vm.tail("; it said:", directory.log()),
          e);
    }
  }

  private static void close(Channel channel) {
    if (channel != null) {
      channel.close();
    }
  }

  private static MachineException withConsole(MachineException failure, Qmp qmp) {
    try {
      String console = Vm.tail("; its console's last lines:", qmp.console());
      return new MachineException(
          failure.code(), failure.attempted(), failure.said() + console, failure);
    } catch (IOException e) {
      return failure;
    }
  }

  private Configuration identity(Image image, boolean fresh) {
    String hostname = hostname(record.spec().name());
    var configuration =
        new Configuration()
            .entropy(Entropy.bytes(64))
            .clock(InstantSource.system())
            .root(image.deltas().size())
            .hostname(hostname)
            .machineId(record.id() + record.id())
            .hosts(GuestFiles.hosts(hostname, record.spec().network()))
            .resolv(GuestFiles.resolv(record.spec().network(), Services.NONE));
    if (!fresh) {
      configuration.overlayBytes(Overlay.fileSystem(record.spec().overlayGib()));
    }
    return configuration;
  }

  /**
   * Opens the network, and sees that it is what it should be before anything runs in the machine.
   */
  private void openNetwork(Optional<Keeper> keeper) {
    Run run = RecordFile.readRun(directory.run()).orElseThrow();
    Optional<IntSupplier> gate = network.open(run, record.spec().network(), keeper);
    Trace.step("the network is open");
    engine
        .connections(directory)
        .with(
            run,
            channel -> network.require(channel, record.spec().network(), keeper.isPresent(), gate));
    keeper.ifPresent(Keeper::leave);
    Trace.step("the network is proved");
  }

  /** A host name has fewer characters than a machine's name may have, and no underscores. */
  static String hostname(String name) {
    String hostname = name.replace('_', '-');
    return hostname.length() <= 63 ? hostname : hostname.substring(0, 63);
  }

  private void firstTime() throws IOException {
    if (record.initDone()) {
      return;
    }
    var machine = new QemuMachine(engine, directory);
    for (int i = 0; i < record.spec().init().size(); i++) {
      ExecResult result = machine.run(ExecSpec.shell(record.spec().init().get(i)));
      if (result.exitCode() != 0) {
        throw new MachineException(
            ErrorCode.GUEST,
            "start machine '" + directory.name() + "'",
            "init["
                + i
                + "] failed (exit "
                + result.exitCode()
                + "): "
                + Vm.tail("", result.err()).strip());
      }
    }
    record = record.withInitDone();
    RecordFile.write(record, directory.record(), true);
  }

  private void workload() {
    if (!record.spec().workload().isEmpty()) {
      new QemuMachine(engine, directory)
          .exec(ExecSpec.of(record.spec().workload()).asDetached())
          .close();
    }
  }
}
