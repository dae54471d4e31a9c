package dev.carafe.bottle.provider;

import dev.carafe.egress.secret.CredentialFile;
import dev.carafe.egress.secret.SecretException;
import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What Claude Code is logged in with on this host: a file of its own directory. */
final class ClaudeLogin {
  private static final String LOGIN = "run 'claude' on this host and log in, or set auth_token";

  private ClaudeLogin() {}

  /**
   * A reference to the token, which has not expired.
   *
   * @throws ProviderException when there is none
   */
  static SecretReference check(ProvisionRequest request) throws ProviderException {
    String named = request.hostEnv().getOrDefault("CLAUDE_CONFIG_DIR", "");
    Path directory = named.isEmpty() ? request.hostHome().resolve(".claude") : Path.of(named);
    SecretReference.Field token =
        new SecretReference.Field(
            directory.resolve(".credentials.json"), List.of("claudeAiOauth", "accessToken"));
    try (CredentialFile file = CredentialFile.read(token.path())) {
      if (file.value(token.keys()).isEmpty()) {
        throw new ProviderException(
            "Claude Code is not logged in on this host with a subscription: "
                + token.name()
                + " is not there; "
                + LOGIN);
      }
      Optional<String> until = file.value(List.of("claudeAiOauth", "expiresAt"));
      if (until.isPresent() && !expiry(until.get()).isAfter(request.now())) {
        throw new ProviderException(
            "what Claude Code is logged in with on this host has expired; run 'claude' there once,"
                + " which renews it");
      }
      return token;
    } catch (SecretException e) {
      throw new ProviderException(
          "Claude Code is not logged in on this host: " + e.getMessage() + "; " + LOGIN);
    }
  }

  /** Milliseconds since 1970; what is none has expired. */
  private static Instant expiry(String text) {
    try {
      return Instant.ofEpochMilli(Long.parseLong(text));
    } catch (NumberFormatException e) {
      return Instant.EPOCH;
    }
  }
}
