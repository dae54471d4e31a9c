package dev.carafe.image;

/**
 * Told what a long piece of work is doing. Implementations are safe for use by many threads and
 * return quickly.
 */
public interface Progress {
  /** A step begins: one line for a person, {@code "Pulling debian:12"}. */
  void step(String what);

  /**
   * The current step has done {@code done} of {@code total} bytes; {@code total} is negative when
   * unknown. May be called very often.
   */
  default void bytes(long done, long total) {}

  /** Says nothing. */
  static Progress silent() {
    return what -> {};
  }
}
