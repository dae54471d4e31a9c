package dev.carafe.machine.network;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.carafe.machine.channel.Violation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of what a guest sends through the relay, against anything at all: it may only refuse
 * it in its own way, must say the same however the bytes are cut up, and lets nothing through that
 * breaks what the code behind it relies on. {@code JAZZER_FUZZ=1} searches; without, the kept
 * inputs are replayed.
 */
class DecoderFuzzTest {
  @FuzzTest(maxDuration = "2m")
  void frames(byte[] input) {
    assertThat(frames(input, Integer.MAX_VALUE)).isEqualTo(frames(input, 7));
  }

  private static List<String> frames(byte[] input, int piece) {
    List<String> seen = new ArrayList<>();
    Decoder decoder = new Decoder();
    ByteBuffer in = Decoder.buffer(Wire.HEADER_BYTES + Wire.MAX_PAYLOAD);
    try {
      for (int at = 0; at < input.length; ) {
        int length = Math.min(Math.min(piece, in.remaining()), input.length - at);
        in.put(input, at, length).flip();
        at += length;
        while (decoder.next(in)) {
          seen.add(check(decoder, in));
        }
        in.compact();
        assertThat(in.remaining()).as("room for more").isPositive();
      }
    } catch (Violation e) {
      seen.add(e.getMessage());
    }
    return seen;
  }

  private static String check(Decoder decoder, ByteBuffer in) {
    int at = decoder.payload();
    assertThat(decoder.length()).isBetween(0, Wire.MAX_PAYLOAD);
    assertThat(at + decoder.length()).isEqualTo(in.position());
    switch (decoder.type()) {
      case Wire.DATA -> assertThat(decoder.length() > 0 || decoder.end()).isTrue();
      case Wire.CREDIT -> assertThat(in.getInt(at)).isBetween(1, Wire.WINDOW);
      case Wire.RESET -> assertThat(in.getInt(at)).isBetween(1, Wire.MAX_ERRNO);
      case Wire.OPEN -> assertThat(decoder.length()).isIn(4, 8, 20);
      case Wire.SETUP_DONE -> assertThat(decoder.length()).isGreaterThanOrEqualTo(4);
      default -> assertThat(decoder.type()).isIn(Wire.ACCEPTED, Wire.FAULT);
    }
    return decoder.type() + " " + decoder.stream() + " " + decoder.length();
  }
}
