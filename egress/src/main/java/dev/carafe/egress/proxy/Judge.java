package dev.carafe.egress.proxy;

import dev.carafe.egress.routes.Auth;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.Finding;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.scan.Scanner;
import dev.carafe.egress.tls.UpstreamTrust;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides about requests by one state of the routes, and makes of an allowed one what goes
 * upstream. The order: route by name and port; git; matches; what the request says is scanned, the
 * agent's own credentials too; those are taken away; the route's is added. Immutable; any thread.
 */
final class Judge {
  /** What an agent has no business to send where the proxy signs. */
  private static final Set<String> CREDENTIALS = Set.of("authorization", "cookie", "cookie2");

  private final Routes routes;
  private final Scanner scanner;
  private final Scanner entropic;
  private final AddressRules addresses;
  private final UpstreamTrust trust;

  Judge(
      Routes routes,
      Scanner scanner,
      Scanner entropic,
      AddressRules addresses,
      UpstreamTrust trust) {
    this.routes = routes;
    this.scanner = scanner;
    this.entropic = entropic;
    this.addresses = addresses;
    this.trust = trust;
  }

  /** Which addresses servers may have. */
  AddressRules addresses() {
    return addresses;
  }

  /** How servers are recognised. */
  UpstreamTrust trust() {
    return trust;
  }

  /**
   * A request that may go.
   *
   * @param reads whether answers are decoded and scanned
   * @param findings what was found in its head and overwritten
   */
  record Verdict(Route route, Request request, boolean reads, List<Finding> findings) {}

  Routes routes() {
    return routes;
  }

  /** Who looks at what goes a route's way. */
  Scanner scanner(Route route) {
    return route.entropy() ? entropic : scanner;
  }

  /** The route to a server. */
  Route route(HostPort to, boolean tls) throws Refused {
    Optional<Finding> finding = scanner.check("host", bytes(to.host()));
    if (finding.isPresent()) {
      throw Refused.found(finding.get());
    }
    return routes
        .find(to.host(), to.port(), tls)
        .orElseThrow(() -> Refused.denied(routes.why(to.host(), to.port(), tls)));
  }

  Verdict judge(Request request) throws Refused {
    Route route = route(request.to(), request.tls());
    if (route.passThrough()) {
      throw Refused.denied("the route to " + request.to() + " is for TLS only");
    }
    Paths.check(request.target());
    git(request, route);
    matches(request, route);
    List<Finding> findings = new ArrayList<>();
    Request scanned = scan(request, route, findings);
    boolean reads = route.auth().isPresent() || route.inbound().onMatch() != OnMatch.OFF;
    return new Verdict(route, outgoing(scanned, route, reads), reads, findings);
  }

  private static void git(Request request, Route route) throws Refused {
    String path = Paths.decoded(request.path());
    String query = Paths.decoded(request.query());
    boolean refs = path.endsWith("/info/refs");
    if (path.endsWith("/git-receive-pack") || refs && query.contains("git-receive-pack")) {
      throw Refused.denied("git push is not possible here; push to the git gate");
    }
    boolean fetch = path.endsWith("/git-upload-pack") || refs && query.contains("git-upload-pack");
    if (fetch && !route.git()) {
      throw Refused.denied("the route to " + request.to() + " does not allow git fetch");
    }
  }

  private static void matches(Request request, Route route) throws Refused {
    if (route.matches().isEmpty()) {
      return;
    }
    boolean byPath = route.matches().stream().anyMatch(match -> match.path().isPresent());
    String path = byPath ? Paths.normal(request.path()) : request.path();
    boolean allowed =
        route.matches().stream()
            .anyMatch(m -> m.matches(request.method(), path, request.headers()::getAll));
    if (!allowed) {
      throw Refused.denied(
          "the route to " + request.to() + " does not allow this method, path or header");
    }
  }

  private Request scan(Request request, Route route, List<Finding> findings) throws Refused {
    if (route.outbound() == OnMatch.OFF) {
      return request;
    }
    boolean redact = route.outbound() == OnMatch.REDACT;
    find("method", request.method(), false, findings);
    String path = find("path", request.path(), redact, findings);
    String query = find("query", request.query(), redact, findings);
    HttpHeaders headers = Http1Reader.newHeaders();
    for (Map.Entry<String, String> field : request.headers()) {
      find("header's name", field.getKey(), false, findings);
      String where = "header " + field.getKey().toLowerCase(Locale.ROOT);
      headers.add(field.getKey(), find(where, field.getValue(), redact, findings));
    }
    String target = query.isEmpty() ? path : path + "?" + query;
    return new Request(
        request.method(),
        request.scheme(),
        request.to(),
        target,
        headers,
        request.empty(),
        request.webSocket());
  }

