package dev.carafe.machine;

/**
 * The only way out of a running machine, held open by this process. When it is closed, for whatever
 * reason, the machine's connections are reset and it reaches nothing any more. Safe for use by many
 * threads.
 */
public interface Gateway extends AutoCloseable {

  boolean isOpen();

  /**
   * Has {@code hook} run once when the gateway is closed, because someone closed it, because the
   * machine ended or because its guest broke the protocol; at once when it is closed already. The
   * hook must not block.
   */
  void onClose(Runnable hook);

  /**
   * How many connections have come to the port that is there for trying, 1; what is tried from
   * inside is compared with it.
   */
  int seenAtGate();

  /** Closes the machine's way out. Idempotent. */
  @Override
  void close();
}
