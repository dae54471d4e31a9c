package dev.carafe.cli;

import dev.carafe.machine.TerminalSize;
import java.util.Optional;

/** What this process's standard streams are, and the terminal behind standard input. */
interface Terminal {
  /** Whether standard input is a terminal. */
  boolean input();

  /** Whether standard output is a terminal. */
  boolean output();

  /** Whether standard error is a terminal. */
  boolean error();

  /**
   * Whether standard output goes to somebody who may stop reading: a pipe, a socket, a terminal.
   * Where it goes to a file, a failed write is an error.
   */
  boolean outputHasReader();

  /** The size of standard input's terminal; empty when there is none, or it does not know. */
  Optional<TerminalSize> size();

  /**
   * Puts standard input's terminal into raw mode: every key is a byte, nothing is echoed, Ctrl-C is
   * no signal. It is restored when the result is closed, and at the latest when this process ends,
   * however it ends short of SIGKILL.
   */
  Raw raw();

  /** A terminal in raw mode. */
  interface Raw extends AutoCloseable {
    /** Restores the terminal. Idempotent. */
    @Override
    void close();
  }
}
