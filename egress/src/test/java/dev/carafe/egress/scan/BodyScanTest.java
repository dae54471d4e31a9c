package dev.carafe.egress.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

/** What goes on, what is kept back, what is overwritten. */
class BodyScanTest {
  private static final String SECRET = "tk_7Gq2VxN4mZ8pLr5TbW9cYs3KdHf6JaEu";
  private static final Scanner SCANNER = Pieces.scanner(SECRET);

  @Test
  void ordinaryBytesGoOnAtOnce() throws BlockedException {
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    assertThat(text(scan.feed(bytes("data: hello\n\n")))).isEqualTo("data: hello\n\n");
    assertThat(text(scan.feed(bytes("data: more\n\n")))).isEqualTo("data: more\n\n");
    assertThat(text(scan.finish())).isEmpty();
  }

  @Test
  void aBeginningIsKeptAndGoesOnWhenItIsNone() throws BlockedException {
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    assertThat(text(scan.feed(bytes("a " + SECRET.substring(0, 12))))).isEqualTo("a ");
    assertThat(text(scan.idle())).isEmpty();
    assertThat(text(scan.feed(bytes("!else")))).isEqualTo(SECRET.substring(0, 12) + "!else");
  }

  @Test
  void aShortBeginningGoesOnWhenNothingFollows() throws BlockedException {
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    assertThat(text(scan.feed(bytes("a " + SECRET.substring(0, 6))))).isEqualTo("a ");
    assertThat(text(scan.idle())).isEqualTo(SECRET.substring(0, 6));
    assertThatThrownBy(() -> scan.feed(bytes(SECRET.substring(6))))
        .isInstanceOf(BlockedException.class);
  }

  @Test
  void whatIsBlockedStaysBlockedAndDoesNotSayTheValue() throws BlockedException {
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    assertThatThrownBy(() -> scan.feed(bytes(SECRET)))
        .hasMessage("known-secret s in body")
        .hasNoCause();
    assertThatThrownBy(() -> scan.feed(bytes("harmless"))).isInstanceOf(BlockedException.class);
    assertThatThrownBy(scan::finish).isInstanceOf(BlockedException.class);
    assertThat(scan.idle().hasRemaining()).isFalse();
    assertThat(scan.findings()).containsExactly(new Finding("known-secret", "s", "body"));
  }

  /** Of what matches, fewer characters leave than are a match, however it is written and cut. */
  @Test
  void ofABlockedMatchLessThanAWindowHasGoneOn() {
    for (Map.Entry<String, EncodingsTest.Writing> writing : EncodingsTest.writings().entrySet()) {
      if (writing.getKey().contains("gzip") || writing.getKey().contains("zlib")) {
        continue;
      }
      Random random = new Random(writing.getKey().length());
      String written = writing.getValue().apply(SECRET, random);
      for (int round = 0; round < 20; round++) {
        byte[] body = EncodingsTest.bytes("before !" + written + "! after");
        Pieces.Passed passed = Pieces.pass(SCANNER.outbound(OnMatch.BLOCK), body, random);
        assertThat(passed.blocked()).isTrue();
        assertThat(SCANNER.check("", passed.bytes())).as(writing.getKey()).isEmpty();
        assertThat(passed.bytes().length).as(writing.getKey()).isLessThan(body.length);
      }
    }
  }

  /** Of the plain value at most three characters leave; the rest is kept back until it is sure. */
  @Test
  void ofABlockedValueAtMostThreeCharactersHaveGoneOn() {
    Random random = new Random(5);
    for (int round = 0; round < 500; round++) {
      byte[] body = EncodingsTest.bytes("!! " + SECRET + " !!");
      Pieces.Passed passed = Pieces.pass(SCANNER.outbound(OnMatch.BLOCK), body, random);
      assertThat(passed.bytes().length).isLessThanOrEqualTo(3 + 4);
    }
  }

  @Test
  void maskingKeepsTheLengthAndLeavesNoMatch() {
    for (Map.Entry<String, EncodingsTest.Writing> writing : EncodingsTest.writings().entrySet()) {
      if (writing.getKey().contains("gzip") || writing.getKey().contains("zlib")) {
        continue;
      }
      Random random = new Random(writing.getKey().length());
      for (int round = 0; round < 20; round++) {
        String written = writing.getValue().apply(SECRET, random);
        // Letters beside it may happen to go on with the secret, so the nearest do not matter.
        String before = Pieces.prose(random, random.nextInt(200)) + "?";
        String after = "?" + Pieces.prose(random, random.nextInt(200));
        String near = "- zzzz !";
        byte[] body = EncodingsTest.bytes(before + near + written + near + after);
        byte[] out = Pieces.pass(SCANNER.outbound(OnMatch.REDACT), body, random).bytes();
        assertThat(out).hasSize(body.length);
        assertThat(SCANNER.check("", out))
            .as("%s: %s", writing.getKey(), EncodingsTest.latin(out))
            .isEmpty();
        assertThat(EncodingsTest.latin(out)).startsWith(before).endsWith(after).contains("****");
      }
    }
  }

