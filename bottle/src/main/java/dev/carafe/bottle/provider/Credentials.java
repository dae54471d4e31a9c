package dev.carafe.bottle.provider;

import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Files;
import java.util.Map;
import java.util.Optional;

/** Finds the credential for a model on this host, or says what to do. */
final class Credentials {
  private Credentials() {}

  /**
   * What the manifest names; it is there, as far as that can be seen without fetching it.
   *
   * @throws ProviderException when it is not
   */
  static Optional<SecretReference> declared(String provider, ProvisionRequest request)
      throws ProviderException {
    Optional<SecretReference> named = request.declared().authToken();
    if (named.isPresent()) {
      check(provider, named.get(), request.hostEnv());
    }
    return named;
  }

  private static void check(String provider, SecretReference named, Map<String, String> hostEnv)
      throws ProviderException {
    boolean there =
        switch (named) {
          case SecretReference.Variable variable -> isSet(hostEnv, variable.variable());
          case SecretReference.File file -> Files.exists(file.path());
          case SecretReference.Field field -> Files.exists(field.path());
          case SecretReference.Command command -> true;
          case SecretReference.Keyring keyring -> true;
        };
    if (!there) {
      throw new ProviderException(
          "the provider "
              + provider
              + " has no credential: 'auth_token' names "
              + named.name()
              + ", which is not there; set it, or name another one in the bottle");
    }
  }

  /** The first of these variables that is set. */
  static Optional<SecretReference> variable(Map<String, String> hostEnv, String... names) {
    for (String name : names) {
      if (isSet(hostEnv, name)) {
        return Optional.of(new SecretReference.Variable(name));
      }
    }
    return Optional.empty();
  }

  private static boolean isSet(Map<String, String> hostEnv, String name) {
    return !hostEnv.getOrDefault(name, "").isBlank();
  }
}
