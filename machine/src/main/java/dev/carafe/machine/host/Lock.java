package dev.carafe.machine.host;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets one thread of one process at a time do a piece of work on a directory. Blocks until it is
 * this one's turn; the kernel gives the lock back when its holder is killed.
 */
final class Lock implements AutoCloseable {
  /** File locks belong to a process, so its threads need another. */
  private static final ReentrantLock THREADS = new ReentrantLock();

  private final FileChannel file;

  Lock(Path path) throws IOException {
    Files.createDirectories(path.getParent());
    THREADS.lock();
    try {
      file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      file.lock();
    } catch (IOException | RuntimeException e) {
      THREADS.unlock();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      file.close();
    } finally {
      THREADS.unlock();
    }
  }
}
