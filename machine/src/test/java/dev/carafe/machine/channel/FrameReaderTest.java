package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No malformed frame of a guest's gets any further than this, whatever the streams' states. */
class FrameReaderTest {
  private static final byte[] NONE = {};
  private static final byte[] FOUR = FakeGuest.little(4).putInt(5).array();

  private static Arguments wrong(String what, int type, int flags, int stream, byte[] payload) {
    return Arguments.of(what, FakeGuest.frame(type, flags, stream, payload));
  }

  private static Arguments result(String what, int kind, int code) {
    return wrong(what, Protocol.RESULT, 0, 1, FakeGuest.resultPayload(kind, code, ""));
  }

  static Stream<Arguments> malformed() {
    byte[] reserved = FakeGuest.resultPayload(Protocol.DONE, 0, "");
    reserved[1] = 1;
    return Stream.of(
        wrong("data without a stream", Protocol.DATA, 0x81, 0, NONE),
        wrong("a fault on a stream", Protocol.FAULT, 0, 1, NONE),
        wrong("data on the host's lane", Protocol.DATA, 0x80, 1, NONE),
        wrong("data on a lane that there is not", Protocol.DATA, 0x83, 1, NONE),
        wrong("empty data that end nothing", Protocol.DATA, 1, 1, NONE),
        wrong("credit for the guest's lane", Protocol.CREDIT, 1, 1, FOUR),
        wrong("no credit", Protocol.CREDIT, 0, 1, new byte[4]),
        wrong("a process id below zero", Protocol.STARTED, 0, 1, new byte[] {0, 0, 0, -1}),
        wrong("reserved bytes of a result", Protocol.RESULT, 0, 1, reserved),
        result("a result that there is not", 6, 0),
        result("an exit code of 256", Protocol.DONE, 256),
        result("a signal 0", Protocol.SIGNALLED, 0),
        result("a time-out with a code", Protocol.TIMED_OUT, 1),
        result("an errno that there is not", Protocol.FAILED, Protocol.MAX_ERRNO + 1),
        result("a command that did not start, with 1", Protocol.NOT_STARTED, 1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void whatIsMalformedIsRefused(String what, byte[] frame) {
    assertThatThrownBy(() -> new FrameReader().next(buffer(frame))).isInstanceOf(Violation.class);
  }

  @Test
  void whatIsWellFormedIsNot() throws Violation {
    byte[] result = FakeGuest.resultPayload(Protocol.NOT_STARTED, 127, "no");
    FrameReader reader = new FrameReader();
    assertThat(reader.next(buffer(FakeGuest.frame(Protocol.RESULT, 0, 1, result)))).isTrue();
    assertThat(reader.next(buffer(FakeGuest.frame(Protocol.CREDIT, 0, 1, FOUR)))).isTrue();
    assertThat(reader.next(buffer(FakeGuest.frame(Protocol.DATA, 0x82, 1, NONE)))).isTrue();
  }

  private static ByteBuffer buffer(byte[] frame) {
    return FrameReader.buffer(frame.length).put(frame).flip();
  }
}
