package dev.carafe.bottle.provider;

import dev.carafe.egress.routes.Cidr;
import dev.carafe.egress.routes.DeclaredRoute;
import dev.carafe.image.source.AptMirrors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The ways to packages that this host is configured with: the mirrors of its apt, the registry of
 * its npm. No name of one is known here.
 */
public final class HostRegistries {
  private HostRegistries() {}

  /**
   * What a recipe's machine gets for the registries that it names, and its own routes.
   *
   * @param routes without credentials
   * @param allow the addresses that their names stand for on this host, which may be private ones:
   *     a company's mirror is in its own network
   * @param env how the steps find them: {@code npm_config_registry}
   */
  public record Access(List<DeclaredRoute> routes, List<Cidr> allow, Map<String, String> env) {
    public Access {
      routes = List.copyOf(routes);
      allow = List.copyOf(allow);
      env = Map.copyOf(env);
    }
  }

  /**
   * Looks the registries up. Blocks: reads files, asks the name service, and may run {@code npm}.
   *
   * @param hostEnv this host's environment
   * @param root {@code /}, or a directory that stands for it
   * @throws ProviderException when one is not configured; says what to do
   */
  public static Access access(Recipe recipe, Map<String, String> hostEnv, Path root)
      throws ProviderException {
    Set<URI> places = new LinkedHashSet<>();
    Map<String, String> env = new LinkedHashMap<>();
    if (recipe.registries().contains(Recipe.Registry.APT)) {
      try {
        places.addAll(AptMirrors.of(root));
      } catch (IOException e) {
        throw new ProviderException("the image cannot be made: " + e.getMessage());
      }
    }
    if (recipe.registries().contains(Recipe.Registry.NPM)) {
      URI registry = new NpmConfig(hostEnv, root).registry();
      places.add(registry);
      env.put("npm_config_registry", registry.toString());
    }
    List<DeclaredRoute> routes = new ArrayList<>(recipe.routes());
    Set<Cidr> allow = new LinkedHashSet<>();
    for (URI place : places) {
      DeclaredRoute route = route(place);
      if (routes.stream().noneMatch(route::collidesWith)) {
        routes.add(route);
      }
      allow.addAll(addresses(place.getHost()));
    }
    return new Access(routes, List.copyOf(allow), env);
  }

  private static DeclaredRoute route(URI place) throws ProviderException {
    try {
      return ModelRoutes.fetching(place.getHost(), place.getPort());
    } catch (IllegalArgumentException e) {
      throw new ProviderException(
          "the image cannot be made with packages from "
              + place.getHost()
              + ", which this host is configured with: "
              + e.getMessage());
    }
  }

  private static List<Cidr> addresses(String host) {
    List<Cidr> addresses = new ArrayList<>();
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        addresses.add(Cidr.of(address.getHostAddress()));
      }
    } catch (UnknownHostException e) {
      // The host's own proxy knows it.
    }
    return addresses;
  }
}
