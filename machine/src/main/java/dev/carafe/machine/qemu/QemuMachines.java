package dev.carafe.machine.qemu;

import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageException;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.Entropy;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import dev.carafe.machine.Services;
import dev.carafe.machine.Trace;
import dev.carafe.machine.host.Accelerator;
import dev.carafe.machine.host.Host;
import dev.carafe.machine.host.Kernel;
import dev.carafe.machine.network.Relay;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;

/** The built-in engine. See the package's description. */
public final class QemuMachines implements Machines {
  private static final String DEFAULT_IMAGE = "base";

  private final Home home;
  private final Progress progress;
  private final Host host;
  private final ImageStore images;
  private final Templates templates;
  private final boolean root;
  private final Map<Path, Connections> connections = new HashMap<>();
  private final Map<Path, Relay> relays = new HashMap<>();
  private final Optional<List<String>> keeper;

  private QemuMachines(Home home, Progress progress, Optional<List<String>> keeper)
      throws IOException {
    this.keeper = keeper;
    this.home = home;
    this.progress = progress;
    this.root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    this.host = Host.of(home, System.getenv());
    this.images = ImageStore.open(home);
    this.templates = new Templates(home, host, progress, root);
  }

  /** Opens the machines kept in {@code home}. Touches nothing yet. */
  public static QemuMachines open(Home home, Progress progress) {
    return open(home, progress, Optional.empty());
  }

