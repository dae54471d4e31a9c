package dev.carafe.egress.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Every way of writing a secret that we say we know is found, anywhere, in any pieces. */
class EncodingsTest {
  private static final int ROUNDS = 20;

  /** A way to write: the secret, some bytes before and after it, and chance. */
  interface Writing extends BiFunction<String, Random, String> {}

  static Map<String, Writing> writings() {
    Map<String, Writing> all = new LinkedHashMap<>();
    all.put("raw", (s, r) -> s);
    all.put("upper case", (s, r) -> s.toUpperCase(java.util.Locale.ROOT));
    all.put("reversed", (s, r) -> new StringBuilder(s).reverse().toString());
    all.put("rot13", (s, r) -> rotated(s));
    all.put("base64", (s, r) -> base64(Base64.getEncoder(), around(s, r)));
    all.put(
        "base64 unpadded", (s, r) -> base64(Base64.getEncoder().withoutPadding(), around(s, r)));
    all.put("base64url", (s, r) -> base64(Base64.getUrlEncoder(), around(s, r)));
    all.put(
        "base64 in lines",
        (s, r) -> base64(Base64.getMimeEncoder(20, bytes("\r\n")), around(s, r)));
    all.put(
        "base64 in JSON lines",
        (s, r) -> base64(Base64.getMimeEncoder(8, bytes("\n")), around(s, r)).replace("\n", "\\n"));
    all.put(
        "base64 twice",
        (s, r) -> base64(Base64.getEncoder(), base64(Base64.getEncoder(), around(s, r))));
    all.put("hex", (s, r) -> hex(s));
    all.put("HEX", (s, r) -> hex(s).toUpperCase(java.util.Locale.ROOT));
    all.put("hEx", (s, r) -> mixed(hex(s), r));
    all.put("hex of base64", (s, r) -> hex(base64(Base64.getEncoder(), around(s, r))));
    all.put("base64 of hex", (s, r) -> base64(Base64.getEncoder(), around(hex(s), r)));
    all.put("hex with colons", (s, r) -> HexFormat.ofDelimiter(":").formatHex(bytes(s)));
    all.put(
        "bytes of a program",
        (s, r) -> HexFormat.ofDelimiter(", ").withPrefix("0x").formatHex(bytes(s)));
    all.put("decimal list", (s, r) -> java.util.Arrays.toString(bytes(s)));
    all.put("base32", (s, r) -> base32(around(s, r)));
    all.put("base32 lower", (s, r) -> base32(around(s, r)).toLowerCase(java.util.Locale.ROOT));
    all.put("percent", (s, r) -> escape(s, r, 100, c -> String.format("%%%02x", c)));
    all.put("percent in part", (s, r) -> escape(s, r, 40, c -> String.format("%%%02X", c)));
    all.put("percent twice", (s, r) -> escape(s, r, 40, c -> String.format("%%25%02X", c)));
    all.put(
        "percent of percent",
        (s, r) ->
            escape(
                escape(s, r, 40, c -> String.format("%%%02X", c)),
                r,
                40,
                c -> String.format("%%%02X", c)));
    all.put("JSON escapes", (s, r) -> escape(s, r, 50, c -> String.format("\\u%04x", c)));
    all.put("JSON escapes in JSON", (s, r) -> escape(s, r, 50, c -> String.format("\\\\u%04x", c)));
    all.put("x escapes", (s, r) -> escape(s, r, 50, c -> String.format("\\x%02x", c)));
    all.put("octal escapes", (s, r) -> escape(s, r, 50, c -> String.format("\\%03o", c)));
    all.put("decimal references", (s, r) -> escape(s, r, 50, c -> "&#" + c + ";"));
    all.put("hex references", (s, r) -> escape(s, r, 50, c -> String.format("&#x%x;", c)));
    all.put("quoted-printable", (s, r) -> escape(s, r, 50, c -> String.format("=%02X", c)));
    all.put("split by spaces", (s, r) -> escape(s, r, 30, c -> (char) c + " "));
    all.put("split by lines", (s, r) -> escape(s, r, 30, c -> (char) c + "\r\n"));
    all.put("split by JSON lines", (s, r) -> escape(s, r, 30, c -> (char) c + "\\n"));
    all.put("split into labels", (s, r) -> s.replaceAll("(.{7})", "$1."));
    all.put("joined in code", (s, r) -> s.replaceAll("(.{3})", "$1\" + \""));
    all.put("full-width letters", (s, r) -> escape(s, r, 50, EncodingsTest::fullWidth));
    all.put("mathematical letters", (s, r) -> escape(s, r, 50, EncodingsTest::mathematical));
    all.put("zero-width between", (s, r) -> escape(s, r, 50, c -> (char) c + utf8("\u200b")));
    all.put("UTF-16 little", (s, r) -> latin(s.getBytes(StandardCharsets.UTF_16LE)));
    all.put("UTF-16 big", (s, r) -> latin(s.getBytes(StandardCharsets.UTF_16BE)));
    all.put(
        "base64 of UTF-16",
        (s, r) ->
            base64(Base64.getEncoder(), latin(around(s, r).getBytes(StandardCharsets.UTF_16LE))));
    all.put("gzip in base64", (s, r) -> base64(Base64.getEncoder(), gzip(around(s, r))));
    all.put("zlib in base64url", (s, r) -> base64(Base64.getUrlEncoder(), zlib(around(s, r))));
    all.put("gzip in base64 lines", (s, r) -> base64(Base64.getMimeEncoder(), gzip(around(s, r))));
    all.put(
        "gzip in base64 in JSON",
        (s, r) ->
            base64(Base64.getMimeEncoder(), gzip(around(s, r)))
                .replace("\r\n", "\\r\\n")
                .replace("/", "\\/"));
    all.put("gzip", (s, r) -> gzip(around(s, r)));
    all.put("gzip in gzip", (s, r) -> gzip(gzip(around(s, r))));
    all.put("window", EncodingsTest::window);
    all.put("base64 of a window", (s, r) -> base64(Base64.getEncoder(), around(window(s, r), r)));
    all.put("hex of a window", (s, r) -> hex(window(s, r)));
    all.put("base32 of a window", (s, r) -> base32(around(window(s, r), r)));
    return all;
  }

