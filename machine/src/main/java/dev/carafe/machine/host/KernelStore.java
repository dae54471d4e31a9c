package dev.carafe.machine.host;

import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * The kernels of one user: {@code kernel/<version>/}, each whole or not there, and a link to the
 * one that is in use. Safe for use by many processes.
 *
 * <p>A link's name holds a checksum of {@link #MODULES}, so that a Carafe that needs other modules
 * does not take a kernel that came without them.
 */
final class KernelStore {
  /** Debian's kernel for virtual machines: a small choice of drivers, the same security support. */
  static final String META_PACKAGE = "linux-image-cloud-amd64";

  /** What a machine's devices and file systems need; what the kernel has built in is skipped. */
  static final List<String> MODULES =
      List.of(
          "virtio_pci",
          "virtio_blk",
          "virtio_console",
          "virtio_rng",
          "overlay",
          "pvpanic_pci",
          "squashfs",
          "ext4",
          "dm_snapshot");

  private static final String LAYOUT = layout();

  private final Path directory;
  private final Apt apt;
  private final Programs programs;

  KernelStore(Path directory, Apt apt, Programs programs) {
    this.directory = directory;
    this.apt = apt;
    this.programs = programs;
  }

  private static String layout() {
    CRC32 checksum = new CRC32();
    checksum.update(String.join(" ", MODULES).getBytes(StandardCharsets.US_ASCII));
    // Not String.format, which costs the launch path several milliseconds.
    return Long.toHexString(checksum.getValue());
  }

  /** The kernel in use, if there is one. Costs a system call or two: it is on the launch path. */
  Optional<Kernel> current() {
    try {
      Path target = Files.readSymbolicLink(link());
      Kernel kernel = new Kernel(target.toString(), directory.resolve(target));
      return Files.exists(kernel.vmlinux()) ? Optional.of(kernel) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The kernel in use, fetched if there is none. */
  Kernel get(Progress progress) {
    return current().orElseGet(() -> fetch(false, progress));
  }

  /**
   * Fetches the distribution's newest kernel, which is the one in use from then on. Where it cannot
   * be had, a kernel that is there stays in use.
   */
  Kernel update(Progress progress) {
    try {
      return fetch(true, progress);
    } catch (MachineException e) {
      Kernel present = current().orElseThrow(() -> e);
      progress.step("Keeping kernel " + present.version() + ": " + e.said());
      return present;
    }
  }

  private Kernel fetch(boolean newer, Progress progress) {
    String attempted = "get a kernel for the machines";
    Path dpkgDeb =
        programs
            .find("dpkg-deb")
            .orElseThrow(
                () ->
                    new MachineException(
                        ErrorCode.HOST, attempted, "there is no dpkg-deb on this host"));
    try (Lock _ = new Lock(directory.resolve("lock"))) {
      Optional<Kernel> present = current();
      if (present.isPresent() && !newer) {
        // Another process fetched it while this one waited for the lock.
        return present.get();
      }
      if (newer) {
        Optional<Path> known =
            apt.candidate(META_PACKAGE, KernelPackage.PREFIX)
                .flatMap(KernelPackage::version)
                .map(this::place)
                .filter(place -> Files.exists(place.resolve("vmlinux")));
        if (known.isPresent()) {
          use(known.get());
          return kernel(known.get());
        }
      }
      sweep();
      Path scratch = Files.createTempDirectory(directory, ".new-");
      try {
        Path fetched = Files.createDirectory(scratch.resolve("package"));
        Path made = Files.createDirectory(scratch.resolve("kernel"));
        Path unpacked = Files.createDirectory(scratch.resolve("unpacked"));
        Path file = apt.download(META_PACKAGE, KernelPackage.PREFIX, fetched, progress);
        KernelPackage kernelPackage = new KernelPackage(dpkgDeb, file);
        Path place = place(kernelPackage.version());
        if (Files.notExists(place.resolve("vmlinux"))) {
          progress.step("Unpacking kernel " + kernelPackage.version());
          kernelPackage.unpack(made, unpacked, MODULES);
          Files.move(made, place, StandardCopyOption.ATOMIC_MOVE);
        }
        use(place);
        return kernel(place);
      } finally {
        Trees.delete(scratch);
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, attempted, Trees.said(e), e);
    }
  }

  private Path place(String version) {
    return directory.resolve(version + "-" + LAYOUT);
  }

  private static Kernel kernel(Path place) {
    return new Kernel(place.getFileName().toString(), place);
  }

  private Path link() {
    return directory.resolve("current-" + LAYOUT);
  }

  private void use(Path place) throws IOException {
    Files.setLastModifiedTime(place, FileTime.from(Instant.now()));
    Path link = directory.resolve(".new-link");
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, place.getFileName());
    Files.move(link, link(), StandardCopyOption.ATOMIC_MOVE);
    deleteOld();
  }

  /** Keeps the kernel before this one: a machine may just be starting with it. */
  private void deleteOld() throws IOException {
    List<Path> kernels;
    try (Stream<Path> all = Files.list(directory)) {
      kernels =
          all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
              .filter(path -> !path.getFileName().toString().startsWith("."))
              .sorted(Comparator.comparing(Trees::modified).reversed())
              .toList();
    }
    for (Path old : kernels.subList(Math.min(2, kernels.size()), kernels.size())) {
      Trees.delete(old);
    }
  }

  /** Removes what a process that was killed has left; the lock says that none is at work. */
  private void sweep() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      for (Path left :
          all.filter(path -> path.getFileName().toString().startsWith(".new-")).toList()) {
        Trees.delete(left);
      }
    }
  }
}
