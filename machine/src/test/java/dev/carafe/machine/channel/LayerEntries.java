package dev.carafe.machine.channel;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes a layer as the test says, well-formed or not. */
final class LayerEntries {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  static LayerEntries begin() {
    return new LayerEntries().raw(FakeGuest.little(8).putLong(5_000_000).array());
  }

  /** What an entry is made of; a test changes what it is about. */
  static final class Header {
    int kind;
    int flags;
    int attributes;
    int mode = 0755;
    int uid;
    int gid;
    long seconds = 1_000;
    int nanos;
    int major;
    int minor;
    byte[] path;
    byte[] target = new byte[0];

    Header(int kind, String path) {
      this.kind = kind;
      this.path = path.getBytes(StandardCharsets.UTF_8);
    }

    Header target(String text) {
      target = text.getBytes(StandardCharsets.UTF_8);
      return this;
    }

    Header flags(int set) {
      flags = set;
      return this;
    }

    Header attributes(int count) {
      attributes = count;
      return this;
    }

    Header mode(int set) {
      mode = set;
      return this;
    }

    Header nanos(int set) {
      nanos = set;
      return this;
    }

    Header owner(int user, int group) {
      uid = user;
      gid = group;
      return this;
    }

    Header device(int high, int low) {
      major = high;
      minor = low;
      return this;
    }
  }

  LayerEntries entry(Header of) {
    ByteBuffer header = FakeGuest.little(Entry.HEADER_BYTES);
    header.put((byte) of.kind).put((byte) of.flags).putShort((short) of.attributes);
    header.putInt(of.mode).putInt(of.uid).putInt(of.gid).putLong(of.seconds).putInt(of.nanos);
    header.putInt(of.major).putInt(of.minor);
    header.putShort((short) of.path.length).putShort((short) of.target.length);
    return raw(header.array()).raw(of.path).raw(of.target);
  }

  LayerEntries entry(int kind, String path) {
    return entry(new Header(kind, path));
  }

  LayerEntries link(int kind, String path, String target) {
    return entry(new Header(kind, path).target(target));
  }

  LayerEntries attribute(String name, String value) {
    return attribute(name, 0, value.length()).raw(value.getBytes(StandardCharsets.ISO_8859_1));
  }

  LayerEntries attribute(String name, int zero, int valueLength) {
    byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
    ByteBuffer header = FakeGuest.little(8).putShort((short) text.length).putShort((short) zero);
    return raw(header.putInt(valueLength).array()).raw(text);
  }

  LayerEntries map(long size, int count, long... pieces) {
    ByteBuffer map = FakeGuest.little(16 + 8 * pieces.length);
    map.putLong(size).putInt(count).putInt(0);
    for (long number : pieces) {
      map.putLong(number);
    }
    return raw(map.array());
  }

  LayerEntries raw(byte[] more) {
    bytes.writeBytes(more);
    return this;
  }

  LayerEntries raw(String text) {
    return raw(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A whole file with this text. */
  LayerEntries file(String path, String text) {
    return file(new Header(Entry.FILE, path), text);
  }

  LayerEntries file(Header header, String text) {
    entry(header);
    return text.isEmpty() ? map(0, 0) : map(text.length(), 1, 0, text.length()).raw(text);
  }

  LayerEntries end() {
    return raw(new byte[Entry.HEADER_BYTES]);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
