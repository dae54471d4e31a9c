package dev.carafe.image.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;

/**
 * A download that goes on where it broke off. A connection over which nothing has come for a minute
 * counts as broken. What it gives is not compared with a digest; the reader does that.
 */
final class BlobStream extends InputStream {
  private static final int MOST_BREAKS = 4;
  private static final Duration MOST_SILENCE = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** Opens the rest of the blob from a position. */
  interface Opener {
    Part open(long from) throws IOException;
  }

  /** What was opened, and where it begins: 0 when the other side cannot begin in the middle. */
  record Part(InputStream body, long from) {}

  private final Opener opener;
  private final Thread watch;
  private volatile InputStream body;
  private volatile long lastSign = System.nanoTime();
  private volatile boolean waiting;
  private long position;
  private boolean broken;
  private int breaks;

  BlobStream(Opener opener) throws IOException {
    this.opener = opener;
    body = opener.open(0).body();
    watch = Thread.ofVirtual().start(this::watch);
  }

  /** Closes a silent connection, which makes the reader's read fail. */
  private void watch() {
    try {
      while (true) {
        Thread.sleep(LOOK_EVERY);
        if (waiting && System.nanoTime() - lastSign > MOST_SILENCE.toNanos()) {
          body.close();
        }
      }
    } catch (InterruptedException | IOException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    while (true) {
      lastSign = System.nanoTime();
      waiting = true;
      try {
        if (broken) {
          reopen();
        }
        int read = body.read(to, offset, length);
        position += Math.max(read, 0);
        return read;
      } catch (InterruptedIOException | RegistryException e) {
        throw e; // trying again does not change a refusal
      } catch (IOException e) {
        if (Thread.currentThread().isInterrupted() || ++breaks > MOST_BREAKS) {
          throw new RegistryException("the download broke off " + breaks + " times", e);
        }
        broken = true;
        body.close();
      } finally {
        waiting = false;
      }
    }
  }

  private void reopen() throws IOException {
    Part part = opener.open(position);
    body = part.body();
    body.skipNBytes(position - part.from());
    broken = false;
  }

  @Override
  public void close() throws IOException {
    watch.interrupt();
    body.close();
  }
}