  /**
   * Opens the machines kept in {@code home}; touches nothing yet.
   *
   * @param keeper a command that, followed by a machine's name, reads one line, attaches to the
   *     machine's network, writes {@code open} or a sentence that says why not, answers each
   *     further line with the number of connections that have come to the gateway's port for
   *     trying, and lives until the network is closed. When it is given, the networks of the
   *     machines that are started are held by such processes and not by this one
   */
  public static QemuMachines open(Home home, Progress progress, Optional<List<String>> keeper) {
    try {
      return new QemuMachines(home, progress, keeper);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, "look at this host", Storage.explain(e), e);
    }
  }

  @Override
  public Machine create(MachineSpec spec) {
    String attempted = "create machine '" + spec.name() + "'";
    Path place = home.machines().resolve(spec.name());
    if (Files.exists(place)) {
      throw exists(attempted, spec.name());
    }
    String id = Entropy.hex(8);
    var making = new MachineDirectory(home.machines().resolve(".new-" + id));
    var record =
        new MachineRecord(
            spec,
            id,
            Instant.now(),
            Optional.empty(),
            spec.init().isEmpty(),
            Optional.empty(),
            // Also while it is made: so that what a killed process leaves can be told from what is
            // being made.
            Optional.of(MachineRecord.Owner.self()));
    try {
      Storage.privateDirectory(making.path());
      try {
        RecordFile.write(record, making.record(), false);
        Storage.privateDirectory(making.vm());
        giveAway(making.vm());
        Storage.privateDirectory(making.ports());
        if (!spec.ephemeral()) {
          RecordFile.write(record.withoutOwner(), making.record(), true);
        }
        Files.move(making.path(), place, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Storage.deleteTree(making.path());
      }
    } catch (FileSystemException e) {
      if (Files.exists(place)) {
        throw exists(attempted, spec.name());
      }
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
    Trace.step("machine created");
    return new QemuMachine(this, new MachineDirectory(place));
  }

  private static MachineException exists(String attempted, String name) {
    return new MachineException(
        ErrorCode.ALREADY_EXISTS, attempted, "machine '" + name + "' already exists");
  }

  @Override
  public Optional<Machine> find(String name) {
    MachineSpec.checkName(name);
    Path place = home.machines().resolve(name);
    return Files.isDirectory(place)
        ? Optional.of(new QemuMachine(this, new MachineDirectory(place)))
        : Optional.empty();
  }

  @Override
  public List<Machine> list() {
    try {
      List<Machine> machines = new ArrayList<>();
      for (Path place : Directories.children(home.machines())) {
        if (!place.getFileName().toString().startsWith(".") && Files.isDirectory(place)) {
          machines.add(new QemuMachine(this, new MachineDirectory(place)));
        }
      }
      return machines;
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "list machines", Storage.explain(e), e);
    }
  }

  @Override
  public List<Leftover> leftovers() {
    return new Leftovers(home, InstantSource.system()).find();
  }

  /** The digests of the images that machines stand on: their removal would break them. */
  public Set<String> imagesInUse() {
    Set<String> digests = new HashSet<>();
    for (Machine machine : list()) {
      ((QemuMachine) machine).imageDigest().ifPresent(digests::add);
    }
    return digests;
  }

  @Override
  public void close() {
    List<Relay> held;
    synchronized (relays) {
      held = new ArrayList<>(relays.values());
      relays.clear();
    }
    held.forEach(Relay::close);
    synchronized (connections) {
      connections.values().forEach(Connections::close);
      connections.clear();
    }
  }

  // ---- for QemuMachine ----

  Home home() {
    return home;
  }

  Host host() {
    return host;
  }

  Templates templates() {
    return templates;
  }

  boolean root() {
    return root;
  }

  Progress progress() {
    return progress;
  }

  /** This process's connections to a machine. */
  Connections connections(MachineDirectory machine) {
    synchronized (connections) {
      return connections.computeIfAbsent(machine.path(), path -> new Connections(machine));
    }
  }

  /** Closes this process's connections to a machine that ends. */
  void disconnect(MachineDirectory machine) {
    Connections gone;
    synchronized (connections) {
      gone = connections.remove(machine.path());
    }
    if (gone != null) {
      gone.close();
    }
    letGo(machine);
  }

  /** This process holds a machine's network open. */
  void hold(MachineDirectory machine, Relay relay) {
    synchronized (relays) {
      relays.put(machine.path(), relay);
    }
    relay.onClose(
        () -> {
          synchronized (relays) {
            relays.remove(machine.path(), relay);
          }
        });
  }

  /** The services that this process gives a machine. */
  Services services(MachineDirectory machine) {
    synchronized (relays) {
      Relay held = relays.get(machine.path());
      return held == null ? Services.NONE : held.services();
    }
  }

  /** What the gateway of a machine has seen, if this process holds it. */
  Optional<IntSupplier> gate(MachineDirectory machine) {
    synchronized (relays) {
      return Optional.ofNullable(relays.get(machine.path())).map(relay -> relay::seenAtGate);
    }
  }

  /** Closes the machine's network if this process holds it open. */
  void letGo(MachineDirectory machine) {
    Relay held;
    synchronized (relays) {
      held = relays.remove(machine.path());
    }
    if (held != null) {
      held.close();
    }
  }

  /** What starts a process that holds a network, unless this one is to. */
  Optional<List<String>> keeper() {
    return keeper;
  }

  /** As root: QEMU's user owns what QEMU writes. */
  void giveAway(Path path) throws IOException {
    if (root) {
      Files.setAttribute(path, "unix:uid", Host.QEMU_USER);
      Files.setAttribute(path, "unix:gid", Host.QEMU_USER);
    }
  }

  /** The image of that name or digest; fetched when the store does not have it. */
  Image image(Optional<String> reference) {
    try {
      return images.ensure(reference.orElse(DEFAULT_IMAGE), progress);
    } catch (ImageException e) {
      throw new MachineException(
          ErrorCode.IMAGE,
          "use image '" + reference.orElse(DEFAULT_IMAGE) + "'",
          e.getMessage(),
          e);
    }
  }

  /** The image of that digest, which a machine stands on. */
  Image storedImage(String digest) {
    try {
      return images
          .find(digest)
          .orElseThrow(
              () ->
                  new MachineException(
                      ErrorCode.IMAGE,
                      "use image " + digest,
                      "it is no longer in the store; pull the same image again"));
    } catch (ImageException e) {
      throw new MachineException(ErrorCode.IMAGE, "use image " + digest, e.getMessage(), e);
    }
  }

  Shape shape(MachineSpec spec) {
    Kernel kernel = host.kernel(progress);
    Accelerator accelerator = host.accelerator(kernel, progress);
    return new Shape(
        kernel,
        host.initramfs(kernel),
        host.program("qemu-system-x86_64"),
        preload(),
        accelerator,
        spec.cpus(),
        spec.memoryMib());
  }

  /** The library that QEMU is started with, as a file. */
  private Path preload() {
    Path place =
        home.cache().resolve("preload").resolve("readonly-memory-" + PRELOAD_VERSION + ".so");
    if (Files.exists(place)) {
      return place;
    }
    try (InputStream library = QemuMachines.class.getResourceAsStream("readonly-memory.so")) {
      if (library == null) {
        throw new MachineException(
            ErrorCode.HOST, "start QEMU", "readonly-memory.so is missing from this build");
      }
      Files.createDirectories(place.getParent());
      Path written = place.resolveSibling(place.getFileName() + "." + Entropy.hex(4));
      Files.copy(library, written);
      Files.move(written, place, StandardCopyOption.ATOMIC_MOVE);
      return place;
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "write " + place, Storage.explain(e), e);
    }
  }

  /** Raised whenever readonly_memory.c changes. */
  private static final int PRELOAD_VERSION = 1;
}