  /** However it is cut, of a value that is masked at most three characters stay. */
  @Test
  void aWholeValueIsMasked() {
    Random random = new Random(6);
    for (int round = 0; round < 300; round++) {
      byte[] body = EncodingsTest.bytes("a: " + SECRET + " b");
      byte[] out = Pieces.pass(SCANNER.outbound(OnMatch.REDACT), body, random).bytes();
      assertThat(EncodingsTest.latin(out))
          .hasSize(body.length)
          .matches("a: (t|tk|tk_|tk_7)?\\*+ b");
    }
    assertThat(EncodingsTest.latin(SCANNER.redact(EncodingsTest.bytes("a: " + SECRET + " b"))))
        .isEqualTo("a: " + "*".repeat(SECRET.length()) + " b");
  }

  @Test
  void whatStandsTogetherOnlyAfterMaskingIsMaskedToo() {
    String nested = SECRET.substring(0, 11) + SECRET + SECRET.substring(11);
    Random random = new Random(7);
    for (int round = 0; round < 100; round++) {
      byte[] out =
          Pieces.pass(SCANNER.outbound(OnMatch.REDACT), EncodingsTest.bytes(nested), random)
              .bytes();
      assertThat(out).hasSize(nested.length());
      assertThat(SCANNER.check("", out)).as(EncodingsTest.latin(out)).isEmpty();
    }
  }

  @Test
  void nobodyLooksWhenOff() throws BlockedException {
    BodyScan scan = SCANNER.outbound(OnMatch.OFF);
    assertThat(text(scan.feed(bytes(SECRET)))).isEqualTo(SECRET);
  }

  @Test
  void whatComesBackIsMaskedEvenWhenNobodyAsks() throws BlockedException {
    BodyScan scan = SCANNER.inbound(OnMatch.OFF);
    String out = text(scan.feed(bytes("{\"echo\":\"" + SECRET + "\"}"))) + text(scan.finish());
    assertThat(out).isEqualTo("{\"echo\":\"" + "*".repeat(SECRET.length()) + "\"}");
    assertThat(scan.findings()).extracting(Finding::where).containsExactly("response body");
  }

  @Test
  void compressedBodiesAreLookedInto() {
    Random random = new Random(8);
    String text = Pieces.prose(random, 100_000) + SECRET + Pieces.prose(random, 100_000);
    // Among so much that does not repeat, zstd writes no byte as it is.
    String various = Examples.text("eeeeeeeettttaaonirsh", 50_000, random);
    byte[] zstd = Zstd.compress(EncodingsTest.bytes(various + SECRET + various));
    assertThat(EncodingsTest.latin(zstd)).doesNotContain(SECRET.substring(4, 10));
    assertThat(Pieces.blocked(SCANNER, zstd, random)).isTrue();
    byte[] zlib = EncodingsTest.bytes(EncodingsTest.zlib(text));
    assertThat(Pieces.blocked(SCANNER, zlib, random)).isTrue();
    byte[] raw = java.util.Arrays.copyOfRange(zlib, 2, zlib.length);
    assertThat(Pieces.pass(SCANNER.outbound(OnMatch.REDACT, "deflate"), raw, random).blocked())
        .isTrue();
    byte[] gzip = EncodingsTest.bytes(EncodingsTest.gzip(text));
    assertThat(Pieces.pass(SCANNER.outbound(OnMatch.BLOCK, "gzip"), gzip, random).blocked())
        .isTrue();
    String clean = EncodingsTest.gzip(Pieces.prose(random, 100_000));
    assertThat(Pieces.blocked(SCANNER, EncodingsTest.bytes(clean), random)).isFalse();
  }

