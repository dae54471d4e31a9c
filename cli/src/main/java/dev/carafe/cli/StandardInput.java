package dev.carafe.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;

/**
 * This process's standard input, which one after another reads. A thread that waits for a byte
 * cannot be called away from there; but once it has been told so, what comes belongs to whoever
 * reads next, and that thread finds the end. Any thread; reads one at a time.
 */
final class StandardInput extends InputStream {
  private final InputStream from;
  private boolean reading;
  private int generation;
  private byte[] left = {};
  private int at;

  StandardInput(InputStream from) {
    this.from = from;
  }

  /** Whoever waits in a read now reads an end; what it would have got is for the next. */
  synchronized void giveBack() {
    generation++;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    int mine;
    synchronized (this) {
      mine = generation;
      while (reading) {
        await();
      }
      if (at < left.length) {
        int count = Math.min(length, left.length - at);
        System.arraycopy(left, at, to, offset, count);
        at += count;
        return count;
      }
      if (mine != generation) {
        return -1;
      }
      reading = true;
    }
    byte[] got = new byte[length];
    int count = -1;
    try {
      count = from.read(got, 0, length);
    } finally {
      synchronized (this) {
        reading = false;
        if (mine != generation && count > 0) {
          left = Arrays.copyOf(got, count);
          at = 0;
        }
        notifyAll();
      }
    }
    synchronized (this) {
      if (mine != generation || count < 0) {
        return -1;
      }
    }
    System.arraycopy(got, 0, to, offset, count);
    return count;
  }

  private void await() throws IOException {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public int available() throws IOException {
    synchronized (this) {
      if (at < left.length) {
        return left.length - at;
      }
    }
    return from.available();
  }
}
