package dev.carafe.machine.channel;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarWriter;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.MachineException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Writes what a guest has changed on its disk as a layer of an image (OCI image specification,
 * "Image Layer Filesystem Changeset"): a tar, in which what the machine has deleted is an empty
 * file {@code .wh.NAME}, and a directory that hides the image's has an empty {@code .wh..wh..opq}
 * in it. The same changes are always the same bytes.
 *
 * <p>Nothing of it is kept, and the archive is ended only once the guest has said that it is
 * complete. {@link LayerReader} checks what is hostile.
 */
public final class Freeze {
  /**
   * Where on the guest's disk it may keep what is overwritten meanwhile: behind its file system.
   *
   * @param offset in bytes, a multiple of 4,096
   * @param length in bytes, a multiple of 4,096
   * @param data the most that the disk's files can hold, in bytes
   */
  public record Area(long offset, long length, long data) {}

  private static final String OPAQUE = LayerReader.DELETED + LayerReader.DELETED + ".opq";
  private static final int BUFFER_BYTES = 65_536;

  private final String attempted;
  private final TarWriter tar;
  private final FreezeSpec spec;

  private Freeze(String attempted, TarWriter tar, FreezeSpec spec) {
    this.attempted = attempted;
    this.tar = tar;
    this.spec = spec;
  }

  static Duration run(Channel channel, Area area, FreezeSpec spec, OutputStream layer) {
    String attempted = "freeze the machine";
    Request request = new Request(Protocol.FREEZE, attempted);
    ByteBuffer place = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    request.bytes(2, place.putLong(area.offset()).putLong(area.length()).array());
    if (spec.leftOut().size() > Protocol.MAX_LEFT_OUT) {
      throw new MachineException(
          ErrorCode.INVALID,
          attempted,
          "more than " + Protocol.MAX_LEFT_OUT + " paths are to be left out of the layer");
    }
    for (String path : spec.leftOut()) {
      request.bytes(1, leftOut(attempted, path));
    }
    Stream stream = channel.beginCopy(request, false, 1 << Protocol.OUTPUT);
    try {
      OutputStream kept = new Kept(layer);
      TarWriter tar = new TarWriter(new BufferedOutputStream(kept, BUFFER_BYTES));
      var reader = new LayerReader(new FromStream(stream), LayerReader.Bounds.ofData(area.data()));
      return new Freeze(attempted, tar, spec).write(stream, reader);
    } catch (IOException e) {
      throw CopyIn.failure(attempted, stream, e);
    } finally {
      stream.cancel();
    }
  }

  private static byte[] leftOut(String attempted, String path) {
    byte[] bytes = HostFiles.guestPath(attempted, path);
    if (bytes.length == 1) {
      throw new MachineException(
          ErrorCode.INVALID, attempted, "a layer without all that is in '/' is none");
    }
    try {
      EntryReader.check(path.substring(1).getBytes(StandardCharsets.UTF_8));
    } catch (Violation e) {
      throw new MachineException(
          ErrorCode.INVALID,
          attempted,
          "'" + path + "' is no plain absolute path: it has '.', '..' or a slash too many",
          e);
    }
    return bytes;
  }

  private record FromStream(Stream stream) implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer to) throws IOException {
      return stream.read(Protocol.OUTPUT, to);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** The caller's stream: flushed where a tar is closed, and left open. */
  private static final class Kept extends FilterOutputStream {
    Kept(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }

  private Duration write(Stream stream, LayerReader reader) throws IOException {
    long still;
    try {
      still = reader.still();
      for (var item = reader.next(); item != null; item = reader.next()) {
        write(item, reader);
      }
      reader.finish();
    } catch (EOFException e) {
      // Either the guest says what went wrong, or it has broken off a layer that it calls complete.
      expectDone(stream);
      throw new Violation("ended the layer before it was complete");
    }
    expectDone(stream);
    tar.close();
    return Duration.ofNanos(still);
  }

  private void expectDone(Stream stream) {
    Stream.Result result = stream.await();
    if (result.kind() != Protocol.DONE) {
      throw Channel.unsuccessful(ErrorCode.COPY, attempted, result);
    }
  }

  private void write(LayerReader.Item item, LayerReader reader) throws IOException {
    String path = LayerReader.latin(item.entry().path());
    switch (item.entry().kind()) {
      case Entry.DELETED -> {
        int name = path.lastIndexOf('/') + 1;
        tar.write(mark(path.substring(0, name) + LayerReader.DELETED + path.substring(name)));
      }
      case Entry.DIRECTORY -> {
        tar.write(entry(item, path + "/", TarEntry.Type.DIRECTORY));
        if (item.opaque()) {
          tar.write(mark(path + "/" + OPAQUE));
        }
      }
      case Entry.FILE -> file(item, path, reader);
      default -> tar.write(entry(item, path, type(item.entry().kind())));
    }
  }

  private void file(LayerReader.Item item, String path, LayerReader reader) throws IOException {
    TarEntry entry = entry(item, path, TarEntry.Type.FILE);
    long[] pieces = item.pieces();
    boolean whole =
        item.size() == 0 || pieces.length == 2 && pieces[0] == 0 && pieces[1] == item.size();
    UnaryOperator<byte[]> change = spec.rewritten().get("/" + path);
    if (whole && change != null && item.size() <= FreezeSpec.MOST_REWRITTEN_BYTES) {
      byte[] content = change.apply(reader.data().readAllBytes());
      tar.write(entry.withSize(content.length), new ByteArrayInputStream(content));
    } else if (whole) {
      tar.write(entry, reader.data());
    } else {
      tar.writeSparse(entry, pieces, reader.data());
    }
  }

  private static TarEntry.Type type(int kind) {
    return switch (kind) {
      case Entry.SYMBOLIC_LINK -> TarEntry.Type.SYMBOLIC_LINK;
      case Entry.HARD_LINK -> TarEntry.Type.HARD_LINK;
      case Entry.CHARACTER_DEVICE -> TarEntry.Type.CHARACTER_DEVICE;
      case Entry.BLOCK_DEVICE -> TarEntry.Type.BLOCK_DEVICE;
      case Entry.FIFO -> TarEntry.Type.FIFO;
      default -> throw new IllegalStateException("the layer's reader let kind " + kind);
    };
  }

  private static TarEntry mark(String name) {
    return new TarEntry(name, TarEntry.Type.FILE, "", 0, 0, 0, 0, 0, 0, 0, Map.of());
  }

  private static TarEntry entry(LayerReader.Item item, String name, TarEntry.Type type) {
    Entry entry = item.entry();
    return new TarEntry(
        name,
        type,
        LayerReader.latin(entry.target()),
        entry.mode(),
        Integer.toUnsignedLong(entry.uid()),
        Integer.toUnsignedLong(entry.gid()),
        Math.clamp(entry.seconds(), 0L, 0xffff_ffffL),
        item.size(),
        entry.major(),
        entry.minor(),
        item.attributes());
  }
}
