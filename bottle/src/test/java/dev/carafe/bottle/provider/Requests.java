package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What providers are asked in tests. */
record Requests(AgentProvider declared, Map<String, String> env, Path home) {
  static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
  static final AgentProvider NOTHING = declared(Optional.empty(), false, Map.of());

  static Requests at(Path home) {
    return new Requests(NOTHING, Map.of(), home);
  }

  static AgentProvider declared(
      Optional<SecretReference> token, boolean forward, Map<String, Object> settings) {
    return new AgentProvider("any", Optional.empty(), Optional.empty(), token, forward, settings);
  }

  Requests with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(env);
    more.put(name, value);
    return new Requests(declared, more, home);
  }

  Requests token(SecretReference token) {
    return new Requests(declared(Optional.of(token), false, Map.of()), env, home);
  }

  Requests forwarding() {
    return new Requests(declared(Optional.empty(), true, Map.of()), env, home);
  }

  Requests settings(Map<String, Object> settings) {
    return new Requests(declared(Optional.empty(), false, settings), env, home);
  }

  ProvisionRequest request() {
    return new ProvisionRequest(
        declared,
        env,
        home,
        "/home/node",
        "/home/node/workspace",
        Optional.of("it's \u001b mine"),
        Optional.of(Color.BLUE),
        NOW);
  }

  Provision of(Provider provider) throws ProviderException {
    return provider.provision(request());
  }

  static String text(Provision provision, String path) {
    return provision.files().stream()
        .filter(file -> file.path().equals(path))
        .map(file -> new String(file.content(), java.nio.charset.StandardCharsets.UTF_8))
        .findFirst()
        .orElseThrow();
  }
}
