package dev.carafe.bottle.provider;

import dev.carafe.bottle.manifest.AgentProvider;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * For which bottle a provider is asked.
 *
 * @param declared what the manifest says of the provider
 * @param hostEnv this host's environment, in which credentials are looked for; never handed on
 * @param hostHome the user's home directory on this host
 * @param home the home directory of the agent's user in the guest, as {@code /home/node}
 * @param workspace the guest's directory that is worked in, and that the program is to trust
 * @param label what the session is called on its screen
 * @param color of the label
 * @param now against which the expiry of credentials is held
 */
public record ProvisionRequest(
    AgentProvider declared,
    Map<String, String> hostEnv,
    Path hostHome,
    String home,
    String workspace,
    Optional<String> label,
    Optional<Color> color,
    Instant now) {
  public ProvisionRequest {
    hostEnv = Map.copyOf(hostEnv);
  }

  /** Without the host's environment, which holds secrets. */
  @Override
  public String toString() {
    return "ProvisionRequest[" + declared + ", " + workspace + "]";
  }
}
