package dev.carafe.machine.network;

import dev.carafe.machine.channel.Greeting;

/** The numbers of the chapter "The relay" in {@code docs/protocol.md}. */
final class Wire {
  static final int DATA = 5;
  static final int CREDIT = 6;
  static final int FAULT = 11;
  static final int SETUP = 16;
  static final int SETUP_DONE = 17;
  static final int OPEN = 18;
  static final int ACCEPTED = 19;
  static final int RESET = 20;

  static final int END = 0x80;

  static final int KIND_SERVICE = 0;
  static final int KIND_DATAGRAM = 1;
  static final int KIND_IPV4 = 4;
  static final int KIND_IPV6 = 6;

  static final int HEADER_BYTES = 12;
  static final int MAX_PAYLOAD = 65_536;
  static final int MAX_MESSAGE = 4_096;
  static final int MAX_ERRNO = 4_095;
  static final int WINDOW = 131_072;
  static final int GUEST_STREAMS = 1_024;
  static final int HOST_STREAMS = 256;
  static final int MAX_QUERY = 4_096;

  static final Greeting GREETING = new Greeting("CARAFENT", GUEST_STREAMS, WINDOW, 0);

  private Wire() {}
}
