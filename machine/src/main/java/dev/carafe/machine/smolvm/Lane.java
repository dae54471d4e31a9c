package dev.carafe.machine.smolvm;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One output stream of a running smolvm, between its pipe and whoever reads it. A virtual thread
 * empties the pipe into here up to {@value #WINDOW} bytes, the same window that a command has with
 * the built-in engine; so a caller who reads one stream first does not stall a command that writes
 * a little to the other. When the process has ended the window is {@link #lift lifted}: what is
 * left in the pipe is little, and all of it must be seen to know how the command ended.
 */
final class Lane extends InputStream {
  static final int WINDOW = 256 << 10;
  private static final int CHUNK = 32 << 10;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<byte[]> chunks = new ArrayDeque<>();
  private final Tail tail = new Tail();
  private int firstAt;
  private int buffered;
  private boolean lifted;
  private boolean ended;
  private boolean closed;

  /** Starts to empty {@code pipe}, which it closes at its end. */
  static Lane of(InputStream pipe, String name) {
    Lane lane = new Lane();
    Thread.ofVirtual().name(name).start(() -> lane.pump(pipe));
    return lane;
  }

  private void pump(InputStream pipe) {
    byte[] buffer = new byte[CHUNK];
    try (pipe) {
      int read;
      while ((read = pipe.read(buffer)) >= 0) {
        tail.add(buffer, 0, read);
        put(java.util.Arrays.copyOf(buffer, read));
      }
    } catch (IOException e) {
      // The pipe was closed under us, because the process was destroyed: this is its end.
    } finally {
      lock.lock();
      try {
        ended = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void put(byte[] chunk) {
    lock.lock();
    try {
      while (buffered >= WINDOW && !lifted && !closed) {
        changed.awaitUninterruptibly();
      }
      if (!closed) {
        chunks.add(chunk);
        buffered += chunk.length;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The process has ended: takes the rest of what it wrote, however much is unread. */
  void lift() {
    lock.lock();
    try {
      lifted = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all was taken, at most this long: a process left behind may hold the pipe open. */
  void awaitEnd(long millis) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (!ended && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The last bytes that came out of the pipe, read by the caller or not. */
  String tail() {
    return tail.text();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int at, int length) throws IOException {
    java.util.Objects.checkFromIndexSize(at, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    lock.lock();
    try {
      while (chunks.isEmpty() && !ended && !closed) {
        changed.await();
      }
      if (closed) {
        throw new IOException("the stream is closed");
      }
      if (chunks.isEmpty()) {
        return -1;
      }
      byte[] first = chunks.getFirst();
      int read = Math.min(length, first.length - firstAt);
      System.arraycopy(first, firstAt, bytes, at, read);
      firstAt += read;
      if (firstAt == first.length) {
        chunks.removeFirst();
        firstAt = 0;
      }
      buffered -= read;
      changed.signalAll();
      return read;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for output");
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int available() {
    lock.lock();
    try {
      return closed ? 0 : buffered;
    } finally {
      lock.unlock();
    }
  }

  /** Drops what is unread and what is still to come. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      chunks.clear();
      buffered = 0;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
