package dev.carafe.machine.qemu;

import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.Progress;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.Entropy;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.channel.Channel;
import dev.carafe.machine.channel.Command;
import dev.carafe.machine.channel.Configuration;
import dev.carafe.machine.host.Host;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The templates that machines are restored from. Booting a kernel takes seconds where it is
 * emulated; mapping the memory of one that has booted takes a tenth of one. There are two levels:
 *
 * <ol>
 *   <li>per {@link Shape}: booted to "the agent answers", with empty disks. Any machine of that
 *       shape can start from it.
 *   <li>per shape, image and size of overlay: restored from the first, with the image mounted on a
 *       fresh overlay and a first command run, so that the kernel's way to it is in the page cache.
 *       Only a machine that has never run can start from it.
 * </ol>
 *
 * <p>A template holds no secret and no identity: what is restored from it gets new entropy, clock,
 * host name and machine id before anything runs in it.
 *
 * <p>Templates are a cache: each is made under a lock in a directory beside its place and renamed
 * into it, and any can be deleted while no machine is being started from it.
 */
final class Templates {
  /** A boot where everything is emulated and the host is busy. */
  private static final Duration BOOT = Duration.ofSeconds(120);

  /** It takes half a megabyte. */
  private static final long LARGEST_STATE = 64 << 20;

  private final Path root;
  private final Shelf shelf;
  private final Home home;
  private final Path runtime;
  private final Host host;
  private final Progress progress;
  private final boolean asRoot;

  Templates(Home home, Host host, Progress progress, boolean asRoot) {
    this.root = home.cache().resolve("templates");
    this.shelf = new Shelf(root, InstantSource.system());
    this.home = home;
    this.runtime = home.runtime();
    this.host = host;
    this.progress = progress;
    this.asRoot = asRoot;
  }

  /** The template of the first level; boots a machine when it is not there. */
  Template booted(Shape shape) {
    Path place = root.resolve(shape.key()).resolve("booted");
    if (!Files.exists(place)) {
      make(place, "Booting a machine once", making -> boot(shape, making));
    }
    shelf.use(place);
    return new Template(place, false);
  }

  /** The template of the second level, if it is there. */
  Optional<Template> find(Shape shape, Image image, int overlayGib) {
    Path place = imagePlace(shape, image, overlayGib);
    if (!Files.exists(place)) {
      return Optional.empty();
    }
    shelf.use(place);
    return Optional.of(new Template(place, true));
  }

  /** The template of the second level; made when it is not there. */
  Template ofImage(Shape shape, Image image, int overlayGib) {
    return find(shape, image, overlayGib)
        .orElseGet(
            () -> {
              Template booted = booted(shape);
              Path blank = blankOverlay(overlayGib);
              Path place = imagePlace(shape, image, overlayGib);
              make(
                  place,
                  "Preparing the image for quick starts",
                  making -> mountImage(shape, booted, image, blank, overlayGib, making));
              return new Template(place, true);
            });
  }

  /**
   * A formatted, empty overlay of that size. Everything in it is metadata of ours: no guest has
   * seen it.
   */
  Path blankOverlay(int overlayGib) {
    Path place = root.resolve("blank-" + overlayGib + "-of-" + (Overlay.DISK_BYTES >> 30));
    if (!Files.exists(place)) {
      make(place, "Formatting an empty disk", making -> format(making, overlayGib));
    }
    return place.resolve("vm/overlay.img");
  }

  private Path imagePlace(Shape shape, Image image, int overlayGib) {
    return root.resolve(shape.key()).resolve("image-" + key(image) + "-" + overlayGib);
  }

