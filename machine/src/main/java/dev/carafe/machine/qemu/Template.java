package dev.carafe.machine.qemu;

import java.nio.file.Path;

/**
 * A machine's state that others are restored from: what is in {@code directory} never changes once
 * it is there.
 *
 * @param image whether an image is mounted in it already, on the overlay that is beside it
 */
record Template(Path directory, boolean image) {
  /** Guest memory; mapped copy-on-write by every machine restored from it. */
  Path memory() {
    return directory.resolve("memory/ram");
  }

  /** The devices' state, half a megabyte. */
  Path state() {
    return directory.resolve("state");
  }

  /** The overlay as it was at that moment; only of an image's template. */
  Path overlay() {
    return directory.resolve("vm/overlay.img");
  }
}