  @Test
  void filesInAnArchiveAreLookedInto() throws IOException {
    Random random = new Random(12);
    for (String text : new String[] {SECRET, "nothing"}) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(out)) {
        for (int file = 0; file < 30; file++) {
          zip.putNextEntry(new ZipEntry("directory/file" + file));
          String content = Pieces.prose(random, 3000) + (file == 20 ? text : "") + "!";
          zip.write(EncodingsTest.bytes(content));
        }
      }
      assertThat(Pieces.blocked(SCANNER, out.toByteArray(), random)).isEqualTo(text == SECRET);
    }
  }

  @Test
  void codingsThatCannotBeReadAreRefused() {
    assertThatThrownBy(() -> SCANNER.outbound(OnMatch.BLOCK, "br").feed(bytes("anything")))
        .hasMessage("compression unreadable-content-encoding in body");
  }

  @Test
  void whatUnpacksToTooMuchIsRefused() {
    byte[] bomb = EncodingsTest.bytes(EncodingsTest.gzip("\0".repeat(16 << 20)));
    assertThatThrownBy(() -> SCANNER.outbound(OnMatch.BLOCK).feed(ByteBuffer.wrap(bomb)))
        .hasMessage("compression ratio-too-high in body");
  }

  @Test
  void whatIsPackedTooDeepIsRefused() {
    String packed = "x".repeat(100);
    for (int i = 0; i < 5; i++) {
      packed = EncodingsTest.gzip(packed);
    }
    byte[] body = EncodingsTest.bytes(packed);
    assertThatThrownBy(() -> SCANNER.outbound(OnMatch.BLOCK).feed(ByteBuffer.wrap(body)))
        .hasMessage("compression nested-too-deep in body");
  }

  @Test
  void phrasesThatTakeOverAgentsAreFoundWhenAsked() throws BlockedException {
    Random random = new Random(9);
    for (TokenPattern marker : PatternFile.INJECTIONS) {
      byte[] page = Examples.bytes("<p>Hi. " + Examples.make(marker.example(), random) + " ok</p>");
      for (ScanRules.Injection what : ScanRules.Injection.values()) {
        Scanner scanner = Scanner.of(ScanRules.builder().injection(what).build());
        BodyScan scan = scanner.inbound(OnMatch.OFF);
        Pieces.Passed passed = Pieces.pass(scan, page, random);
        assertThat(passed.blocked()).as(marker.id()).isEqualTo(what == ScanRules.Injection.BLOCK);
        assertThat(scan.findings().isEmpty()).isEqualTo(what == ScanRules.Injection.OFF);
        if (what != ScanRules.Injection.BLOCK) {
          assertThat(passed.bytes()).isEqualTo(page);
        }
        assertThat(scan.findings().size()).isLessThanOrEqualTo(1);
      }
    }
  }

  @Test
  void randomWordsAreNotedWhenAskedAndStopNothing() {
    Random random = new Random(10);
    Scanner scanner = Scanner.of(ScanRules.builder().entropy(true).build());
    BodyScan scan = scanner.outbound(OnMatch.BLOCK);
    byte[] body = Examples.bytes(Examples.text(Examples.alphabet("b64"), 600, random));
    assertThat(Pieces.pass(scan, body, random).bytes()).isEqualTo(body);
    assertThat(scan.findings()).contains(new Finding("entropy", "random-word", "body"));
    BodyScan prose = scanner.outbound(OnMatch.BLOCK);
    Pieces.pass(prose, Examples.bytes(Pieces.prose(random, 5000)), random);
    assertThat(prose.findings()).isEmpty();
  }

  @Test
  void aCanaryIsASecretOfItsOwnKind() {
    Canary canary = Canary.random();
    assertThat(canary.name()).matches("[A-Z]+_[A-Z]+_SECRET");
    assertThat(canary.toString()).doesNotContain(canary.token());
    assertThat(Canary.random().token()).isNotEqualTo(canary.token());
    Scanner scanner = Scanner.of(ScanRules.builder().canary(canary).build());
    assertThat(scanner.check("query", canary.bytes()))
        .contains(new Finding("canary", canary.name(), "query"));
  }

  @Test
  void secretsTooShortOrTooLongAreRefusedWithASentence() {
    assertThatThrownBy(() -> ScanRules.builder().secret("PIN", Examples.bytes("1234567")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("The secret 'PIN' has 7 bytes, and only one of 8 to 16384 bytes")
        .hasMessageNotContaining("1234567");
    assertThatThrownBy(() -> ScanRules.builder().secret("x", new byte[16 * 1024 + 1]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void secretsSpreadOverLabelsOfAHostAreSeen() {
    String host = SECRET.toLowerCase(java.util.Locale.ROOT).replaceAll("(.{9})", "$1.");
    assertThat(SCANNER.check("host", Examples.bytes(host + ".example.com"))).isPresent();
    assertThat(SCANNER.check("host", Examples.bytes("api.example.com"))).isEmpty();
  }

  @Test
  void aBodyIsPassedWithoutHoldingItAll() throws BlockedException {
    BodyScan scan = SCANNER.outbound(OnMatch.BLOCK);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Random random = new Random(11);
    byte[] body = new byte[3_000_000];
    random.nextBytes(body);
    for (int at = 0; at < body.length; at += 1000) {
      Pieces.write(out, scan.feed(ByteBuffer.wrap(body, at, 1000)));
      assertThat(at + 1000 - out.size()).isLessThan(BodyScan.HISTORY);
    }
    Pieces.write(out, scan.finish());
    assertThat(out.toByteArray()).isEqualTo(body);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(EncodingsTest.bytes(text));
  }

  private static String text(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return EncodingsTest.latin(bytes);
  }
}
