package dev.carafe.machine.channel;

import java.nio.charset.StandardCharsets;

/**
 * What tells the two protocols of {@code docs/protocol.md} apart when a session opens.
 *
 * @param magic 8 ASCII characters, in HELLO and WELCOME
 * @param streams how many at once a WELCOME must grant
 * @param window of each direction, in bytes, that a WELCOME must grant
 * @param flags the flags a WELCOME may have
 */
public record Greeting(String magic, int streams, int window, int flags) {
  /** Commands and copies. */
  static final Greeting CHANNEL =
      new Greeting("CARAFE\r\n", Protocol.MAX_STREAMS, Protocol.WINDOW, 1);

  byte[] bytes() {
    return magic.getBytes(StandardCharsets.US_ASCII);
  }
}
