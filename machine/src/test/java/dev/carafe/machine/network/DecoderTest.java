package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.channel.Violation;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No malformed frame of a guest's gets any further than this. */
class DecoderTest {
  private static Arguments wrong(String what, int type, int flags, int stream, byte[] payload) {
    return Arguments.of(what, frame(type, flags, stream, payload));
  }

  private static ByteBuffer frame(int type, int flags, int stream, byte[] payload) {
    ByteBuffer frame = Decoder.buffer(Wire.HEADER_BYTES + payload.length);
    frame.put((byte) type).put((byte) flags).putShort((short) 0).putInt(stream);
    return frame.putInt(payload.length).put(payload).flip();
  }

  private static byte[] open(int kind, int second, int port, int... address) {
    ByteBuffer open = FakeGuest.little(4 + address.length);
    open.put((byte) kind).put((byte) second).putShort((short) port);
    for (int each : address) {
      open.put((byte) each);
    }
    return open.array();
  }

  static Stream<Arguments> malformed() {
    byte[] none = {};
    ByteBuffer reserved = frame(Wire.ACCEPTED, 0, 2, none);
    reserved.put(2, (byte) 1);
    ByteBuffer lengthy = frame(Wire.DATA, 0, 1, new byte[1]);
    lengthy.putInt(8, Wire.MAX_PAYLOAD + 1);
    ByteBuffer negative = frame(Wire.DATA, 0, 1, new byte[1]);
    negative.putInt(8, -1);
    return Stream.of(
        Arguments.of("reserved bytes", reserved),
        Arguments.of("too long a payload", lengthy),
        Arguments.of("a length below zero", negative),
        wrong("a type of the host's", Wire.SETUP, 0, 0, none),
        wrong("an unknown type", 99, 0, 1, none),
        wrong("an unknown flag", Wire.ACCEPTED, Wire.END, 2, none),
        wrong("data without a stream", Wire.DATA, 0, 0, new byte[1]),
        wrong("an answer to a SETUP on a stream", Wire.SETUP_DONE, 0, 1, new byte[4]),
        wrong("empty data that end nothing", Wire.DATA, 0, 1, none),
        wrong("no credit", Wire.CREDIT, 0, 1, FakeGuest.number(0)),
        wrong("credit below zero", Wire.CREDIT, 0, 1, FakeGuest.number(-1)),
        wrong("credit beyond all", Wire.CREDIT, 0, 1, FakeGuest.number(Wire.WINDOW + 1)),
        wrong("a reset for no reason", Wire.RESET, 0, 1, FakeGuest.number(0)),
        wrong("a reset for any reason", Wire.RESET, 0, 1, FakeGuest.number(-1)),
        wrong("a set-up with no errno", Wire.SETUP_DONE, 0, 0, FakeGuest.number(-1)),
        wrong("a kind that there is not", Wire.OPEN, 0, 1, open(9, 0, 80)),
        wrong("half an address", Wire.OPEN, 0, 1, open(Wire.KIND_IPV4, 0, 80, 1, 2)),
        wrong("an address too many", Wire.OPEN, 0, 1, open(Wire.KIND_SERVICE, 0, 80, 1, 2, 3, 4)),
        wrong("a reserved byte", Wire.OPEN, 0, 1, open(Wire.KIND_SERVICE, 1, 80)),
        wrong("port 0", Wire.OPEN, 0, 1, open(Wire.KIND_SERVICE, 0, 0)),
        wrong("a datagram elsewhere", Wire.OPEN, 0, 1, open(Wire.KIND_DATAGRAM, 0, 54)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void whatIsMalformedIsRefused(String what, ByteBuffer frame) {
    assertThatThrownBy(() -> new Decoder().next(frame)).isInstanceOf(Violation.class);
  }

  @Test
  void whatIsWellFormedIsNot() throws Violation {
    Decoder decoder = new Decoder();
    assertThat(decoder.next(frame(Wire.DATA, Wire.END, 1, new byte[0]))).isTrue();
    assertThat(decoder.next(frame(Wire.CREDIT, 0, 1, FakeGuest.number(Wire.WINDOW)))).isTrue();
    assertThat(decoder.next(frame(Wire.OPEN, 0, 1, open(Wire.KIND_IPV4, 0, 80, 1, 2, 3, 4))))
        .isTrue();
    assertThat(decoder.next(frame(Wire.DATA, 0, 1, new byte[3]).limit(14))).isFalse();
  }
}
