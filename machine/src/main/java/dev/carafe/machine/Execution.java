package dev.carafe.machine;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A command that runs, or ran, in a guest. Its three streams are independent: however slowly the
 * caller reads or writes one, the others, other commands and the machine go on; the command itself
 * waits, as it would on a full pipe. Output that nobody reads is dropped when this is closed. Safe
 * for use by many threads; each stream by one at a time.
 */
public interface Execution extends AutoCloseable {

  /**
   * Bytes for the command's standard input; closing it is end of file. Broken-pipe {@code
   * IOException} once it is gone.
   */
  OutputStream stdin();

  /** What the command writes to standard output, or with a terminal all it writes. */
  InputStream stdout();

  /** What the command writes to standard error; with a terminal always empty. */
  InputStream stderr();

  /** The process id in the guest, once known. */
  OptionalInt guestPid();

  /**
   * Sends a signal, 1 to 64, to the command's process group. Ignored when the command has ended.
   */
  void signal(int number);

  /**
   * Tells the command's terminal its new size. Ignored without a terminal, or when the command has
   * ended.
   */
  void resize(int rows, int columns);

  /**
   * Waits for the command to end. Someone must read the output, or a command that writes much never
   * ends.
   *
   * @return its exit code: its own, 128 + signal, 124 for a time-out, 126 or 127 when it could not
   *     be started
   * @throws MachineException {@link ErrorCode#LOST} when the machine went away meanwhile
   */
  int await();

  /** Waits as {@link #await()}, at most this long; empty when it still runs. */
  Optional<Integer> await(Duration limit);

  /**
   * Why the command could not be started, or was ended, in the guest's words; empty when there is
   * nothing to say.
   */
  String message();

  /** Kills the command and all it started if it still runs, and releases everything. Idempotent. */
  @Override
  void close();
}
