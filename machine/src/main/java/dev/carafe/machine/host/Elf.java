package dev.carafe.machine.host;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads the few parts of a 64-bit little-endian ELF file that Carafe asks about. The format is the
 * System V ABI's. Every offset and size is checked; a file that is not as it should be is an {@link
 * IOException}.
 */
final class Elf {
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int SECTION_HEADER = 64;
  private static final int PT_NOTE = 4;
  private static final int MAX_NOTES = 1 << 16;
  private static final int MAX_SECTION = 1 << 20;

  /**
   * XEN_ELFNOTE_PHYS32_ENTRY: where a PVH boot enters (Linux: Documentation/x86, Xen: elfnote.h).
   */
  private static final int PVH_ENTRY = 18;

  private final SeekableByteChannel file;
  private final ByteBuffer header;

  Elf(SeekableByteChannel file) throws IOException {
    this.file = file;
    this.header = read(0, HEADER);
    if (header.getInt(0) != 0x464c457f || header.get(4) != 2 || header.get(5) != 1) {
      throw new IOException("it is not a 64-bit ELF file");
    }
  }

  /** Whether a virtual machine monitor can enter this kernel directly, without boot code. */
  boolean canBootByPvh() throws IOException {
    long table = header.getLong(32);
    int count = Short.toUnsignedInt(header.getShort(56));
    checkEntrySize(header.getShort(54), PROGRAM_HEADER);
    for (int i = 0; i < count; i++) {
      ByteBuffer segment = read(table + (long) i * PROGRAM_HEADER, PROGRAM_HEADER);
      if (segment.getInt(0) == PT_NOTE && hasPvhNote(segment.getLong(8), segment.getLong(32))) {
        return true;
      }
    }
    return false;
  }

  private boolean hasPvhNote(long offset, long size) throws IOException {
    ByteBuffer notes = read(offset, checkedSize(size, MAX_NOTES));
    while (notes.remaining() >= 12) {
      int nameSize = notes.getInt();
      int valueSize = notes.getInt();
      int type = notes.getInt();
      if (nameSize < 0 || valueSize < 0 || nameSize > notes.remaining()) {
        throw new IOException("its notes are damaged");
      }
      byte[] name = new byte[nameSize];
      notes.get(name);
      if (type == PVH_ENTRY && new String(name, StandardCharsets.US_ASCII).equals("Xen\0")) {
        return true;
      }
      long next = notes.position() + padding(nameSize) + (long) valueSize + padding(valueSize);
      if (next > notes.limit()) {
        return false;
      }
      notes.position((int) next);
    }
    return false;
  }

  private static int padding(int size) {
    return -size & 3;
  }

  /**
   * What a kernel module says of itself in its section {@code .modinfo}: {@code key=value} strings.
   * Of keys that are there more than once the first counts.
   */
  Map<String, String> moduleInformation() throws IOException {
    Map<String, String> information = new LinkedHashMap<>();
    ByteBuffer section = section(".modinfo");
    byte[] bytes = new byte[section.remaining()];
    section.get(bytes);
    for (String entry : new String(bytes, StandardCharsets.UTF_8).split("\0")) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        information.putIfAbsent(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    return information;
  }

  private ByteBuffer section(String wanted) throws IOException {
    long table = header.getLong(40);
    int count = Short.toUnsignedInt(header.getShort(60));
    int namesIndex = Short.toUnsignedInt(header.getShort(62));
    checkEntrySize(header.getShort(58), SECTION_HEADER);
    if (namesIndex >= count) {
      throw new IOException("its section names are missing");
    }
    ByteBuffer names = content(read(table + (long) namesIndex * SECTION_HEADER, SECTION_HEADER));
    byte[] name = (wanted + "\0").getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < count; i++) {
      ByteBuffer section = read(table + (long) i * SECTION_HEADER, SECTION_HEADER);
      int at = section.getInt(0);
      if (at >= 0
          && at + (long) name.length <= names.limit()
          && names.slice(at, name.length).equals(ByteBuffer.wrap(name))) {
        return content(section);
      }
    }
    throw new IOException("it has no section " + wanted);
  }

  private ByteBuffer content(ByteBuffer section) throws IOException {
    return read(section.getLong(24), checkedSize(section.getLong(32), MAX_SECTION));
  }

  private static void checkEntrySize(short found, int expected) throws IOException {
    if (found != expected) {
      throw new IOException("its tables have entries of " + found + " bytes");
    }
  }

  private static int checkedSize(long size, int limit) throws IOException {
    if (size < 0 || size > limit) {
      throw new IOException("it claims a part of " + size + " bytes");
    }
    return (int) size;
  }

  private ByteBuffer read(long offset, int size) throws IOException {
    if (offset < 0 || offset > file.size() - size) {
      throw new IOException("it is cut off");
    }
    ByteBuffer buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.position(offset);
    while (buffer.hasRemaining()) {
      if (file.read(buffer) < 0) {
        throw new EOFException("it is cut off");
      }
    }
    return buffer.flip();
  }
}
