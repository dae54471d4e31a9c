package dev.carafe.machine;

/**
 * What kind of thing went wrong. It decides the wording's first words and the exit code of a
 * command line; what exactly went wrong is in {@link MachineException}.
 */
public enum ErrorCode {
  /** No machine of that name. Not for a missing image ({@link #IMAGE}) or file ({@link #COPY}). */
  NOT_FOUND,
  /** A machine of that name exists already. */
  ALREADY_EXISTS,
  /** A name, size or combination the caller gave makes no sense. Nothing was touched. */
  INVALID,
  /** The machine is not running, or is running where it must not be. */
  STATE,
  /** Asked for something this engine or this version does not do. Nothing was touched. */
  UNSUPPORTED,
  /** The image could not be found, fetched, checked or unpacked. */
  IMAGE,
  /** The host's disk or file system refused. */
  STORAGE,
  /** Copying between host and guest failed. */
  COPY,
  /** Something Carafe needs on this host is missing: an executable, a kernel, a permission. */
  HOST,
  /** The guest did not answer, broke the protocol, or refused. */
  GUEST,
  /** The connection to the guest was lost while something was under way. */
  LOST,
  /**
   * A deadline of ours passed. Not for a command's own time limit, which is an {@link ExecResult}.
   */
  TIMEOUT,
  /** The engine's own program failed: QEMU, or the {@code smolvm} command line. */
  ENGINE,
}