  @Test
  void eachIsBlockedWhereverItStandsAndHoweverItComes() {
    for (var writing : writings().entrySet()) {
      Random random = new Random(writing.getKey().hashCode());
      for (int round = 0; round < ROUNDS; round++) {
        String secret = secret(random, 16 + random.nextInt(60));
        Scanner scanner = Pieces.scanner(secret);
        String written = writing.getValue().apply(secret, random);
        byte[] body =
            bytes(
                Pieces.prose(random, random.nextInt(300))
                    + "!"
                    + written
                    + "!"
                    + Pieces.prose(random, random.nextInt(300)));
        assertThat(Pieces.blocked(scanner, body, random))
            .as("%s, round %d: %s in %s", writing.getKey(), round, secret, latin(body))
            .isTrue();
      }
    }
  }

  @Test
  void eachIsSeenInAHeader() {
    for (var writing : writings().entrySet()) {
      Random random = new Random(writing.getKey().hashCode());
      String secret = secret(random, 40);
      assertThat(
              Pieces.scanner(secret)
                  .check("header x-custom", bytes(writing.getValue().apply(secret, random))))
          .as(writing.getKey())
          .contains(new Finding("known-secret", "s", "header x-custom"));
    }
  }

  @Test
  void ofShortSecretsTheWholeIsFound() {
    for (int length = ScanRules.SHORTEST_SECRET; length < 16; length++) {
      for (String way :
          new String[] {
            "raw",
            "base64",
            "base64 unpadded",
            "base64url",
            "hex",
            "HEX",
            "percent",
            "base32",
            "UTF-16 little",
            "JSON escapes",
            "gzip"
          }) {
        Random random = new Random(length);
        for (int round = 0; round < ROUNDS; round++) {
          String secret =
              Examples.text(
                  "abcdefghijkmnpqrstuvwxyzABCDEFGH123456789!$#-_.,:;+*~", length, random);
          String written = writings().get(way).apply(secret, random);
          assertThat(
                  Pieces.blocked(
                      Pieces.scanner(secret), bytes("before !" + written + "! after"), random))
              .as("%s of %s: %s", way, secret, written)
              .isTrue();
        }
      }
    }
  }

