package dev.carafe.machine.network;

import java.util.List;

/**
 * What became of a name.
 *
 * @param addresses of 4 or 16 bytes
 * @param seconds how long they hold
 */
record Answer(Kind kind, List<byte[]> addresses, long seconds) {
  enum Kind {
    /** The name exists; it may have no address of the kind asked for. */
    FOUND,
    /** There is no such name. */
    UNKNOWN,
    /** Nobody could be asked, or nobody answered. */
    FAILED
  }

  static Answer found(List<byte[]> addresses, long seconds) {
    return new Answer(Kind.FOUND, addresses, seconds);
  }

  static final Answer UNKNOWN = new Answer(Kind.UNKNOWN, List.of(), 0);
  static final Answer FAILED = new Answer(Kind.FAILED, List.of(), 0);
}
