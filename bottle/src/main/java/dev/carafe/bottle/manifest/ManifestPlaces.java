package dev.carafe.bottle.manifest;

import java.nio.file.Path;

/**
 * Where files are looked for. Bottles are only in {@link #bottles}, and providers in {@link
 * #providers}: there is no other place, and none can be named.
 *
 * @param user the user's own directory, {@code ~/.config/carafe}
 * @param repository the directory that is worked in
 */
public record ManifestPlaces(Path user, Path repository) {
  public ManifestPlaces {
    user = user.toAbsolutePath().normalize();
    repository = repository.toAbsolutePath().normalize();
  }

  /** The user's bottles. */
  public Path bottles() {
    return user.resolve("bottles");
  }

  /** The user's agents. */
  public Path agents() {
    return user.resolve("agents");
  }

  /** The user's own providers. */
  public Path providers() {
    return user.resolve("providers");
  }

  /** The repository's agents. */
  public Path repositoryAgents() {
    return repository.resolve(".carafe").resolve("agents");
  }
}
