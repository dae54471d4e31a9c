package dev.carafe.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** A bounded pipe between two threads, as one lane of a channel is. */
final class Pipe {
  private static final int CAPACITY = 262_144;

  private final byte[] buffer = new byte[CAPACITY];
  private int start;
  private int length;
  private boolean ended;
  private boolean broken;

  /** No reader any more: writers get an error. */
  synchronized void breakOff() {
    broken = true;
    notifyAll();
  }

  private synchronized void put(byte[] bytes, int offset, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      while (length == CAPACITY && !broken) {
        await();
      }
      if (broken || ended) {
        throw new IOException("Broken pipe");
      }
      buffer[(start + length) % CAPACITY] = bytes[offset + i];
      length++;
      if (length == 1) {
        notifyAll();
      }
    }
  }

  private synchronized int take(byte[] bytes, int offset, int count) throws IOException {
    while (length == 0) {
      if (broken) {
        throw new IOException("the connection was lost");
      }
      if (ended) {
        return -1;
      }
      await();
    }
    int taken = Math.min(length, count);
    for (int i = 0; i < taken; i++) {
      bytes[offset + i] = buffer[(start + i) % CAPACITY];
    }
    start = (start + taken) % CAPACITY;
    length -= taken;
    notifyAll();
    return taken;
  }

  private void await() throws IOException {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private synchronized void end() {
    ended = true;
    notifyAll();
  }

  InputStream input() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return take(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] bytes, int offset, int count) throws IOException {
        return take(bytes, offset, count);
      }
    };
  }

  OutputStream output() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        put(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int count) throws IOException {
        put(bytes, offset, count);
      }

      @Override
      public void close() {
        end();
      }
    };
  }
}
