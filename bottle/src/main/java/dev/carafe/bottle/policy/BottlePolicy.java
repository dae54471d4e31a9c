package dev.carafe.bottle.policy;

import dev.carafe.bottle.manifest.EgressPolicy;
import dev.carafe.egress.routes.Cidr;
import dev.carafe.egress.routes.DeclaredAuth;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.egress.routes.DeclaredRoutes;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.secret.SecretException;
import dev.carafe.egress.secret.SecretReference;
import dev.carafe.egress.secret.SecretSources;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one bottle may reach: the routes that its provider brings, and those of its manifest that
 * are not for the same host and port as one of these. Immutable; any thread.
 */
public final class BottlePolicy {
  private final DeclaredRoutes declared;
  private final List<PlannedRoute> planned;

  private BottlePolicy(DeclaredRoutes declared, List<PlannedRoute> planned) {
    this.declared = declared;
    this.planned = List.copyOf(planned);
  }

  /**
   * Puts both together.
   *
   * @param provider what the provider brings; wins
   */
  public static BottlePolicy of(List<DeclaredRoute> provider, EgressPolicy manifest) {
    List<DeclaredRoute> routes = new ArrayList<>(provider);
    List<PlannedRoute> planned = new ArrayList<>();
    for (DeclaredRoute route : provider) {
      planned.add(
          PlannedRoute.of(
              route, true, manifest.routes().stream().filter(route::collidesWith).toList()));
    }
    for (DeclaredRoute route : manifest.routes()) {
      if (provider.stream().noneMatch(route::collidesWith)) {
        routes.add(route);
        planned.add(PlannedRoute.of(route, false, List.of()));
      }
    }
    return new BottlePolicy(
        new DeclaredRoutes(routes, manifest.allow(), manifest.authorities(), manifest.log()),
        planned);
  }

  /** What is to be written into the bottle's routes file. */
  public DeclaredRoutes declared() {
    return declared;
  }

  /** The routes, for people; the provider's first. */
  public List<PlannedRoute> planned() {
    return planned;
  }

  /** In what it is wider than a plain list of routes: sentences. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    for (Cidr range : declared.allow()) {
      notes.add("routes may lead to the addresses " + range + ", which are refused otherwise");
    }
    for (Path authority : declared.authorities()) {
      notes.add("servers are also believed that " + authority + " vouches for");
    }
    for (DeclaredRoute declaredRoute : declared.routes()) {
      Route route = declaredRoute.route();
      if (route.outbound() == OnMatch.OFF) {
        notes.add("what leaves for " + route.host() + " is not looked through for secrets");
      }
      if (route.cleartext()) {
        notes.add("the credential for " + route.host() + " may also travel without TLS");
      }
    }
    return notes;
  }

  /**
   * What is wrong with the credentials, as far as it can be known without running a program: one
   * sentence for each that is missing or cannot be used, never with a value. Reads files.
   *
   * @param sources where variables and files are looked up
   */
  public List<String> problems(SecretSources sources) {
    List<String> sentences = new ArrayList<>();
    credentials()
        .forEach(
            (reference, route) -> {
              try {
                if (isAtHand(reference)) {
                  sources.resolve(reference).clear();
                }
              } catch (SecretException e) {
                sentences.add(
                    e.getMessage()
                        + ", and the route to "
                        + route.route().host()
                        + " ("
                        + PlannedRoute.place(route)
                        + ") needs it");
              }
            });
    return sentences;
  }

  /** The credentials that can be had without running a program, and can be had. */
  List<Held> held(SecretSources sources) {
    List<Held> held = new ArrayList<>();
    credentials()
        .forEach(
            (reference, route) -> {
              try {
                if (isAtHand(reference)) {
                  held.add(new Held(sources.resolve(reference), route));
                }
              } catch (SecretException e) {
                // It is missing, so nothing can be it; problems() says so.
              }
            });
    return held;
  }

  /** A credential, and the first route that it is for. */
  record Held(Secret secret, DeclaredRoute route) {}

  /** Each credential with the first route that it is for. */
  Map<SecretReference, DeclaredRoute> credentials() {
    Map<SecretReference, DeclaredRoute> all = new LinkedHashMap<>();
    for (DeclaredRoute route : declared.routes()) {
      route.auth().map(DeclaredAuth::reference).ifPresent(r -> all.putIfAbsent(r, route));
    }
    return all;
  }

  /** A program may ask somebody something, which is not for a plan. */
  private static boolean isAtHand(SecretReference reference) {
    return !(reference instanceof SecretReference.Command)
        && !(reference instanceof SecretReference.Keyring);
  }
}
