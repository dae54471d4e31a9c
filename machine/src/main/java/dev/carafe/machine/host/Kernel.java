package dev.carafe.machine.host;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A kernel that machines can be started with. Its files never change once they are there: a newer
 * kernel gets another version and another directory.
 *
 * @param version what tells this kernel from every other, fit for a file name
 * @param directory where its files are
 */
public record Kernel(String version, Path directory) {

  public Kernel {
    Objects.requireNonNull(version);
    Objects.requireNonNull(directory);
  }

  /** The uncompressed kernel with a PVH entry; for QEMU's {@code -kernel}. */
  public Path vmlinux() {
    return directory.resolve("vmlinux");
  }

  /** The directory of the modules a machine loads, {@code NNN-name.ko} in the order of loading. */
  public Path modules() {
    return directory.resolve("modules");
  }
}
