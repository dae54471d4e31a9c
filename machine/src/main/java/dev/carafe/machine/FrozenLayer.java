package dev.carafe.machine;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * What {@link Machine#freeze} writes, to be read while it is written: a thread of its own freezes
 * and is held up by whoever reads slowly, so that of a layer only {@value #PIECES} pieces are in
 * memory. Reading ends in an exception, never in a mere end, when the freeze fails. To be read and
 * closed by one thread; closing ends a freeze that goes on, and waits for that.
 */
public final class FrozenLayer extends InputStream {
  private static final int PIECES = 16;
  private static final int PIECE_BYTES = 1 << 16;
  private static final byte[] END = {};

  private final BlockingQueue<byte[]> pieces = new LinkedBlockingQueue<>(PIECES);
  private final Thread freezer;
  private volatile RuntimeException failure;
  private volatile boolean closed;
  private byte[] piece = {};
  private int at;
  private boolean ended;

  private FrozenLayer(Machine machine, FreezeSpec spec) {
    freezer = Thread.ofPlatform().daemon().name("freeze").unstarted(() -> freeze(machine, spec));
  }

  /**
   * Begins to freeze.
   *
   * @param spec as for {@link Machine#freeze}
   */
  public static FrozenLayer of(Machine machine, FreezeSpec spec) {
    var layer = new FrozenLayer(machine, spec);
    layer.freezer.start();
    return layer;
  }

  /** Why the freeze failed, once reading has ended so. */
  public Optional<RuntimeException> failure() {
    return Optional.ofNullable(failure);
  }

  private void freeze(Machine machine, FreezeSpec spec) {
    try {
      machine.freeze(spec, new Pieces());
    } catch (RuntimeException e) {
      failure = e;
    } catch (Error e) {
      // Whoever reads would wait for ever.
      failure = new IllegalStateException("the freeze ended: " + e, e);
    }
    try {
      if (!closed) {
        pieces.put(END);
      }
    } catch (InterruptedException e) {
      // It was closed: nobody waits for the end.
    }
  }

  /** The freezer's side. */
  private final class Pieces extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      for (int done = 0; done < length; done += PIECE_BYTES) {
        int from = offset + done;
        put(Arrays.copyOfRange(bytes, from, from + Math.min(PIECE_BYTES, length - done)));
      }
    }

    private void put(byte[] full) throws IOException {
      if (closed) {
        throw new IOException("nobody reads the layer any more");
      }
      try {
        pieces.put(full);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }
  }

  @Override
  public int read() throws IOException {
    return more() ? piece[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    if (!more()) {
      return -1;
    }
    int count = Math.min(length, piece.length - at);
    System.arraycopy(piece, at, to, offset, count);
    at += count;
    return count;
  }

  private boolean more() throws IOException {
    if (closed) {
      throw new IOException("it is closed");
    }
    if (at == piece.length && !ended) {
      try {
        piece = pieces.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
      at = 0;
      ended = piece == END;
    }
    if (ended && failure != null) {
      throw new IOException(failure.getMessage(), failure);
    }
    return !ended;
  }

  @Override
  public void close() {
    closed = true;
    freezer.interrupt();
    boolean interrupted = false;
    while (freezer.isAlive()) {
      pieces.clear(); // in case it is about to wait for room
      try {
        freezer.join(10);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
