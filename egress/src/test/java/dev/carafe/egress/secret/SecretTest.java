package dev.carafe.egress.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretTest {
  private static final String VALUE = "correct horse battery";

  @Test
  void itsTextFormNamesItOnly() {
    assertThat(Secret.of("the file x", VALUE)).hasToString("Secret[the file x]");
  }

  @Test
  void itCannotBeSerialised() throws Exception {
    try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
      assertThatThrownBy(() -> out.writeObject(Secret.of("x", VALUE)))
          .isInstanceOf(NotSerializableException.class)
          .hasMessageNotContaining("horse");
    }
  }

  @Test
  void twoWithTheSameValueAreNotEqual() {
    assertThat(Secret.of("x", VALUE)).isNotEqualTo(Secret.of("x", VALUE));
  }

  @Test
  void onceClearedItIsOfNoUse() {
    byte[] given = VALUE.getBytes(StandardCharsets.UTF_8);
    Secret secret = Secret.of("x", given);
    given[0] = 0;
    assertThat(secret.bytes()).asString(StandardCharsets.UTF_8).isEqualTo(VALUE);
    secret.clear();
    secret.clear();
    assertThatThrownBy(secret::bytes).hasMessage("x has been cleared from memory");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "hunter2", "two\nlines-of-hunter2", "nul\0-in-hunter2"})
  void whatCannotBeACredentialIsRefusedWithoutSayingIt(String value) {
    assertThatThrownBy(() -> Secret.of("the variable X", value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("the variable X ")
        .hasMessageNotContaining("hunter2");
    assertThatThrownBy(() -> Secret.of("x", "a".repeat(9000))).hasMessageContaining("8192");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0123456789_abcdef",
        "sk-proj-abcdefghijklmnopqrstuvwx",
        "xoxb-123456789012-abcdefgh",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx",
        "Bearer abcdefgh12345678",
        "d41d8cd98f00b204e9800998ecf8427e",
      })
  void whatLooksLikeATokenIsKnown(String token) {
    assertThat(Literal.insteadOfName(token)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GITHUB_TOKEN",
        "ANTHROPIC_API_KEY_2",
        "gh_token",
        "MyCompanyGithubTokenForCi",
        "TOKEN1"
      })
  void namesAreNotTakenForTokens(String name) {
    assertThat(Literal.insteadOfName(name)).isFalse();
  }
}