  /**
   * Names the files that an image is stacked from: pages of all of them are in a template's memory,
   * and one image can be stacked in several ways.
   */
  static String key(Image image) {
    StringBuilder names = new StringBuilder(digits(image.rootfs()));
    if (image.deltas().isEmpty()) {
      return names.toString(); // a digest would cost a start more than all the rest of this
    }
    image.deltas().forEach(delta -> names.append(' ').append(digits(delta)));
    try {
      byte[] key =
          MessageDigest.getInstance("SHA-256")
              .digest(names.toString().getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(key);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }

  private static String digits(Path squashfs) {
    String name = squashfs.getFileName().toString();
    return name.substring(0, name.indexOf('.'));
  }

  // ---- making ----

  private interface Maker {
    void make(Making making) throws IOException;
  }

  /** A template in the making: its directories, and QEMU's sockets. */
  private record Making(Path directory, Path sockets, String id) {
    Path memory() {
      return directory.resolve("memory/ram");
    }

    Path overlay() {
      return directory.resolve("vm/overlay.img");
    }

    Path state() {
      return directory.resolve("state");
    }

    Path log() {
      return directory.resolve("qemu.log");
    }

    /** Of a first boot; nothing of an image runs in it. */
    Path console() {
      return directory.resolve("console.log");
    }

    Path saving() {
      return sockets.resolve("save");
    }
  }

  private void make(Path place, String step, Maker maker) {
    String attempted = "make the template " + place;
    try {
      Files.createDirectories(place.getParent());
      try (Lock lock =
          Locks.take(place.resolveSibling(place.getFileName() + ".lock"), attempted, 300)) {
        if (Files.exists(place)) {
          return; // another process made it while we waited
        }
        progress.step(step);
        String id = Entropy.hex(8);
        // The lock is held, so whatever has this name was left by someone who is dead.
        Path directory = place.resolveSibling(place.getFileName() + ".new");
        removeDead(directory);
        var making = new Making(directory, runtime.resolve(id), id);
        Storage.privateDirectory(directory);
        Files.writeString(directory.resolve("id"), id);
        for (String part : List.of("vm", "memory")) {
          Storage.privateDirectory(directory.resolve(part));
        }
        RuntimeDirectory.make(runtime, making.sockets());
        giveAway(RuntimeDirectory.nursery(making.sockets()));
        try {
          maker.make(making);
          settle(directory);
          Files.move(directory, place, StandardCopyOption.ATOMIC_MOVE);
          shelf.trim();
        } finally {
          Storage.deleteTree(making.sockets());
          Storage.deleteTree(directory);
        }
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    }
  }

  /** What a killed maker left: its QEMU first. */
  private void removeDead(Path directory) throws IOException {
    Path id = directory.resolve("id");
    if (Files.exists(id)) {
      String dead = Files.readString(id);
      if (dead.matches("[0-9a-f]{16}")) {
        Strays.kill(home, dead);
        Storage.deleteTree(runtime.resolve(dead));
      }
    }
    Storage.deleteTree(directory);
  }

  /** As root: QEMU's user owns what QEMU writes. */
  private void giveAway(Path path) throws IOException {
    if (asRoot) {
      Files.setAttribute(path, "unix:uid", Host.QEMU_USER);
      Files.setAttribute(path, "unix:gid", Host.QEMU_USER);
    }
  }

  /**
   * Everything is on the disk before the name is, and nobody can write to the memory by accident.
   */
  private static void settle(Path directory) throws IOException {
    Files.deleteIfExists(directory.resolve("console.log"));
    Files.deleteIfExists(directory.resolve("qemu.log"));
    for (String name : List.of("memory/ram", "state", "vm/overlay.img")) {
      Path file = directory.resolve(name);
      if (Files.exists(file)) {
        try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
  }

  private void format(Making making, int overlayGib) throws IOException {
    Storage.sparseFile(making.overlay(), Overlay.DISK_BYTES);
    List<String> command =
        List.of(
            host.program("mke2fs").toString(),
            "-q",
            "-F",
            "-t",
            "ext4",
            "-b",
            "4096",
            "-m",
            "0",
            "-J",
            "size=32",
            // Checksums cost where every instruction is emulated; uninitialised groups keep the
            // file small.
            "-O",
            "^metadata_csum,uninit_bg",
            "-E",
            "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
            making.overlay().toString(),
            Long.toString((long) overlayGib << 18));
    var builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(making.log().toFile());
    try {
      int exitCode = builder.start().waitFor();
      if (exitCode != 0) {
        throw MachineException.ofProgram(
            ErrorCode.STORAGE,
            "format an empty disk",
            command,
            exitCode,
            Vm.tail("", making.log()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, "format an empty disk", "interrupted", e);
    }
    giveAway(making.overlay());
  }

  private void boot(Shape shape, Making making) throws IOException {
    Path placeholder = making.directory().resolve("image");
    Storage.sparseFile(placeholder, Image.DISK_BYTES);
    Storage.sparseFile(making.overlay(), Overlay.DISK_BYTES);
    giveAway(making.overlay());
    Storage.sparseFile(making.memory(), (long) shape.memoryMib() << 20);
    giveAway(making.memory());
    Files.createFile(making.console());
    giveAway(making.console());
    Jail jail =
        jail(shape, making, Overlay.DISK_BYTES)
            .write(making.console(), "/console")
            .read(shape.kernel().vmlinux(), "/kernel")
            .read(shape.initramfs(), "/initramfs")
            .read(placeholder, "/image");
    try (var saving = listen(making)) {
      Vm vm =
          Vm.spawn(
              "boot a machine",
              jail.command(QemuArguments.boot(shape, Strays.name(home, making.id()))),
              making.sockets(),
              making.log(),
              BOOT);
      try (Qmp qmp = vm.qmp()) {
        try (Channel channel = vm.firstChannel()) {
          channel.sync(BOOT);
        } catch (MachineException e) {
          throw new MachineException(
              e.code(),
              e.attempted(),
              e.said() + Vm.tail("; its console's last lines:", making.console()),
              e);
        }
        save(qmp, vm, saving, making);
      } finally {
        vm.kill();
      }
    }
    Files.delete(placeholder);
    Files.delete(making.overlay());
  }

  private void mountImage(
      Shape shape, Template booted, Image image, Path blank, int overlayGib, Making making)
      throws IOException {
    Jail jail =
        jail(
                shape,
                making,
                Math.max(Overlay.fileSystem(overlayGib), (long) shape.memoryMib() << 20))
            .read(image)
            .copyFirst(booted.memory(), making.memory())
            .copyFirst(blank, making.overlay())
            .restored(booted.state());
    try (var saving = listen(making)) {
      Vm vm =
          Vm.spawn(
              "prepare image " + image.digest(),
              jail.command(
                  QemuArguments.restore(
                      shape, Strays.name(home, making.id()), true, image.deltas().size())),
              making.sockets(),
              making.log(),
              BOOT);
      try (Qmp qmp = vm.qmp()) {
        qmp.restoreInherited();
        try (Channel channel = vm.firstChannel()) {
          channel.configure(
              new Configuration()
                  .entropy(Entropy.bytes(64))
                  .clock(InstantSource.system())
                  .root(image.deltas().size()),
              BOOT);
          warm(channel, "true");
          warm(channel, "/bin/sh", "-c", "true");
          channel.sync(BOOT);
        }
        save(qmp, vm, saving, making);
      } finally {
        vm.kill();
      }
    }
  }

  /** Runs a command for the pages it needs; an image may not have it. */
  private static void warm(Channel channel, String... argv) {
    var command =
        new Command(
            List.of(argv),
            List.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(Duration.ofSeconds(30)),
            false,
            false);
    try (var execution = channel.exec(command)) {
      execution.await();
    }
  }

  private Jail jail(Shape shape, Making making, long largestFile) {
    return new Jail(host, shape, asRoot, largestFile)
        .write(making.overlay(), "/overlay")
        .write(making.memory(), Jail.MEMORY)
        .write(making.saving(), "/save")
        .write(RuntimeDirectory.nursery(making.sockets()), "/sockets");
  }

  /**
   * Where QEMU will send its state: made before it is started, so that it can put nothing there.
   */
  private ServerSocketChannel listen(Making making) throws IOException {
    var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(making.saving()));
      giveAway(making.saving());
      server.configureBlocking(false);
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /**
   * Saves the devices' state, through a socket because that is what QEMU 7.2 can write to, and ends
   * QEMU.
   */
  private void save(Qmp qmp, Vm vm, ServerSocketChannel server, Making making) throws IOException {
    qmp.beginSave("/save");
    try (SocketChannel connection = accept(server, vm);
        FileChannel state =
            FileChannel.open(
                making.state(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      connection.configureBlocking(false);
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      // By now the image's own programs have run: this may be a QEMU that they have taken over.
      for (int n; (n = connection.read(buffer)) >= 0; ) {
        if (n == 0) {
          vm.pause();
        }
        buffer.flip();
        while (buffer.hasRemaining()) {
          state.write(buffer);
        }
        buffer.clear();
        if (state.position() > LARGEST_STATE) {
          throw new IOException("QEMU's state is larger than " + LARGEST_STATE + " bytes");
        }
      }
    }
    while (!qmp.saved()) {
      vm.pause();
    }
    try {
      qmp.run("quit");
    } catch (IOException e) {
      // It may be gone before it has answered.
    }
    vm.awaitEnd();
  }

  private static SocketChannel accept(ServerSocketChannel server, Vm vm) throws IOException {
    for (; ; ) {
      SocketChannel connection = server.accept();
      if (connection != null) {
        return connection;
      }
      vm.pause();
    }
  }
}
