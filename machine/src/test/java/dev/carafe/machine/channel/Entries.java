package dev.carafe.machine.channel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes the entries of a copy as the test says, well-formed or not. */
final class Entries {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  static Entries of(int kind, String path) {
    return new Entries().entry(kind, path);
  }

  /** A copy that begins, as a directory. */
  static Entries tree() {
    return of(Entry.DIRECTORY, "");
  }

  Entries entry(int kind, String path) {
    return entry(kind, path, "");
  }

  Entries entry(int kind, String path, String target) {
    return entry(kind, 0755, 0, path.getBytes(StandardCharsets.UTF_8), target);
  }

  Entries entry(int kind, int mode, int nanos, byte[] path, String target) {
    byte[] link = target.getBytes(StandardCharsets.UTF_8);
    ByteBuffer header = FakeGuest.little(Entry.HEADER_BYTES);
    header.putInt(kind).putInt(mode).putInt(0).putInt(0).putLong(1_000).putInt(nanos);
    header.putInt(0).putInt(0).putShort((short) path.length).putShort((short) link.length);
    bytes.writeBytes(header.array());
    bytes.writeBytes(path);
    bytes.writeBytes(link);
    return this;
  }

  Entries chunk(long offset, int length) {
    bytes.writeBytes(FakeGuest.little(Entry.CHUNK_BYTES).putLong(offset).putInt(length).array());
    return this;
  }

  Entries raw(byte[] more) {
    bytes.writeBytes(more);
    return this;
  }

  /** A whole file with this text. */
  Entries file(String path, String text) {
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    entry(Entry.FILE, path);
    if (content.length > 0) {
      chunk(0, content.length).raw(content);
    }
    return chunk(content.length, 0);
  }

  Entries end() {
    return raw(new byte[Entry.HEADER_BYTES]);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
