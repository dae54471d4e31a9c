package dev.carafe.machine.host;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The file system a machine's kernel starts from: the guest agent as {@code /init}, the modules it
 * loads in the order of their names, and empty directories. Kept as {@code <digest>.cpio}, so that
 * a template can be told by its initramfs' name.
 *
 * <p>Making it reads and digests more than a megabyte. The launch path avoids that: the launcher
 * names its build in the property {@value #BUILD}, and a link with the names of kernel and build
 * leads to the file.
 */
final class Initramfs {
  static final String BUILD = "carafe.build";
  private static final int KEPT = 8;
  private static final String AGENT = "/dev/carafe/guest/carafe-agent";
  private static final List<String> DIRECTORIES =
      List.of("dev", "proc", "sys", "run", "tmp", "root", "image", "overlay", "newroot", "modules");

  private final Path directory;
  private final Optional<String> build;

  /**
   * @param directory where the files are kept
   * @param build what tells this build of Carafe from others, fit for a file name; empty when
   *     nobody knows
   */
  Initramfs(Path directory, Optional<String> build) {
    this.directory = directory;
    this.build = build;
  }

  /** The initramfs for that kernel, made if need be. */
  Path file(Kernel kernel) {
    try {
      if (build.isEmpty()) {
        return make(kernel, agent());
      }
      Path link = directory.resolve(kernel.version() + "-" + build.get());
      if (Files.exists(link)) {
        return directory.resolve(Files.readSymbolicLink(link));
      }
      Path made = make(kernel, agent());
      Path fresh = directory.resolve(".new-link-" + ProcessHandle.current().pid());
      Files.deleteIfExists(fresh);
      Files.createSymbolicLink(fresh, made.getFileName());
      Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE);
      return made;
    } catch (IOException e) {
      throw new MachineException(
          ErrorCode.STORAGE, "make the machines' initramfs", Trees.said(e), e);
    }
  }

  private static byte[] agent() throws IOException {
    try (InputStream in = Initramfs.class.getResourceAsStream(AGENT)) {
      if (in == null) {
        throw new MachineException(
            ErrorCode.HOST,
            "make the machines' initramfs",
            "this build of Carafe holds no guest agent; build it again");
      }
      return in.readAllBytes();
    }
  }

  Path make(Kernel kernel, byte[] agent) throws IOException {
    byte[] archive = archive(agent, kernel.modules());
    Path file = directory.resolve(digest(archive) + ".cpio");
    if (Files.exists(file)) {
      return file;
    }
    Files.createDirectories(directory);
    Path fresh = Files.createTempFile(directory, ".new-", ".cpio");
    try {
      Files.write(fresh, archive);
      // QEMU reads it as another user when root runs Carafe.
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
      try (FileChannel written = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        written.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      deleteOld();
      return file;
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /** Every build of Carafe leaves a file and a link; the newest are enough. */
  private void deleteOld() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(directory)) {
      files =
          all.filter(path -> path.getFileName().toString().matches("[0-9a-f]+\\.cpio"))
              .sorted(Comparator.comparing(Trees::modified).reversed())
              .toList();
    }
    for (Path old : files.subList(Math.min(KEPT, files.size()), files.size())) {
      Files.deleteIfExists(old);
    }
    Instant longAgo = Instant.now().minus(Duration.ofHours(1));
    try (Stream<Path> all = Files.list(directory)) {
      for (Path left : all.toList()) {
        boolean leadsNowhere = Files.isSymbolicLink(left) && Files.notExists(left);
        boolean unfinished = left.getFileName().toString().startsWith(".new-");
        if (leadsNowhere || unfinished && Trees.modified(left).toInstant().isBefore(longAgo)) {
          Files.deleteIfExists(left);
        }
      }
    }
  }

  static byte[] archive(byte[] agent, Path modules) throws IOException {
    Cpio cpio = new Cpio();
    DIRECTORIES.forEach(cpio::directory);
    // The kernel gives its first process /dev/console before anything is mounted.
    cpio.characterDevice("dev/console", 0600, 5, 1);
    cpio.characterDevice("dev/null", 0666, 1, 3);
    cpio.file("init", 0755, agent);
    try (Stream<Path> files = Files.list(modules)) {
      for (Path module : files.sorted().toList()) {
        cpio.file("modules/" + module.getFileName(), 0644, Files.readAllBytes(module));
      }
    }
    return cpio.finish();
  }

  private static String digest(byte[] archive) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(archive), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
