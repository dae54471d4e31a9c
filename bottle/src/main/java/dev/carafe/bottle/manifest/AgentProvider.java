package dev.carafe.bottle.manifest;

import dev.carafe.egress.secret.SecretReference;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Which program the agent is, and how it gets to its model.
 *
 * @param template the name of a provider, such as {@code claude}
 * @param image the image that its machine is made from, if not the provider's own
 * @param recipe a file by which that image is made; not together with an image
 * @param authToken the credential for the model, which the sidecar adds to requests
 * @param forwardHostCredentials the credential is the one with which the program is logged in on
 *     this host
 * @param settings what only the provider understands: text, whole numbers ({@code Long}), truth
 *     ({@code Boolean}), and lists and maps of them
 */
public record AgentProvider(
    String template,
    Optional<String> image,
    Optional<Path> recipe,
    Optional<SecretReference> authToken,
    boolean forwardHostCredentials,
    Map<String, Object> settings) {

  /** Without the settings, of which some may be secret. */
  @Override
  public String toString() {
    return "AgentProvider[" + template + "]";
  }
}
