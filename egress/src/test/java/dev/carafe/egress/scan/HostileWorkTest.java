package dev.carafe.egress.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * What is sent to keep us busy: it ends, passes unchanged or is refused, and needs no more room.
 */
class HostileWorkTest {
  private static final Scanner SCANNER =
      Scanner.of(
          ScanRules.builder()
              .patterns(true)
              .secret("s", Examples.bytes("tk_7Gq2VxN4mZ8pLr5TbW9cYs3KdHf6JaEu"))
              .build());

  @Test
  void keywordsWithoutEnd() {
    for (String text :
        new String[] {
          "-----BEGIN PRIVATE KEY-----\n",
          "PRIVATE KEY ",
          "eyJ.eyJ.",
          "secret_access_key = ",
          "H4sI ",
          "H4sIAAAAAAAA",
          "eJxeNoeAE",
          "%25%2525",
          "\\\\\\u005c",
          "&#x26;#x26;",
          "=3D=3D",
          "PK\3\4\24\0\0\0\10\0",
          "\u001f\u008b\10\0\0\0\0\0\0\0",
          "tk_7Gq2VxN4mZ8 ",
          "tk7Gq2" + " ".repeat(5000)
        }) {
      byte[] body = Examples.bytes(text.repeat(10_000 / text.length()));
      Random random = new Random(1);
      Pieces.Passed passed = Pieces.pass(SCANNER.outbound(OnMatch.REDACT), body, random);
      if (!passed.blocked()) {
        assertThat(passed.bytes()).hasSize(body.length);
      }
      Pieces.pass(SCANNER.outbound(OnMatch.BLOCK), body, random);
    }
  }
}
