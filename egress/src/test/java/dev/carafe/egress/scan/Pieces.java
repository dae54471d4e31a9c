package dev.carafe.egress.scan;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Random;

/** Sends bodies through scans in pieces of every size. */
final class Pieces {
  private static final String[] WORDS = {
    "the ", "quick ", "brown ", "fox, ", "jumps ", "over ", "\"lazy\" ", "dogs.\n", "{\"a\": 1}, "
  };

  private Pieces() {}

  static Scanner scanner(String secret) {
    return Scanner.of(ScanRules.builder().secret("s", Examples.bytes(secret)).build());
  }

  static String prose(Random random, int length) {
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append(WORDS[random.nextInt(WORDS.length)]);
    }
    text.setLength(length);
    return text.toString();
  }

  /** What came through, and why no more did. */
  record Passed(byte[] bytes, boolean blocked) {}

  static boolean blocked(Scanner scanner, byte[] body, Random random) {
    return pass(scanner.outbound(OnMatch.BLOCK), body, random).blocked();
  }

  static Passed pass(BodyScan scan, byte[] body, Random random) {
    // Often byte by byte, which is the hardest, else in pieces up to a size that varies.
    int most = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(1 << random.nextInt(10));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (scan) {
      for (int at = 0; at < body.length; ) {
        int n = Math.min(body.length - at, 1 + random.nextInt(most));
        write(out, scan.feed(ByteBuffer.wrap(body, at, n)));
        at += n;
      }
      write(out, scan.finish());
      return new Passed(out.toByteArray(), false);
    } catch (BlockedException e) {
      return new Passed(out.toByteArray(), true);
    }
  }

  static void write(ByteArrayOutputStream out, ByteBuffer from) {
    byte[] bytes = new byte[from.remaining()];
    from.get(bytes);
    out.writeBytes(bytes);
  }
}
