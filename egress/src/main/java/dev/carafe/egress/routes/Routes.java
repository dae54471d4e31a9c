package dev.carafe.egress.routes;

import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.secret.SecretSources;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All that a bottle may reach. Immutable; any thread. */
public final class Routes {
  private static final Routes NONE =
      new Routes(List.of(), List.of(), List.of(), List.of(), Optional.empty(), "");

  private final List<Route> all;
  private final Map<String, List<Route>> byPattern = new HashMap<>();
  private final List<Secret> secrets;
  private final List<Cidr> allow;
  private final List<X509Certificate> authorities;
  private final Optional<Integer> log;
  private final String digest;

  Routes(
      List<Route> all,
      List<Secret> secrets,
      List<Cidr> allow,
      List<X509Certificate> authorities,
      Optional<Integer> log,
      String digest) {
    this.all = List.copyOf(all);
    this.secrets = List.copyOf(secrets);
    this.allow = List.copyOf(allow);
    this.authorities = List.copyOf(authorities);
    this.log = log;
    this.digest = digest;
    for (Route route : all) {
      byPattern.computeIfAbsent(route.host().text(), text -> new ArrayList<>()).add(route);
    }
    // A port that is named comes before the ones that are meant by default.
    byPattern.values().forEach(r -> r.sort(Comparator.comparing(route -> route.port() == 0)));
  }

  /** Nothing is allowed. */
  public static Routes none() {
    return NONE;
  }

  /** These are allowed. */
  public static Routes of(List<Route> routes) {
    List<Secret> secrets =
        routes.stream().flatMap(route -> route.auth().stream()).map(Auth::secret).toList();
    return new Routes(routes, secrets, List.of(), List.of(), Optional.empty(), "");
  }

  /**
   * Reads a routes file and fetches its secrets. Blocks as {@link SecretSources} does.
   *
   * @throws RoutesException says everything that is wrong with it
   */
  public static Routes load(Path file, SecretSources sources) throws RoutesException {
    return RoutesFile.read(file, sources);
  }

  /**
   * The route that a connection takes: of those that cover its port, the one that names the host,
   * else the one with the longest wildcard. None when that route wants TLS and there is none: a
   * route that hands TLS through, or one whose credential may not be sent in the clear.
   *
   * @param host lower case, A-labels, no final dot
   * @param tls whether the upstream connection is made with TLS
   */
  public Optional<Route> find(String host, int port, boolean tls) {
    return covering(host, port, tls).filter(route -> tls || !wantsTls(route));
  }

  /** Why there is no route, for the one who asked: a sentence without a full stop. */
  public String why(String host, int port, boolean tls) {
    Optional<Route> covering = covering(host, port, tls);
    if (covering.isPresent() && !tls && wantsTls(covering.get())) {
      return covering.get().passThrough()
          ? "the route to " + host + " is for TLS only"
          : "the route to " + host + " has a credential, which is not sent without TLS; use https";
    }
    boolean otherPort = candidates(host).stream().anyMatch(route -> route.host().matches(host));
    return otherPort
        ? "no route to " + host + " covers port " + port + (tls ? " with" : " without") + " TLS"
        : "no route to " + host;
  }

  private static boolean wantsTls(Route route) {
    return route.passThrough() || route.auth().isPresent() && !route.cleartext();
  }

  private Optional<Route> covering(String host, int port, boolean tls) {
    return candidates(host).stream().filter(route -> route.coversPort(port, tls)).findFirst();
  }

  /** The routes whose pattern matches, the most specific first. */
  private List<Route> candidates(String host) {
    List<Route> found = new ArrayList<>(byPattern.getOrDefault(host, List.of()));
    for (int dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
      found.addAll(byPattern.getOrDefault("*" + host.substring(dot), List.of()));
    }
    return found;
  }

  /** In the order of the file. */
  public List<Route> all() {
    return all;
  }

  /** The credentials of all routes, and the passwords within them: none of them may be seen. */
  public Collection<Secret> secrets() {
    return secrets;
  }

  /** Addresses that are refused otherwise and may be dialled. */
  public List<Cidr> allow() {
    return allow;
  }

  /** Certificates that are trusted upstream besides the host's own. */
  public List<X509Certificate> authorities() {
    return authorities;
  }

  /**
   * What the audit is to keep: 0 no requests, 1 those that were blocked or failed, 2 all; empty
   * when the file does not say.
   */
  public Optional<Integer> log() {
    return log;
  }

  /** SHA-256 of the file they were read from, in hexadecimal; empty when there was none. */
  public String digest() {
    return digest;
  }

  /** Overwrites the secrets in memory; the routes with credentials are of no use afterwards. */
  public void clear() {
    secrets.forEach(Secret::clear);
  }
}
