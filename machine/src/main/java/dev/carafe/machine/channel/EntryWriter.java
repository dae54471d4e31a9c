package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * Writes a copy: entries and chunks, gathered into payloads of a frame's full size. Not for use by
 * several threads.
 */
final class EntryWriter {
  /** Takes the bytes of a copy, piece by piece. */
  interface Sink {
    /** Sends all of {@code piece}; {@code last} with the copy's last bytes. May wait. */
    void send(ByteBuffer piece, boolean last) throws IOException;
  }

  private final Sink to;
  private final ByteBuffer out = FrameReader.buffer(0).limit(Protocol.MAX_PAYLOAD);
  private final ByteBuffer zeros = ByteBuffer.allocateDirect(Protocol.MAX_PAYLOAD);

  EntryWriter(Sink to) {
    this.to = to;
  }

  void entry(Entry entry) throws IOException {
    room(Entry.HEADER_BYTES + entry.path().length + entry.target().length);
    out.putInt(entry.kind()).putInt(entry.mode()).putInt(entry.uid()).putInt(entry.gid());
    out.putLong(entry.seconds()).putInt(entry.nanos());
    out.putInt(entry.major()).putInt(entry.minor());
    out.putShort((short) entry.path().length).putShort((short) entry.target().length);
    out.put(entry.path()).put(entry.target());
  }

  /**
   * Writes what follows a file's entry: all that {@code file} gives until its end, however long it
   * was said to be. Stretches of zeros become holes.
   *
   * @param name for the exception when it cannot be read
   */
  void content(ReadableByteChannel file, Path name) throws IOException {
    long offset = 0;
    while (true) {
      // A chunk of a few bytes at the end of a frame is not worth a read of its own.
      room(Entry.CHUNK_BYTES + Math.min(4_096, Protocol.MAX_PAYLOAD / 2));
      int header = out.position();
      int start = header + Entry.CHUNK_BYTES;
      out.position(start);
      int read = read(file, name);
      if (read > 0 && !hole(start, read)) {
        out.putLong(header, offset).putInt(header + 8, read);
      } else {
        out.position(header);
      }
      if (read < 0) {
        out.putLong(offset).putInt(0);
        return;
      }
      offset += read;
    }
  }

  private int read(ReadableByteChannel file, Path name) throws IOException {
    try {
      return file.read(out);
    } catch (IOException e) {
      throw new FileSystemException(name.toString(), null, e.getMessage());
    }
  }

  /** Only long stretches, so that small files stay what they were. */
  private boolean hole(int start, int length) {
    return length >= 4_096
        && out.get(start) == 0
        && out.slice(start, length).mismatch(zeros.slice(0, length)) < 0;
  }

  /** Ends the copy. */
  void finish() throws IOException {
    room(Entry.HEADER_BYTES);
    out.put(new byte[Entry.HEADER_BYTES]);
    to.send(out.flip(), true);
    out.clear().limit(Protocol.MAX_PAYLOAD);
  }

  private void room(int bytes) throws IOException {
    if (out.remaining() < bytes) {
      to.send(out.flip(), false);
      out.clear().limit(Protocol.MAX_PAYLOAD);
    }
  }
}
