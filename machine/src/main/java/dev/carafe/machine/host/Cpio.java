package dev.carafe.machine.host;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Writes a cpio archive of the form "newc", which the kernel unpacks before it starts {@code /init}
 * (Linux: Documentation/driver-api/early-userspace/buffer-format.rst). Everything in it belongs to
 * root and has no time, so that the same content gives the same bytes. In memory: an initramfs is
 * small.
 */
final class Cpio {
  private static final int DIRECTORY = 0040000;
  private static final int FILE = 0100000;
  private static final int CHARACTER_DEVICE = 0020000;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 20);
  private int inode;

  Cpio directory(String name) {
    entry(name, DIRECTORY | 0755, 2, new byte[0], 0, 0);
    return this;
  }

  Cpio file(String name, int permissions, byte[] content) {
    entry(name, FILE | permissions, 1, content, 0, 0);
    return this;
  }

  Cpio characterDevice(String name, int permissions, int major, int minor) {
    entry(name, CHARACTER_DEVICE | permissions, 1, new byte[0], major, minor);
    return this;
  }

  /** Ends the archive. */
  byte[] finish() {
    inode = -1;
    entry("TRAILER!!!", 0, 1, new byte[0], 0, 0);
    // The kernel skips zeros between archives; other readers want whole blocks.
    pad(512);
    return out.toByteArray();
  }

  private void entry(String name, int mode, int links, byte[] content, int major, int minor) {
    byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
    int[] fields = {
      ++inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, nameBytes.length + 1, 0
    };
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append(String.format(Locale.ROOT, "%08x", field));
    }
    out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(nameBytes);
    out.write(0);
    pad(4);
    out.writeBytes(content);
    pad(4);
  }

  private void pad(int to) {
    while (out.size() % to != 0) {
      out.write(0);
    }
  }
}