  /** Looks at one part; what may be redacted is, and looked at again. */
  private String find(String where, String text, boolean redact, List<Finding> findings)
      throws Refused {
    byte[] bytes = bytes(text);
    Optional<Finding> finding = scanner.check(where, bytes);
    if (finding.isEmpty()) {
      return text;
    }
    if (redact) {
      byte[] redacted = scanner.redact(bytes);
      if (clean(where, redacted)) {
        findings.add(finding.get());
        return new String(redacted, StandardCharsets.ISO_8859_1);
      }
    }
    throw Refused.found(finding.get());
  }

  /** Whether nothing is left: not all that is found can be overwritten. */
  private boolean clean(String where, byte[] redacted) {
    return scanner.check(where, redacted).isEmpty();
  }

  private static Request outgoing(Request request, Route route, boolean reads) {
    HttpHeaders headers = request.headers();
    if (route.auth().isPresent()) {
      Auth auth = route.auth().get();
      CREDENTIALS.forEach(headers::remove);
      headers.set(auth.header(), auth.value());
    }
    if (reads) {
      headers.set("accept-encoding", "identity");
      // Of an answer in pieces, nobody would see what goes from one to the next.
      headers.remove("range");
      headers.remove("if-range");
    }
    if (request.webSocket()) {
      // Compressed frames could not be read.
      headers.remove("sec-websocket-extensions");
    }
    return request;
  }

  /** A trailer's fields as they may go. */
  HttpHeaders trailers(HttpHeaders trailers, Route route) throws Refused {
    if (trailers.isEmpty()) {
      return trailers;
    }
    List<Finding> findings = new ArrayList<>();
    HttpHeaders result = Http1Reader.newHeaders();
    for (Map.Entry<String, String> field : Fields.endToEnd(trailers)) {
      String name = field.getKey().toLowerCase(Locale.ROOT);
      boolean framing = name.startsWith("content-") || CREDENTIALS.contains(name);
      boolean ours = route.auth().isPresent() && route.auth().get().header().equals(name);
      String value = field.getValue();
      if (route.outbound() != OnMatch.OFF) {
        find("trailer's name", name, false, findings);
        value = find("trailer " + name, value, route.outbound() == OnMatch.REDACT, findings);
      }
      if (!framing && !ours) {
        result.add(name, value);
      }
    }
    return result;
  }

  /** A guest's text, of which no more than a path's is kept, as it may be: nothing secret in it. */
  String keepable(String text) {
    String cut = text.length() > 2048 ? text.substring(0, 2048) : text;
    return new String(scanner.redact(bytes(cut)), StandardCharsets.ISO_8859_1);
  }

  /**
   * An answer's headers with what is known to be secret overwritten; without those that have it in
   * their names. What goes on from one name to the next, or from one value to the next, is seen.
   */
  HttpHeaders masked(HttpHeaders headers, Route route) throws Refused {
    List<Map.Entry<String, String>> fields = headers.entries();
    List<String> names = fields.stream().map(Map.Entry::getKey).toList();
    List<String> values = fields.stream().map(Map.Entry::getValue).toList();
    List<String> maskedNames = overwritten(names, route);
    List<String> maskedValues = overwritten(values, route);
    if (maskedNames.equals(names) && maskedValues.equals(values)) {
      return headers;
    }
    HttpHeaders result = Http1Reader.newHeaders();
    for (int i = 0; i < names.size(); i++) {
      if (maskedNames.get(i).equals(names.get(i))) {
        result.add(names.get(i), maskedValues.get(i));
      }
    }
    return result;
  }

  private List<String> overwritten(List<String> texts, Route route) throws Refused {
    byte[] before = bytes(String.join("\n", texts));
    byte[] after = Masking.whole(scanner.inbound(route.inbound().onMatch()), before);
    if (after.length != before.length) {
      throw Refused.upstream("the answer's headers cannot be masked");
    }
    List<String> result = new ArrayList<>();
    int at = 0;
    for (String text : texts) {
      result.add(new String(after, at, text.length(), StandardCharsets.ISO_8859_1));
      at += text.length() + 1;
    }
    return result;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
