package dev.carafe.machine.qemu;

import dev.carafe.image.Image;
import dev.carafe.machine.channel.Freeze;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * How a machine's own disk is divided: first its file system, as large as its spec says, and behind
 * that a quarter as much, where a freeze keeps what is overwritten while it goes on. The disk's
 * file is sparse, and QEMU may write no further than these two ({@link #limit}).
 */
final class Overlay {
  /**
   * How large every machine's disk pretends to be, in bytes: devices are part of a template, and
   * this leaves room for the largest file system there is.
   */
  static final long DISK_BYTES = Image.DISK_BYTES / 4 * 5;

  private Overlay() {}

  static long fileSystem(int gib) {
    return (long) gib << 30;
  }

  /** Where a freeze may keep what is overwritten. */
  static Freeze.Area freezeArea(int gib) {
    return new Freeze.Area(fileSystem(gib), fileSystem(gib) / 4, fileSystem(gib));
  }

  /** How large the disk's file may become, in bytes. */
  static long limit(int gib) {
    return freezeArea(gib).offset() + freezeArea(gib).length();
  }

  /** Lets a disk that was made when they were smaller pretend to be as large as all. */
  static void widen(Path disk) throws IOException {
    try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
      if (channel.size() < DISK_BYTES) {
        channel.write(ByteBuffer.allocate(1), DISK_BYTES - 1);
      }
    }
  }
}
