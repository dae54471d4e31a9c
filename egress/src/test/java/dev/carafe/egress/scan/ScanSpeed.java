package dev.carafe.egress.scan;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;

/**
 * Prints how fast bodies pass, with ten secrets and all patterns. To be run by hand:
 *
 * <pre>java -cp … dev.carafe.egress.scan.ScanSpeed [MEGABYTES]</pre>
 */
final class ScanSpeed {
  private static final int CHUNK = 64 * 1024;
  private static final int SAMPLE = 16 << 20;

  private ScanSpeed() {}

  public static void main(String[] arguments) throws BlockedException {
    int megabytes = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1024;
    Random random = new Random(1);
    ScanRules.Builder rules = ScanRules.builder().patterns(true);
    for (int i = 0; i < 10; i++) {
      String secret = "tok_" + Examples.text(Examples.alphabet("alnum"), 36, random);
      rules.secret("secret" + i, Examples.bytes(secret));
    }
    long start = System.nanoTime();
    Scanner scanner = Scanner.of(rules.build());
    System.out.printf("scanner made in %d ms%n", (System.nanoTime() - start) / 1_000_000);
    byte[] noise = new byte[SAMPLE];
    random.nextBytes(noise);
    for (int round = 0; round < 2; round++) {
      reference(noise, megabytes);
      measure("random bytes", scanner, noise, megabytes);
      measure("base64", scanner, Base64.getEncoder().encode(noise), megabytes);
      measure("base64 in lines", scanner, Base64.getMimeEncoder().encode(noise), megabytes);
      measure("conversation (JSON)", scanner, conversation(random), megabytes);
      measure("minified code", scanner, code(random), megabytes);
      measure("percent-encoded", scanner, percent(noise), megabytes);
      measure("zeros", scanner, new byte[SAMPLE], megabytes);
    }
  }

  private static void measure(String name, Scanner scanner, byte[] sample, int megabytes)
      throws BlockedException {
    long bytes = (long) megabytes << 20;
    long start = System.nanoTime();
    long busy = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    long done = 0;
    long out = 0;
    try (BodyScan scan = scanner.outbound(OnMatch.BLOCK)) {
      while (done < bytes) {
        for (int at = 0; at < sample.length && done < bytes; at += CHUNK) {
          int n = Math.min(CHUNK, sample.length - at);
          out += scan.feed(ByteBuffer.wrap(sample, at, n)).remaining();
          done += n;
        }
      }
      out += scan.finish().remaining();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpu = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - busy) / 1e9;
    System.out.printf(
        "%-22s %7.0f MB/s of processor time, %7.0f MB/s of time  (%d bytes in, %d out)%n",
        name, done / 1e6 / cpu, done / 1e6 / seconds, done, out);
  }

  /** The least that a loop over bytes costs here: one look into a table for each. */
  private static void reference(byte[] sample, int megabytes) {
    int[] table = new Random(2).ints(256).toArray();
    long busy = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    long sum = 0;
    int rounds = Math.max(1, (int) (((long) megabytes << 20) / sample.length));
    for (int round = 0; round < rounds; round++) {
      for (byte b : sample) {
        sum += table[b & 0xFF];
      }
    }
    double cpu = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - busy) / 1e9;
    System.out.printf(
        "%-22s %7.0f MB/s of processor time (%d)%n",
        "a table's sum", (double) sample.length * rounds / 1e6 / cpu, sum);
  }

  static byte[] conversation(Random random) {
    StringBuilder text = new StringBuilder("{\"model\":\"m\",\"messages\":[");
    String[] words =
        ("the of and to in a is that for it as was with be by on not he his but at are this have"
                + " from or had an they which one you were all her she there would their we him"
                + " been has when who will no more if out so up said what its about than into"
                + " token key secret function return value class public static final")
            .split(" ");
    while (text.length() < SAMPLE) {
      text.append("{\"role\":\"user\",\"content\":\"");
      for (int i = 0; i < 200; i++) {
        text.append(words[random.nextInt(words.length)]);
        text.append(i % 9 == 8 ? "\\n" : i % 31 == 30 ? " \\\"quoted\\\" " : " ");
      }
      text.append("\"},");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  static byte[] code(Random random) {
    StringBuilder text = new StringBuilder();
    String[] parts = {
      "function ",
      "(e,t,n){",
      "return ",
      "var ",
      "=0x1f;",
      "e.prototype.",
      "&&",
      "||",
      "null!==",
      "this.",
      "void 0",
      "===typeof ",
      "\"use strict\";",
      "for(",
      "in ",
      "}",
      ";",
      "%2",
      "\\n"
    };
    while (text.length() < SAMPLE) {
      text.append(parts[random.nextInt(parts.length)]);
      text.append((char) ('a' + random.nextInt(26)));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] percent(byte[] noise) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; text.length() < SAMPLE; i++) {
      text.append('%').append(String.format("%02X", noise[i]));
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
