package dev.carafe.bottle.provider;

import dev.carafe.egress.secret.CredentialFile;
import dev.carafe.egress.secret.SecretException;
import dev.carafe.egress.secret.SecretReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What Codex is logged in with on this host, and what stands for it in a guest: tokens of the same
 * form that say until when they hold and for which account, and have neither a signature nor
 * anything else of the real ones.
 *
 * @param token where the real token is
 * @param account the account's identifier, which Codex sends with each request; no secret
 * @param until when the token expires
 */
record CodexLogin(SecretReference.Field token, String account, Instant until) {
  private static final JsonFactory JSON = new JsonFactory();
  private static final String LOGIN = "run 'codex login' on this host";

  /**
   * The login of this host, which has not expired.
   *
   * @throws ProviderException when there is none
   */
  static CodexLogin read(ProvisionRequest request) throws ProviderException {
    String named = request.hostEnv().getOrDefault("CODEX_HOME", "");
    Path directory = named.isEmpty() ? request.hostHome().resolve(".codex") : Path.of(named);
    SecretReference.Field token =
        new SecretReference.Field(
            directory.resolve("auth.json"), List.of("tokens", "access_token"));
    try (CredentialFile file = CredentialFile.read(token.path())) {
      Optional<String> value = file.value(token.keys());
      Optional<String> account = file.value(List.of("tokens", "account_id"));
      if (value.isEmpty() || account.isEmpty()) {
        throw new ProviderException(
            "Codex is not logged in on this host with a subscription: "
                + (value.isEmpty() ? token.name() : "the account in the file " + token.path())
                + " is not there; "
                + LOGIN);
      }
      Instant until =
          expiry(value.get())
              .orElseThrow(
                  () ->
                      new ProviderException(
                          token.name() + " is no token that says when it expires; " + LOGIN));
      if (!until.isAfter(request.now())) {
        throw new ProviderException(
            "what Codex is logged in with on this host has expired; run 'codex' there once, which"
                + " renews it, or 'codex login'");
      }
      return new CodexLogin(token, account.get(), until);
    } catch (SecretException e) {
      throw new ProviderException(
          "Codex is not logged in on this host: " + e.getMessage() + "; " + LOGIN);
    }
  }

  /** The {@code exp} of a JSON Web Token (RFC 7519), whose signature nobody here can check. */
  private static Optional<Instant> expiry(String token) {
    String[] parts = token.split("\\.", -1);
    if (parts.length != 3) {
      return Optional.empty();
    }
    try (JsonParser json =
        JSON.createParser(ObjectReadContext.empty(), Base64.getUrlDecoder().decode(parts[1]))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean meant = json.currentName().equals("exp");
        if (json.nextToken().isNumeric() && meant) {
          return Optional.of(Instant.ofEpochSecond(json.getLongValue()));
        }
        json.skipChildren();
      }
      return Optional.empty();
    } catch (JacksonException | IllegalArgumentException | java.time.DateTimeException e) {
      return Optional.empty();
    }
  }

  /**
   * The file for the guest.
   *
   * @param now when the tokens were last renewed, so that nobody tries it in the guest
   */
  String dummy(Instant now) {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("exp", until.getEpochSecond());
    claims.put("https://api.openai.com/auth", Map.of("chatgpt_account_id", account));
    String token =
        encoded(Map.of("alg", "none", "typ", "JWT")) + "." + encoded(claims) + ".placeholder";
    Map<String, Object> tokens = new LinkedHashMap<>();
    tokens.put("id_token", token);
    tokens.put("access_token", token);
    tokens.put("refresh_token", "placeholder");
    tokens.put("account_id", account);
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("auth_mode", "chatgpt");
    file.put("tokens", tokens);
    file.put("last_refresh", now.toString());
    return ConfigJson.object(file);
  }

  private static String encoded(Map<String, ?> part) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(ConfigJson.object(part).getBytes(StandardCharsets.UTF_8));
  }
}
