package dev.carafe.image.registry;

import com.google.cloud.tools.jib.api.Credential;
import com.google.cloud.tools.jib.registry.credentials.DockerConfigCredentialRetriever;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What {@code docker login} has stored: plainly, or with a helper program. Jib reads all forms. */
public final class Credentials {
  private final Path file;

  public Credentials(Path file) {
    this.file = file;
  }

  /** Docker's configuration file of this environment. */
  public static Credentials ofEnvironment(Map<String, String> environment) {
    String directory = environment.get("DOCKER_CONFIG");
    Path home = Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")));
    return new Credentials(
        (directory == null || directory.isEmpty() ? home.resolve(".docker") : Path.of(directory))
            .resolve("config.json"));
  }

  Path file() {
    return file;
  }

  Optional<Credential> of(String host) throws RegistryException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      // Jib's log lines may name helpers, never secrets; what matters ends in the outcome.
      return DockerConfigCredentialRetriever.create(host, file).retrieve(event -> {});
    } catch (IOException e) {
      // The cause's text could quote the file.
      throw new RegistryException("the credentials in " + file + " cannot be read: is it JSON?");
    }
  }
}
