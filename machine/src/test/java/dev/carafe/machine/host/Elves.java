package dev.carafe.machine.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Makes small ELF files, as kernels and modules are. */
final class Elves {
  private Elves() {}

  /** A kernel of {@code size} bytes whose only note has that owner and type. */
  static byte[] kernel(int size, String owner, int noteType) {
    ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    header(file);
    file.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
    // An ordinary segment, then the notes.
    file.putInt(64, 1);
    byte[] name = (owner + "\0").getBytes(StandardCharsets.US_ASCII);
    int padded = name.length + 3 & ~3;
    file.putInt(120, 4).putLong(128, 200).putLong(152, 20 + 12 + padded + 8);
    // A note of another kind with a name and value that need padding comes first.
    file.position(200).putInt(2).putInt(1).putInt(noteType).put(new byte[] {'X', 0, 0, 0, 7});
    file.position(220).putInt(name.length).putInt(8).putInt(noteType).put(name);
    for (int i = 300; i < size; i++) {
      // Repetitive enough to be compressed, not so much that blocks become tiny.
      file.put(i, (byte) (i * 31 >> i % 5));
    }
    return file.array();
  }

  static byte[] bootableKernel(int size) {
    return kernel(size, "Xen", 18);
  }

  /** A module that says these things of itself. */
  static byte[] module(String... information) {
    byte[] text = (String.join("\0", information) + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] names = "\0.text\0.modinfo\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
    int table = 64 + text.length + names.length;
    ByteBuffer file = ByteBuffer.allocate(table + 4 * 64).order(ByteOrder.LITTLE_ENDIAN);
    header(file);
    file.putLong(40, table).putShort(58, (short) 64).putShort(60, (short) 4);
    file.putShort(62, (short) 3);
    file.position(64).put(text).put(names);
    section(file, table + 64, 1, 64, 0);
    section(file, table + 128, 7, 64, text.length);
    section(file, table + 192, 16, 64 + text.length, names.length);
    return file.array();
  }

  private static void header(ByteBuffer file) {
    file.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).put(6, (byte) 1);
  }

  private static void section(ByteBuffer file, int at, int name, long offset, long size) {
    file.putInt(at, name).putLong(at + 24, offset).putLong(at + 32, size);
  }
}
