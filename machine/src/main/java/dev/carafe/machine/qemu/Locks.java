package dev.carafe.machine.qemu;

import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Waiting for a lock that another process may hold for a moment. */
final class Locks {
  private Locks() {}

  /**
   * Takes the lock, waiting for whoever has it; {@link ErrorCode#TIMEOUT} after {@code seconds}.
   */
  static Lock take(Path file, String attempted, int seconds) {
    long deadline = System.nanoTime() + seconds * 1_000_000_000L;
    try {
      for (; ; ) {
        Optional<Lock> lock = Lock.tryTake(file);
        if (lock.isPresent()) {
          return lock.get();
        }
        if (System.nanoTime() > deadline) {
          throw new MachineException(
              ErrorCode.TIMEOUT,
              attempted,
              "another process has been busy with it for "
                  + seconds
                  + " seconds (it holds "
                  + file
                  + ")");
        }
        Thread.sleep(5);
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, Storage.explain(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException(ErrorCode.LOST, attempted, "interrupted", e);
    }
  }
}
