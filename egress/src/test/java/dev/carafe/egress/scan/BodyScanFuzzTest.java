package dev.carafe.egress.scan;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/**
 * Whatever is sent in whatever pieces, a scan passes or blocks, and when it masks, keeps the
 * length. Run for long with {@code JAZZER_FUZZ=1 mvn test -pl egress
 * -Dtest=BodyScanFuzzTest#METHOD}; otherwise only the kept inputs are tried.
 */
class BodyScanFuzzTest {
  private static final Scanner SCANNER =
      Scanner.of(
          ScanRules.builder()
              .secret("plain", Examples.bytes("tk_7Gq2VxN4mZ8pLr5TbW9cYs3KdHf6JaEu"))
              .secret("short", Examples.bytes("pa$$w0rd"))
              .secret("escaped", Examples.bytes("a%41\\nb&amp;c=31defghij"))
              .patterns(true)
              .entropy(true)
              .injection(ScanRules.Injection.WARN)
              .build());

  @FuzzTest(maxDuration = "2m")
  void blocking(byte[] bytes) {
    byte[] out = pass(SCANNER.outbound(OnMatch.BLOCK), bytes);
    if (out.length > body(bytes)) {
      throw new AssertionError("more came out than went in");
    }
  }

  @FuzzTest(maxDuration = "2m")
  void masking(byte[] bytes) {
    byte[] out = pass(SCANNER.outbound(OnMatch.REDACT), bytes);
    if (out.length > 0 && out.length != body(bytes)) {
      throw new AssertionError(body(bytes) + " bytes became " + out.length);
    }
  }

  @FuzzTest(maxDuration = "2m")
  void comingBack(byte[] bytes) {
    byte[] out = pass(SCANNER.inbound(OnMatch.OFF), bytes);
    if (out.length > 0 && out.length != body(bytes)) {
      throw new AssertionError(body(bytes) + " bytes became " + out.length);
    }
  }

  private static int body(byte[] bytes) {
    return Math.max(0, bytes.length - 1);
  }

  /** The first byte says how large the pieces are, and when nothing comes for a while. */
  private static byte[] pass(BodyScan scan, byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int size = bytes.length == 0 ? 1 : 1 + (bytes[0] & 0x7F);
    try (scan) {
      for (int at = 1; at < bytes.length; at += size) {
        int n = Math.min(size, bytes.length - at);
        Pieces.write(out, scan.feed(ByteBuffer.wrap(bytes, at, n)));
        if (bytes[0] < 0) {
          Pieces.write(out, scan.idle());
        }
      }
      Pieces.write(out, scan.finish());
      return out.toByteArray();
    } catch (BlockedException e) {
      return new byte[0];
    }
  }
}
