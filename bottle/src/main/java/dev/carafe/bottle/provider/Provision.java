package dev.carafe.bottle.provider;

import dev.carafe.egress.routes.DeclaredRoute;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a bottle gets for its program. Nothing in it is secret: credentials are named by the routes'
 * references, and what stands for them in the guest is of no use to anybody.
 *
 * @param env variables of the agent, before those of the manifest
 * @param hidden which of them are of no interest to people, such as placeholders
 * @param files put in place before the program runs, owned by its user; left out of a freeze
 * @param routes to the model; each takes the place of a manifest's route for the same host
 * @param notes sentences for the user, before the launch
 */
public record Provision(
    Map<String, String> env,
    Set<String> hidden,
    List<GuestFile> files,
    List<DeclaredRoute> routes,
    List<String> notes) {
  public Provision {
    env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
    hidden = Set.copyOf(hidden);
    files = List.copyOf(files);
    routes = List.copyOf(routes);
    notes = List.copyOf(notes);
  }

  /** Nothing. */
  public static Provision none() {
    return new Provision(Map.of(), Set.of(), List.of(), List.of(), List.of());
  }
}
