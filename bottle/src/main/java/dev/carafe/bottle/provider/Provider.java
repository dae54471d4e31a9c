package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import java.util.Optional;

/**
 * One agent program: what starts it, what image it is in, and what it is given. Providers of
 * programmers are found by {@link java.util.ServiceLoader}; they need a public constructor without
 * parameters. Stateless; any thread.
 */
public interface Provider {
  /** Small letters, digits and hyphens, a letter first, at most 64; what manifests name it by. */
  String name();

  /**
   * What is run.
   *
   * @throws ProviderException when the settings do not say what this provider needs
   */
  Program program(AgentProvider declared) throws ProviderException;

  /** How its image is made; empty when it has an image, or a manifest has to name one. */
  Optional<Recipe> recipe();

  /** A reference of the image that it is in, when it has no recipe. */
  default Optional<String> image() {
    return Optional.empty();
  }

  /**
   * What a bottle with this program gets. May read files of the host; changes nothing, and connects
   * to nothing.
   *
   * @throws ProviderException when the program would not reach its model, or the settings cannot be
   *     used; a launch ends here, before anything was done
   */
  Provision provision(ProvisionRequest request) throws ProviderException;

  /** Where the program looks for skills, relative to its user's home directory. */
  default String skills() {
    return ".claude/skills";
  }
}