  @Test
  void binarySecretsAreFound() {
    Random random = new Random(3);
    for (int round = 0; round < ROUNDS * 5; round++) {
      byte[] secret = new byte[8 + random.nextInt(40)];
      random.nextBytes(secret);
      Scanner scanner = Scanner.of(ScanRules.builder().secret("s", secret).build());
      String text = latin(secret);
      for (String way : new String[] {"raw", "base64", "base64url", "hex", "base32", "percent"}) {
        String written = writings().get(way).apply(text, random);
        assertThat(Pieces.blocked(scanner, bytes("before !" + written + "! after"), random))
            .as("%s of %s", way, hex(text))
            .isTrue();
      }
    }
  }

  static String secret(Random random, int length) {
    return Examples.text(Examples.alphabet("b64url"), length, random);
  }

  static String window(String secret, Random random) {
    int length = secret.length();
    // Not asked of what is tested: all of up to 12, three quarters of up to 21, then 16.
    int window = length <= 12 ? length : Math.clamp((length * 3 + 3) / 4, 12, 16);
    int start = random.nextInt(length - window + 1);
    return secret.substring(start, start + window);
  }

  private static String around(String text, Random random) {
    return Pieces.prose(random, random.nextInt(9)) + text + Pieces.prose(random, random.nextInt(9));
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static String latin(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static String utf8(String text) {
    return latin(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String base64(Base64.Encoder encoder, String text) {
    return latin(encoder.encode(bytes(text)));
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(bytes(text));
  }

  private static String rotated(String text) {
    StringBuilder result = new StringBuilder();
    for (char c : text.toCharArray()) {
      int base = c >= 'a' && c <= 'z' ? 'a' : c >= 'A' && c <= 'Z' ? 'A' : 0;
      result.append(base == 0 ? c : (char) ((c - base + 13) % 26 + base));
    }
    return result.toString();
  }

  private static String mixed(String text, Random random) {
    return escape(
        text, random, 50, c -> String.valueOf((char) c).toUpperCase(java.util.Locale.ROOT));
  }

  private static String escape(
      String text, Random random, int percent, java.util.function.IntFunction<String> how) {
    StringBuilder result = new StringBuilder();
    for (char c : text.toCharArray()) {
      result.append(random.nextInt(100) < percent ? how.apply(c) : String.valueOf(c));
    }
    return result.toString();
  }

  private static String fullWidth(int c) {
    return Character.isLetterOrDigit(c)
        ? utf8(Character.toString(c - 0x20 + 0xFF00))
        : "" + (char) c;
  }

  private static String mathematical(int c) {
    if (c >= 'a' && c <= 'z') {
      return utf8(Character.toString(c - 'a' + 0x1D41A));
    }
    return c >= '0' && c <= '9' ? utf8(Character.toString(c - '0' + 0x1D7CE)) : "" + (char) c;
  }

  private static String base32(String text) {
    StringBuilder result = new StringBuilder();
    byte[] bytes = bytes(text);
    long bits = 0;
    int count = 0;
    for (byte b : bytes) {
      bits = bits << 8 | b & 0xFF;
      count += 8;
      while (count >= 5) {
        count -= 5;
        result.append(Coded.BASE32.charAt((int) (bits >> count) & 31));
      }
    }
    return count == 0
        ? result.toString()
        : result.append(Coded.BASE32.charAt((int) (bits << 5 - count) & 31)).toString();
  }

  static String gzip(String text) {
    return packed(text, GZIPOutputStream::new);
  }

  static String zlib(String text) {
    return packed(text, DeflaterOutputStream::new);
  }

  /** Opens a stream that packs. */
  interface Packing {
    OutputStream over(OutputStream out) throws IOException;
  }

  private static String packed(String text, Packing packing) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream stream = packing.over(out)) {
      stream.write(bytes(text));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return latin(out.toByteArray());
  }
}
