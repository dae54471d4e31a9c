package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoders for what a guest sends, against anything at all. Each may only refuse it in its own
 * way, must say the same however the bytes are cut up, and lets nothing through that breaks what
 * the code behind it relies on. {@code JAZZER_FUZZ=1} searches; without, the kept inputs are
 * replayed.
 */
class DecoderFuzzTest {

  @FuzzTest(maxDuration = "2m")
  void frames(byte[] input) {
    assertThat(frames(input, Integer.MAX_VALUE)).isEqualTo(frames(input, 7));
  }

  /** What the reader makes of the input when it comes in pieces of at most this size. */
  private static List<String> frames(byte[] input, int piece) {
    List<String> seen = new ArrayList<>();
    FrameReader reader = new FrameReader();
    ByteBuffer in = FrameReader.buffer(0);
    try {
      for (int at = 0; at < input.length; ) {
        int length = Math.min(Math.min(piece, in.remaining()), input.length - at);
        in.put(input, at, length).flip();
        at += length;
        while (reader.next(in)) {
          seen.add(check(reader, in));
        }
        in.compact();
        assertThat(in.remaining()).as("room for more").isPositive();
      }
    } catch (Violation e) {
      seen.add(e.getMessage());
    }
    return seen;
  }

  private static String check(FrameReader reader, ByteBuffer in) {
    int type = reader.type();
    assertThat(type)
        .isIn(Protocol.STARTED, Protocol.DATA, Protocol.CREDIT, Protocol.RESULT, Protocol.FAULT);
    assertThat(reader.length()).isBetween(0, Protocol.MAX_PAYLOAD);
    assertThat(reader.payload() + reader.length()).isEqualTo(in.position());
    assertThat(reader.stream() == 0).isEqualTo(type == Protocol.FAULT);
    if (type == Protocol.DATA) {
      assertThat(reader.lane()).isIn(Protocol.OUTPUT, Protocol.ERROR);
    }
    if (type == Protocol.RESULT || type == Protocol.FAULT) {
      int head = type == Protocol.RESULT ? Protocol.RESULT_BYTES : 0;
      String message = GuestText.of(in, reader.payload() + head, reader.length() - head);
      assertThat(message.chars().noneMatch(Character::isISOControl)).isTrue();
    }
    return type + " " + reader.stream() + " " + reader.length();
  }

  @FuzzTest(maxDuration = "2m")
  void welcomes(byte[] input) throws Violation {
    byte[] nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    Welcome welcome = new Welcome(Greeting.CHANNEL, nonce);
    ByteBuffer in = FrameReader.buffer(0);
    int at = 0;
    boolean found = false;
    byte[] all = new byte[input.length + 56];
    System.arraycopy(input, 0, all, 0, input.length);
    byte[] real = FakeGuest.frame(Protocol.WELCOME, 0, 0, FakeGuest.welcomePayload(nonce, 1, 1));
    System.arraycopy(real, 0, all, input.length, real.length);
    while (!found && at < all.length) {
      int length = Math.min(in.remaining(), all.length - at);
      in.put(all, at, length).flip();
      at += length;
      try {
        found = welcome.find(in);
      } catch (Violation e) {
        // The input itself held the mark: only then may it spoil the search.
        assertThat(new String(input, java.nio.charset.StandardCharsets.ISO_8859_1))
            .contains("CARAFE\r\n\u0001\u0002\u0003\u0004");
        return;
      }
      in.compact();
    }
    assertThat(found).isTrue();
  }

  @FuzzTest(maxDuration = "2m")
  void entries(byte[] input) throws IOException {
    EntryReader reader = new EntryReader(Channels.newChannel(new ByteArrayInputStream(input)));
    try {
      boolean first = true;
      for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
        check(entry, first);
        first = false;
        if (entry.kind() == Entry.FILE) {
          content(reader);
        }
      }
      reader.finish();
    } catch (Violation | EOFException e) {
      // The two ways to refuse.
    }
  }

  private static void check(Entry entry, boolean first) {
    assertThat(entry.kind()).isBetween(Entry.FILE, Entry.FIFO);
    assertThat(entry.mode()).isBetween(0, 07777);
    assertThat(entry.nanos()).isBetween(0, 999_999_999);
    assertThat(entry.path().length == 0).isEqualTo(first);
    if (entry.path().length > 0) {
      checkPath(entry.path());
    }
    if (entry.kind() == Entry.HARD_LINK) {
      checkPath(entry.target());
    }
    for (byte b : entry.target()) {
      assertThat(b).isNotZero();
    }
  }

  /** By the file system's own rules, not by the reader's. */
  private static void checkPath(byte[] path) {
    String text = new String(path, java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(text).doesNotContain("\0").doesNotStartWith("/").doesNotEndWith("/");
    for (String component : text.split("/", -1)) {
      assertThat(component).isNotIn("", ".", "..").hasSizeLessThan(256);
    }
  }

  private static void content(EntryReader reader) throws IOException {
    long end = 0;
    while (reader.chunk()) {
      assertThat(reader.position()).isBetween(end, Entry.MAX_SIZE);
      for (ByteBuffer data = reader.data(); data != null; data = reader.data()) {
        assertThat(data.hasRemaining()).isTrue();
      }
      end = reader.position();
      assertThat(end).isLessThanOrEqualTo(Entry.MAX_SIZE);
    }
    assertThat(reader.size()).isGreaterThanOrEqualTo(-1);
    assertThat(reader.size() == -1 || reader.size() >= end).isTrue();
  }
}
