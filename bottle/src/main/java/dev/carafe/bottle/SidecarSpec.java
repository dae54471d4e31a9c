package dev.carafe.bottle;

import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.routes.RoutesException;
import dev.carafe.egress.scan.Canary;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.image.Home;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Network;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a {@link Sidecar} is opened with. A machine that is to have one is {@link #prepare prepared}
 * for it when it is made: it is told by its environment where the proxy is, and remembers the
 * routes file by a label.
 *
 * @param routes the routes file; followed while the sidecar is open
 * @param environment where references to secrets and the host's own proxy settings are looked up
 * @param audit where decisions are written down; nowhere if empty
 * @param canary in the guest's environment, for thieves to find: nothing may carry it out
 * @param notes hears one sentence for each thing that the operator should know, without secrets;
 *     from any thread
 */
public record SidecarSpec(
    Path routes,
    Map<String, String> environment,
    Optional<Path> audit,
    Optional<Canary> canary,
    Consumer<String> notes) {
  private static final String ROUTES = "carafe.routes";
  private static final String CANARY = "carafe.canary";

  public SidecarSpec {
    environment = Map.copyOf(environment);
  }

  /** Without an audit or a canary, and telling nobody. */
  public static SidecarSpec of(Path routes, Map<String, String> environment) {
    return new SidecarSpec(routes, environment, Optional.empty(), Optional.empty(), note -> {});
  }

  /**
   * The spec of a machine that has no way out but a sidecar with these routes. What the spec says
   * of its environment comes before what is added here.
   *
   * @throws MachineException INVALID when the routes file cannot be used, apart from its secrets,
   *     which are not fetched
   */
  public static MachineSpec prepare(MachineSpec spec, Path routes) {
    try {
      Routes.load(routes, SecretSources.placeholders());
    } catch (RoutesException e) {
      throw new MachineException(
          ErrorCode.INVALID,
          "give machine '" + spec.name() + "' the routes of " + routes,
          e.getMessage(),
          e);
    }
    Canary canary = Canary.random();
    Map<String, String> env = new LinkedHashMap<>(GuestEnvironment.variables());
    env.put(canary.name(), canary.token());
    env.putAll(spec.env());
    Map<String, String> labels = new LinkedHashMap<>(spec.labels());
    labels.put(ROUTES, routes.toAbsolutePath().normalize().toString());
    labels.put(CANARY, canary.name());
    return spec.toBuilder()
        .env(env)
        .labels(labels)
        .network(Network.ofServices().withPorts(spec.network().ports()))
        .build();
  }

  /**
   * The environment that a machine was prepared with, without the canary, which is each one's own.
   */
  static Map<String, String> prepared(MachineSpec spec) {
    Map<String, String> env = new LinkedHashMap<>(spec.env());
    env.remove(spec.labels().getOrDefault(CANARY, ""));
    return env;
  }

  /**
   * What the sidecar of a machine is to be opened with; empty when it was not made to have one. The
   * audit is in the user's state directory, and outlives the machine.
   */
  public static Optional<SidecarSpec> of(MachineSpec spec, Map<String, String> environment) {
    String routes = spec.labels().get(ROUTES);
    if (routes == null) {
      return Optional.empty();
    }
    String name = spec.labels().get(CANARY);
    String token = name == null ? null : spec.env().get(name);
    Path audit = Home.of(environment).state().resolve("audit").resolve(spec.name() + ".jsonl");
    return Optional.of(
        new SidecarSpec(
            Path.of(routes),
            environment,
            Optional.of(audit),
            token == null ? Optional.empty() : Optional.of(new Canary(name, token)),
            note -> {}));
  }

  public SidecarSpec withNotes(Consumer<String> listener) {
    return new SidecarSpec(routes, environment, audit, canary, listener);
  }

  /** With its audit in another place than the usual one. */
  public SidecarSpec withAudit(Path file) {
    return new SidecarSpec(routes, environment, Optional.of(file), canary, notes);
  }
}
