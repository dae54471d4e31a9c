package dev.carafe.bottle;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a {@link Sidecar} is opened with.
 *
 * @param routes the routes file; followed while the sidecar is open
 * @param environment where references to secrets and the host's own proxy settings are looked up
 * @param audit where decisions are written down; nowhere if empty
 * @param canary a value in the guest's environment that nothing may carry out; none if empty
 * @param notes hears one sentence for each thing that the operator should know, without secrets;
 *     from any thread
 */
public record SidecarSpec(
    Path routes,
    Map<String, String> environment,
    Optional<Path> audit,
    Optional<String> canary,
    Consumer<String> notes) {

  public SidecarSpec {
    environment = Map.copyOf(environment);
  }

  /** With this process's environment, without an audit or a canary, and telling nobody. */
  public static SidecarSpec of(Path routes) {
    return new SidecarSpec(
        routes, System.getenv(), Optional.empty(), Optional.empty(), note -> {});
  }

  public SidecarSpec withEnvironment(Map<String, String> variables) {
    return new SidecarSpec(routes, variables, audit, canary, notes);
  }

  public SidecarSpec withAudit(Path file) {
    return new SidecarSpec(routes, environment, Optional.of(file), canary, notes);
  }

  public SidecarSpec withCanary(String value) {
    return new SidecarSpec(routes, environment, audit, Optional.of(value), notes);
  }

  public SidecarSpec withNotes(Consumer<String> listener) {
    return new SidecarSpec(routes, environment, audit, canary, listener);
  }
}
