package dev.carafe.egress.proxy;

import java.util.List;
import java.util.Optional;

/**
 * What a connection is known to be for before its first request, and so what requests on it may
 * say. All names that a request gives must agree: a request that names two servers is refused.
 */
sealed interface Origin {

  /** A proxy's plain connection: each request names its server by an absolute URL. */
  record Proxy() implements Origin {}

  /** Stands for all servers' plain port: each request names its server by Host. */
  record Plain(int port) implements Origin {}

  /** One server, settled by CONNECT or by the TLS hello. */
  record Pinned(HostPort to, boolean tls) implements Origin {}

  /** Where a request goes: scheme, server, path and query. */
  record Address(String scheme, HostPort to, String target) {}

  /**
   * Settles whom an HTTP/1.1 request is for.
   *
   * @param target as in the request line
   * @param hosts all values of Host
   * @param minor of the version
   */
  default Address address(String method, String target, List<String> hosts, int minor)
      throws Refused {
    if (hosts.size() > 1 || hosts.isEmpty() && minor > 0) {
      throw Refused.malformed("there must be one Host header");
    }
    Optional<String> host = hosts.stream().findFirst();
    String scheme = this instanceof Pinned pinned && pinned.tls() ? "https" : "http";
    int port = scheme.equals("https") ? 443 : 80;
    if (target.startsWith("/") || target.equals("*") && method.equals("OPTIONS")) {
      HostPort to =
          switch (this) {
            case Proxy _ -> throw Refused.malformed("a proxy is asked with an absolute URL");
            case Plain _ -> named(host, port);
            case Pinned pinned -> host.isPresent() ? named(host, port) : pinned.to();
          };
      return new Address(scheme, agreed(to), target);
    }
    int colon = target.indexOf("://");
    if (colon < 0 || !target.substring(0, colon).equalsIgnoreCase(scheme)) {
      throw Refused.malformed(
          this instanceof Proxy && target.regionMatches(true, 0, "https:", 0, 6)
              ? "https is asked for through CONNECT"
              : "the request's target is not clear");
    }
    int end = colon + 3;
    while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
      end++;
    }
    String authority = target.substring(colon + 3, end);
    if (authority.indexOf('@') >= 0) {
      throw Refused.malformed("there is a user name in the URL");
    }
    String rest = target.substring(end);
    HostPort to = agreed(HostPort.parse(authority, port));
    if (host.isPresent() && !HostPort.parse(host.get(), port).equals(to)) {
      throw Refused.denied("the URL and the Host header name different servers");
    }
    return new Address(scheme, to, rest.startsWith("/") ? rest : "/" + rest);
  }

  /** Settles whom an HTTP/2 request is for. */
  default Address address(
      String scheme, Optional<String> authority, List<String> hosts, String path) throws Refused {
    boolean tls = this instanceof Pinned pinned && pinned.tls();
    if (!scheme.equals(tls ? "https" : "http")) {
      throw Refused.malformed("the scheme is not the connection's");
    }
    int port = tls ? 443 : 80;
    if (hosts.size() > 1 || authority.isEmpty() && hosts.isEmpty()) {
      throw Refused.malformed("there must be one :authority");
    }
    String name = authority.orElseGet(hosts::getFirst);
    if (name.indexOf('@') >= 0) {
      throw Refused.malformed("there is a user name in the URL");
    }
    HostPort to = agreed(HostPort.parse(name, port));
    if (!hosts.isEmpty() && !HostPort.parse(hosts.getFirst(), port).equals(to)) {
      throw Refused.denied("the :authority and the Host header name different servers");
    }
    return new Address(scheme, to, path);
  }

  private static HostPort named(Optional<String> host, int port) throws Refused {
    return HostPort.parse(host.orElseThrow(() -> Refused.malformed("there is no Host")), port);
  }

  private HostPort agreed(HostPort to) throws Refused {
    if (this instanceof Pinned pinned && !pinned.to().equals(to)) {
      throw Refused.denied(
          "the connection is for " + pinned.to() + " and the request for another server");
    }
    if (this instanceof Plain plain && plain.port() != to.port()) {
      throw Refused.denied("the Host header names another port than the connection's");
    }
    return to;
  }
}
