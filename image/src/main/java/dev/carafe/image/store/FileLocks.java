package dev.carafe.image.store;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Locks that hold between processes and, unlike {@link java.nio.channels.FileLock} alone, between
 * the threads of one: a POSIX lock belongs to a whole process, and is lost as soon as the process
 * closes <em>any</em> descriptor of the file. So each lock file is open at most once per process,
 * and a monitor stands in front of it. A process that dies releases what it held.
 */
final class FileLocks {
  private static final Map<Path, Gate> GATES = new HashMap<>();

  private FileLocks() {}

  /** A lock that is held; closing releases it, and closing again does nothing. */
  interface Held extends Closeable {}

  /** Waits until nobody else holds {@code file} at all. */
  static Held exclusive(Path file) throws IOException {
    Gate gate = gate(file);
    gate.enterAlone(true);
    return gate.lockAlone(true).orElseThrow();
  }

  /** Like {@link #exclusive}, but empty instead of waiting. */
  static Optional<Held> tryExclusive(Path file) throws IOException {
    Gate gate = gate(file);
    return gate.enterAlone(false) ? gate.lockAlone(false) : Optional.empty();
  }

  /** Waits until nobody holds {@code file} exclusively. */
  static Held shared(Path file) throws IOException {
    return gate(file).enterShared();
  }

  private static Gate gate(Path file) {
    synchronized (GATES) {
      // Never taken out again: the number of lock files of a store is fixed.
      return GATES.computeIfAbsent(file.toAbsolutePath().normalize(), Gate::new);
    }
  }

  private static final class Gate {
    private final Path file;
    private int sharers;
    private boolean alone;
    private FileChannel channel;

    Gate(Path file) {
      this.file = file;
    }

    private static FileChannel open(Path file) throws IOException {
      return FileChannel.open(
          file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    }

    synchronized boolean enterAlone(boolean wait) throws IOException {
      while (alone || sharers > 0) {
        if (!wait) {
          return false;
        }
        await();
      }
      alone = true;
      return true;
    }

    Optional<Held> lockAlone(boolean wait) throws IOException {
      FileChannel opened = null;
      boolean locked = false;
      try {
        opened = open(file);
        locked = (wait ? opened.lock() : opened.tryLock()) != null;
        if (!locked) {
          return Optional.empty();
        }
        FileChannel held = opened;
        return Optional.of(
            new Held() {
              private boolean released;

              @Override
              public synchronized void close() throws IOException {
                if (!released) {
                  released = true;
                  leaveAlone(held);
                }
              }
            });
      } finally {
        if (!locked) {
          leaveAlone(opened);
        }
      }
    }

    private void leaveAlone(FileChannel held) throws IOException {
      try {
        if (held != null) {
          held.close();
        }
      } finally {
        synchronized (this) {
          alone = false;
          notifyAll();
        }
      }
    }

    synchronized Held enterShared() throws IOException {
      while (alone) {
        await();
      }
      if (sharers == 0) {
        FileChannel opened = open(file);
        try {
          opened.lock(0, Long.MAX_VALUE, true);
          channel = opened;
        } finally {
          if (channel != opened) {
            opened.close();
          }
        }
      }
      sharers++;
      return new Held() {
        private boolean released;

        @Override
        public void close() throws IOException {
          synchronized (Gate.this) {
            if (!released) {
              released = true;
              leaveShared();
            }
          }
        }
      };
    }

    private void leaveShared() throws IOException {
      if (--sharers == 0) {
        FileChannel last = channel;
        channel = null;
        notifyAll();
        last.close();
      }
    }

    private void await() throws InterruptedIOException {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for " + file);
      }
    }
  }
}
