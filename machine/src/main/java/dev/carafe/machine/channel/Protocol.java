package dev.carafe.machine.channel;

/** The numbers of {@code docs/protocol.md}, each under the name it has there. */
final class Protocol {
  static final int HELLO = 1;
  static final int WELCOME = 2;
  static final int REQUEST = 3;
  static final int STARTED = 4;
  static final int DATA = 5;
  static final int CREDIT = 6;
  static final int SIGNAL = 7;
  static final int RESIZE = 8;
  static final int CANCEL = 9;
  static final int RESULT = 10;
  static final int FAULT = 11;

  static final int MORE = 1;
  static final int LANE = 3;
  static final int END = 0x80;

  static final int INPUT = 0;
  static final int OUTPUT = 1;
  static final int ERROR = 2;

  static final int CONFIGURE = 1;
  static final int EXEC = 2;
  static final int PUT = 3;
  static final int GET = 4;
  static final int SYNC = 5;
  static final int FREEZE = 6;
  static final int POWEROFF = 8;
  static final int PROBE = 9;
  static final int PING = 10;

  static final int DONE = 0;
  static final int SIGNALLED = 1;
  static final int TIMED_OUT = 2;
  static final int FAILED = 3;
  static final int REFUSED = 4;
  static final int NOT_STARTED = 5;

  static final int HEADER_BYTES = 12;
  static final int MAX_PAYLOAD = 65_536;
  static final int WELCOME_BYTES = 44;
  static final int NONCE_BYTES = 16;
  static final int RESULT_BYTES = 8;
  static final int MAX_MESSAGE = 4_096;
  static final int MAX_REQUEST = 2_097_152;
  static final int MAX_STREAMS = 64;
  static final int WINDOW = 262_144;
  static final int MAX_SIGNAL = 64;
  static final int MAX_ERRNO = 4_095;
  static final int VERSION = 1;

  /** One header and one payload: whatever was under way is over after as much padding. */
  static final int RESYNC_BYTES = HEADER_BYTES + MAX_PAYLOAD;

  /** How much of an earlier session the host wades through before it gives up. */
  static final int MAX_BEFORE_WELCOME = 16 << 20;

  static final int MAX_PATH = 4_095;
  static final int MAX_COMPONENT = 255;
  static final int MAX_CHUNK = 1_048_576;
  static final int MAX_LEFT_OUT = 4_096;
  static final int MAX_ATTRIBUTES = 256;
  static final int MAX_ATTRIBUTE_BYTES = 65_536;
  static final int MAX_PIECES = 65_536;

  private Protocol() {}
}
