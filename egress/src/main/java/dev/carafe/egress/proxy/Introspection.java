package dev.carafe.egress.proxy;

import dev.carafe.egress.routes.HeaderMatch;
import dev.carafe.egress.routes.Match;
import dev.carafe.egress.routes.PathMatch;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.Routes;
import java.io.StringWriter;
import java.util.Locale;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Tells the guest what it may reach, at {@code http://_egress.local/allowlist}: the routes in the
 * shape of the routes file, without the credentials' values or where they come from. The name is
 * the proxy's own; nothing that asks for it is ever sent anywhere.
 */
final class Introspection {
  static final String HOST = "_egress.local";

  private Introspection() {}

  static boolean isFor(Request request) {
    return request.to().host().equals(HOST);
  }

  static String answer(Request request, Routes routes) throws Refused {
    boolean asked =
        request.method().equals("GET")
            && request.target().equals("/allowlist")
            && request.to().port() == 80
            && !request.tls();
    if (!asked) {
      throw Refused.denied("there is only GET http://" + HOST + "/allowlist");
    }
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeNumberProperty("version", 1);
      json.writeArrayPropertyStart("routes");
      for (Route route : routes.all()) {
        route(json, route);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return text + "\n";
  }

  private static void route(JsonGenerator json, Route route) {
    json.writeStartObject();
    json.writeStringProperty("host", route.host().text());
    if (route.port() != 0) {
      json.writeNumberProperty("port", route.port());
    }
    if (!route.matches().isEmpty()) {
      json.writeArrayPropertyStart("matches");
      route.matches().forEach(match -> match(json, match));
      json.writeEndArray();
    }
    route
        .auth()
        .ifPresent(
            auth -> {
              json.writeObjectPropertyStart("auth");
              json.writeStringProperty("header", auth.header());
              json.writeEndObject();
            });
    if (route.git()) {
      json.writeStringProperty("git", "fetch");
    }
    json.writeObjectPropertyStart("dlp");
    json.writeStringProperty("outbound", route.outbound().name().toLowerCase(Locale.ROOT));
    json.writeEndObject();
    if (route.passThrough()) {
      json.writeStringProperty("tls", "pass");
    }
    json.writeEndObject();
  }

  private static void match(JsonGenerator json, Match match) {
    json.writeStartObject();
    match
        .path()
        .ifPresent(
            path -> {
              json.writeObjectPropertyStart("path");
              switch (path) {
                case PathMatch.Exact exact -> pair(json, "Exact", exact.value());
                case PathMatch.Prefix prefix -> pair(json, "PathPrefix", prefix.value());
                case PathMatch.Expression expression ->
                    pair(json, "RegularExpression", expression.pattern().pattern());
              }
              json.writeEndObject();
            });
    match.method().ifPresent(method -> json.writeStringProperty("method", method));
    if (!match.headers().isEmpty()) {
      json.writeArrayPropertyStart("headers");
      match
          .headers()
          .forEach(
              header -> {
                json.writeStartObject();
                json.writeStringProperty("name", header.name());
                boolean exact = header.condition() instanceof HeaderMatch.Exact;
                pair(json, exact ? "Exact" : "RegularExpression", header.value());
                json.writeEndObject();
              });
      json.writeEndArray();
    }
    json.writeEndObject();
  }

  private static void pair(JsonGenerator json, String type, String value) {
    json.writeStringProperty("type", type);
    json.writeStringProperty("value", value);
  }
}
