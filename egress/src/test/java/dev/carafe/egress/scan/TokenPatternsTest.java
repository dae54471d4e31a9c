package dev.carafe.egress.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TokenPatternsTest {
  private static final Scanner SCANNER = Scanner.of(ScanRules.builder().patterns(true).build());

  @Test
  void thereAreMoreThanFortyKindsAndEachHasItsOwnName() {
    Set<String> names = new HashSet<>();
    PatternFile.TOKENS.forEach(pattern -> assertThat(names.add(pattern.id())).isTrue());
    assertThat(names).hasSizeGreaterThan(40);
  }

  @Test
  void eachExampleIsFoundAsWhatItIs() {
    Random random = new Random(1);
    for (TokenPattern pattern : PatternFile.TOKENS) {
      for (int round = 0; round < 20; round++) {
        String token = Examples.make(pattern.example(), random);
        assertThat(alone(pattern, token)).as("%s: %s", pattern.id(), token).isTrue();
        for (String text :
            new String[] {
              token,
              "x: \"" + token + "\", y",
              "a=1&b=" + token,
              "/a/" + token + "?b",
              "é" + token,
              "a line\\n" + token + "\\nmore"
            }) {
          BodyScan scan = SCANNER.outbound(OnMatch.REDACT);
          Pieces.Passed passed = Pieces.pass(scan, Examples.bytes(text), random);
          assertThat(passed.bytes()).hasSize(text.length());
          assertThat(scan.findings())
              .as("%s in %s", pattern.id(), text)
              .isNotEmpty()
              .allMatch(finding -> finding.detector().equals("token-pattern"));
          assertThat(SCANNER.check("", passed.bytes()))
              .as("%s left in %s", pattern.id(), new String(passed.bytes()))
              .isEmpty();
          assertThat(Pieces.blocked(SCANNER, Examples.bytes(text), random)).isTrue();
        }
      }
    }
  }

  /** Whether this pattern, and not another, finds the token where its keyword stands. */
  private static boolean alone(TokenPattern pattern, String token) {
    String keyword = pattern.keyword();
    int at =
        pattern.anyCase()
            ? token.toLowerCase(java.util.Locale.ROOT).indexOf(keyword)
            : token.indexOf(keyword);
    Runs runs = new Runs();
    runs.clear();
    return pattern.look(Examples.bytes(token), 0, at, token.length(), true, runs).start() >= 0;
  }

  @Test
  void eachExampleIsFoundWithOneCharacterEscaped() {
    Random random = new Random(2);
    for (TokenPattern pattern : PatternFile.TOKENS) {
      String token = Examples.make(pattern.example(), random);
      int at = token.length() / 2;
      String escaped =
          token.substring(0, at)
              + String.format("\\u%04x", (int) token.charAt(at))
              + token.substring(at + 1);
      assertThat(SCANNER.check("body", Examples.bytes("{\"a\":\"" + escaped + "\"}")))
          .as("%s: %s", pattern.id(), escaped)
          .isPresent();
    }
  }

  @Test
  void aTokenThatIsAPasswordIsSeenInTheHeaderThatCarriesIt() {
    String token = Examples.make("\"gh\" + \"p_\" + alnum*36", new Random(3));
    String header = "Basic " + Base64.getEncoder().encodeToString(Examples.bytes("me:" + token));
    assertThat(SCANNER.check("authorization", Examples.bytes(header)))
        .contains(new Finding("token-pattern", "github-classic", "authorization"));
  }

  @Test
  void whatDocumentsShowInsteadOfTokensIsLeftAlone() {
    for (String text :
        new String[] {
          "export OPENAI_API_KEY=sk-...",
          "AKIA" + "IOSFODNN7EXAMPLE",
          "ghp_" + "x".repeat(36),
          "ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz",
          "sk-ant-" + "api03-" + "your-key-here".repeat(8),
          "xoxb-your-token",
          "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
          "-----BEGIN PUBLIC KEY-----\n" + "MIIBIjANBgkqhkiG9w0BAQEFAAOC".repeat(8),
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "Kd83hfGr2qmxy0sPzQwBv7tLnEiUoYcJ" + " me@here",
          "glpat-<token>",
          "eyJhbGciOiJIUzI1NiJ9"
        }) {
      assertThat(SCANNER.check("body", Examples.bytes(text))).as(text).isEmpty();
    }
  }

  @Test
  void aWholePrivateKeyIsOverwritten() {
    Random random = new Random(4);
    StringBuilder key = new StringBuilder("-----BEGIN RSA PRIVATE" + " KEY-----\n");
    for (int line = 0; line < 50; line++) {
      key.append(Examples.text(Examples.alphabet("b64"), 64, random)).append('\n');
    }
    key.append("-----END RSA PRIVATE" + " KEY-----");
    for (String text : new String[] {key.toString(), key.toString().replace("\n", "\\n")}) {
      byte[] body = Examples.bytes("{\"key\":\"" + text + "\"}");
      byte[] out = Pieces.pass(SCANNER.outbound(OnMatch.REDACT), body, random).bytes();
      // Before it is clear what begins there, a part of the head may go on.
      assertThat(out).hasSize(body.length);
      assertThat(new String(out)).matches("\\{\"key\":\"[-A-Z ]{0,26}\\*{3200,}\"\\}");
    }
  }

  @Test
  void aDataFileThatIsWrongSaysWhere() {
    assertThatThrownBy(() -> PatternFile.parse("file", "id: a\nkeyword: abc\n"))
        .hasMessageStartingWith("file, line 3: the block above has no 'pattern'");
    assertThatThrownBy(() -> PatternFile.parse("file", "id: a\nnonsense\n"))
        .hasMessageStartingWith("file, line 2: ");
  }
}
