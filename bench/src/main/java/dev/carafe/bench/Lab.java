package dev.carafe.bench;

import dev.carafe.image.Home;
import dev.carafe.machine.Entropy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A home of the bench's own, which stays, so that the kernel and the base image are made once; and
 * a scratch directory, which does not.
 */
final class Lab implements AutoCloseable {
  private final Path root;
  private final Path scratch;
  private final Home home;

  /**
   * @param root the checkout's {@code bench/target} or the like
   */
  Lab(Path root) throws IOException {
    this.root = Files.createDirectories(root.toAbsolutePath());
    // Short, because sockets' paths must be.
    this.scratch = Files.createTempDirectory("cbench");
    Files.setPosixFilePermissions(
        scratch, java.nio.file.attribute.PosixFilePermissions.fromString("rwx--x--x"));
    this.home = Home.of(environment());
  }

  Home home() {
    return home;
  }

  Path root() {
    return root;
  }

  Path scratch() {
    return scratch;
  }

  /** What makes a Carafe of another process use the same home. */
  Map<String, String> environment() {
    return Map.of(
        "XDG_DATA_HOME", root.resolve("home/data").toString(),
        "XDG_CACHE_HOME", root.resolve("home/cache").toString(),
        "XDG_CONFIG_HOME", root.resolve("home/config").toString(),
        "XDG_STATE_HOME", root.resolve("home/state").toString(),
        "XDG_RUNTIME_DIR", scratch.toString());
  }

  /** A name that no other machine has. */
  String name() {
    return "bench-" + Entropy.hex(4);
  }

  /** A file of that many million bytes that no compression makes smaller. */
  Path file(int megabytes) throws IOException {
    Path file = scratch.resolve("file-" + megabytes);
    if (Files.exists(file)) {
      return file;
    }
    byte[] piece = new byte[1_000_000];
    Random random = new Random(megabytes);
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int i = 0; i < megabytes; i++) {
        random.nextBytes(piece);
        out.write(piece);
      }
    }
    return file;
  }

  /** Removes the templates: the next start boots a kernel. */
  void forgetTemplates() throws IOException {
    deleteTree(home.cache().resolve("templates"));
  }

  static void deleteTree(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(tree)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }

  @Override
  public void close() throws IOException {
    deleteTree(scratch);
  }
}
