package dev.carafe.egress.proxy;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxy that the host itself must use, as its environment says: HTTPS_PROXY for TLS, HTTP_PROXY
 * otherwise, ALL_PROXY for both, and NO_PROXY for names that need none; lower case names count
 * first. All connections go through it by CONNECT. Immutable.
 */
final class HostProxy {
  private final Optional<Proxy> tls;
  private final Optional<Proxy> plain;
  private final List<String> none;

  private HostProxy(Optional<Proxy> tls, Optional<Proxy> plain, List<String> none) {
    this.tls = tls;
    this.plain = plain;
    this.none = none;
  }

  /**
   * Where it is, and what it wants to hear; the credentials are not shown.
   *
   * @param authorization the value of Proxy-Authorization; empty: none
   */
  record Proxy(String host, int port, String authorization) {
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * Reads the environment.
   *
   * @throws IllegalArgumentException if it names a proxy that cannot be used
   */
  static HostProxy of(Map<String, String> environment) {
    Optional<Proxy> all = proxy(environment, "all_proxy");
    List<String> none = new ArrayList<>();
    for (String name : value(environment, "no_proxy").orElse("").split("[,\\s]+", -1)) {
      String one = name.toLowerCase(Locale.ROOT);
      if (!one.isEmpty()) {
        none.add(one.startsWith("*.") ? one.substring(1) : one);
      }
    }
    return new HostProxy(
        proxy(environment, "https_proxy").or(() -> all),
        proxy(environment, "http_proxy").or(() -> all),
        none);
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    String lower = environment.get(name);
    String value = lower != null ? lower : environment.get(name.toUpperCase(Locale.ROOT));
    return Optional.ofNullable(value).filter(text -> !text.isBlank());
  }

  private static Optional<Proxy> proxy(Map<String, String> environment, String name) {
    Optional<String> text = value(environment, name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String url = text.get().contains("://") ? text.get() : "http://" + text.get();
    String shown = name.toUpperCase(Locale.ROOT);
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      // The exception would show a password.
      throw new IllegalArgumentException(shown + " of the host's environment is no URL");
    }
    if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null) {
      throw new IllegalArgumentException(
          shown
              + " of the host's environment must be http://HOST:PORT; no other proxy can be used");
    }
    String user = uri.getUserInfo();
    String authorization =
        user == null
            ? ""
            : "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
    return Optional.of(
        new Proxy(uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort(), authorization));
  }

  /** The proxy for a destination; nothing if it is connected to directly. */
  Optional<Proxy> forDestination(HostPort to, boolean overTls) {
    for (String name : none) {
      String suffix = name.startsWith(".") ? name : "." + name;
      boolean same = to.host().equals(name) || to.host().endsWith(suffix);
      if (name.equals("*") || same || name.equals(to.toString())) {
        return Optional.empty();
      }
    }
    return overTls ? tls : plain;
  }
}
