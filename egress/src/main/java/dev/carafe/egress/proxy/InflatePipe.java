package dev.carafe.egress.proxy;

import dev.carafe.egress.scan.BlockedException;
import dev.carafe.egress.scan.Finding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * A compressed body is decompressed and goes on through another pipe. However much it expands, it
 * is made in pieces of 32 KiB as the receiver takes them. Reads gzip (RFC 1952) of one or several
 * members, and deflate with (RFC 1950) or without a zlib header.
 */
final class InflatePipe implements Pipe {
  private static final int PIECE = 32 << 10;

  private final boolean gzip;
  private final Pipe then;
  private Inflater inflater;
  private @Nullable GzipHeader header;
  private boolean begun;
  private boolean zlib;
  private int trailer;

  /** What a gzip member says at its end: checksum, and length above it. */
  private long sums;

  private final CRC32 crc = new CRC32();

  /** The last piece was full, so the inflater may have more without more input. */
  private boolean full;

  private ByteBuf input = Unpooled.EMPTY_BUFFER;
  private boolean finished;

  private InflatePipe(boolean gzip, Pipe then) {
    this.gzip = gzip;
    this.then = then;
    this.inflater = new Inflater(true);
    this.header = gzip ? new GzipHeader() : null;
  }

  static InflatePipe gzip(Pipe then) {
    return new InflatePipe(true, then);
  }

  static InflatePipe deflate(Pipe then) {
    return new InflatePipe(false, then);
  }

  @Override
  public void feed(ByteBuf piece) {
    if (input.isReadable()) {
      input = Unpooled.wrappedBuffer(input, piece);
    } else {
      input.release();
      input = piece;
    }
  }

  @Override
  public @Nullable ByteBuf next() throws BlockedException, Refused {
    while (true) {
      ByteBuf ready = then.next();
      if (ready != null || finished || !step()) {
        return ready != null ? ready : then.next();
      }
    }
  }

  /** Makes one piece at most; false if there is nothing to make it from. */
  private boolean step() throws BlockedException, Refused {
    if (!input.isReadable() && !full) {
      return false;
    }
    if (trailer > 0) {
      sums = sums >>> 8 | (long) input.readByte() << 56;
      if (--trailer == 0 && sums != (inflater.getBytesWritten() << 32 | crc.getValue())) {
        throw Refused.upstream("the compressed body is damaged");
      }
      return true;
    }
    if (gzip && header == null && inflater.finished()) {
      again();
    }
    if (header != null) {
      if (header.read(input)) {
        header = null;
        begun = true;
      }
      return true;
    }
    if (!begun) {
      begin();
    }
    if (inflater.finished()) {
      throw Refused.upstream("there is something behind the compressed body");
    }
    inflate();
    return true;
  }

  private void again() {
    inflater.reset();
    crc.reset();
    header = new GzipHeader();
  }

  private void begin() {
    zlib = (input.getByte(input.readerIndex()) & 0x0f) == 8;
    if (zlib) {
      inflater.end();
      inflater = new Inflater(false);
    }
    begun = true;
  }

  private void inflate() throws BlockedException, Refused {
    byte[] from = new byte[Math.min(input.readableBytes(), PIECE)];
    input.getBytes(input.readerIndex(), from);
    inflater.setInput(from);
    byte[] piece = new byte[PIECE];
    try {
      int length = inflater.inflate(piece);
      input.skipBytes(from.length - inflater.getRemaining());
      full = length == PIECE;
      if (inflater.needsDictionary()) {
        throw Refused.upstream("the compressed body needs a dictionary");
      }
      if (inflater.finished() && gzip) {
        trailer = 8;
      }
      if (length > 0) {
        crc.update(piece, 0, length);
        then.feed(Unpooled.wrappedBuffer(piece, 0, length));
      }
    } catch (DataFormatException e) {
      throw Refused.upstream("the compressed body is damaged");
    }
  }

  @Override
  public void finish() throws BlockedException, Refused {
    // What is still to be made of the last pieces was asked for before: see Pipe.
    boolean nothing = !begun && header != null && header.untouched() || !begun && !gzip;
    if (!nothing && (!inflater.finished() || trailer > 0)) {
      throw Refused.upstream("the compressed body is cut short");
    }
    finished = true;
    then.finish();
  }

  @Override
  public void idle() throws Refused {
    then.idle();
  }

  @Override
  public List<Finding> findings() {
    return then.findings();
  }

  @Override
  public void close() {
    inflater.end();
    input.release();
    input = Unpooled.EMPTY_BUFFER;
    then.close();
  }
}
