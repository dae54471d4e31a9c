package dev.carafe.egress.routes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutesTest {
  private static final Function<String, List<String>> NO_HEADERS = name -> List.of();

  private static Optional<Integer> line(Routes routes, String host, int port, boolean tls) {
    return routes.find(host, port, tls).map(Route::line);
  }

  @Test
  void nothingIsAllowedWithoutRoutes() {
    assertThat(Routes.none().find("a.example", 443, true)).isEmpty();
    assertThat(Routes.none().why("a.example", 443, true)).isEqualTo("no route to a.example");
  }

  @Test
  void theNameComesBeforeTheLongestWildcardAndThatBeforeShorterOnes() throws Exception {
    Routes routes =
        RoutesFixture.of(
            "host: '*.example.com'", "host: '*.b.example.com'", "host: a.b.example.com");
    assertThat(line(routes, "a.b.example.com", 443, true)).contains(5);
    assertThat(line(routes, "x.b.example.com", 443, true)).contains(4);
    assertThat(line(routes, "x.y.b.example.com", 443, true)).contains(4);
    assertThat(line(routes, "b.example.com", 443, true)).contains(3);
    assertThat(line(routes, "example.com", 443, true)).isEmpty();
  }

  @Test
  void withoutAPortARouteCovers443WithTlsAnd80Without() throws Exception {
    Routes routes = RoutesFixture.of("host: a.example", "{host: b.example, port: 8443}");
    assertThat(line(routes, "a.example", 443, true)).isPresent();
    assertThat(line(routes, "a.example", 80, false)).isPresent();
    assertThat(line(routes, "a.example", 80, true)).isEmpty();
    assertThat(line(routes, "a.example", 443, false)).isEmpty();
    assertThat(line(routes, "b.example", 8443, true)).isPresent();
    assertThat(line(routes, "b.example", 8443, false)).isPresent();
    assertThat(line(routes, "b.example", 443, true)).isEmpty();
    assertThat(routes.why("b.example", 443, true))
        .isEqualTo("no route to b.example covers port 443 with TLS");
  }

  @Test
  void aCredentialIsNotSentWithoutTlsUnlessTheRouteSaysSo() throws Exception {
    Routes routes =
        RoutesFixture.of(
            "{host: a.example.com, auth: {scheme: bearer, token: {env: TOKEN}}}",
            "host: '*.example.com'",
            "{host: b.example.com, auth: {scheme: bearer, cleartext: true, token: {env: TOKEN}}}");
    assertThat(line(routes, "a.example.com", 443, true)).contains(3);
    // And the wider route does not step in for it.
    assertThat(line(routes, "a.example.com", 80, false)).isEmpty();
    assertThat(routes.why("a.example.com", 80, false)).contains("use https");
    assertThat(line(routes, "b.example.com", 80, false)).contains(5);
  }

  @Test
  void aRouteThatHandsTlsThroughIsForTlsOnly() throws Exception {
    Routes routes = RoutesFixture.of("{host: a.example, tls: pass}");
    assertThat(line(routes, "a.example", 443, true)).isPresent();
    assertThat(line(routes, "a.example", 80, false)).isEmpty();
    assertThat(routes.why("a.example", 80, false)).contains("for TLS only");
  }

  private static boolean matches(String match, String method, String path) throws Exception {
    return RoutesFixture.of("{host: a.example, matches: [" + match + "]}")
        .all()
        .getFirst()
        .matches()
        .getFirst()
        .matches(method, path, NO_HEADERS);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Exact             | /v1/x     | /v1/x      | true",
        "Exact             | /v1/x     | /v1/x/     | false",
        "Exact             | /%7euser/%c3%bc | /~user/%C3%BC | true",
        "PathPrefix        | /v1       | /v1        | true",
        "PathPrefix        | /v1       | /v1/x      | true",
        "PathPrefix        | /v1/      | /v1/x      | true",
        "PathPrefix        | /v1       | /v10       | false",
        "PathPrefix        | /         | /anything  | true",
        "RegularExpression | /v[0-9]+/models | /v1/models | true",
        "RegularExpression | /v[0-9]+/models | /v1/models/x | false",
        "RegularExpression | /v[0-9]+/models | /x/v1/models | false",
        "RegularExpression | '/a|/b'   | /a         | true",
        "RegularExpression | '/a|/b'   | /b/evil    | false",
      })
  void aPathIsComparedAsItsTypeSays(String type, String value, String path, boolean matches)
      throws Exception {
    assertThat(matches("{path: {type: " + type + ", value: '" + value + "'}}", "GET", path))
        .isEqualTo(matches);
  }

  @Test
  void anExpressionTakesTimeInProportionToThePath() throws Exception {
    String path = "/" + "a".repeat(100_000) + "!";
    assertThat(matches("{path: {type: RegularExpression, value: '/(a+)+(a+)+(a+)+'}}", "GET", path))
        .isFalse();
  }

  @Test
  void theMethodIsComparedExactly() throws Exception {
    assertThat(matches("{method: GET}", "GET", "/")).isTrue();
    assertThat(matches("{method: GET}", "get", "/")).isFalse();
    assertThat(matches("{method: GET}", "POST", "/")).isFalse();
  }

  @Test
  void allHeadersMustBeThereExactlyOnce() throws Exception {
    Match match =
        RoutesFixture.of(
                "{host: a.example, matches: [{headers: [{name: X-Mode, value: safe},"
                    + " {name: X-Id, type: RegularExpression, value: '[0-9]+'}]}]}")
            .all()
            .getFirst()
            .matches()
            .getFirst();
    record Case(Map<String, List<String>> headers, boolean matches) {}
    for (Case each :
        List.of(
            new Case(Map.of("x-mode", List.of("safe"), "x-id", List.of("17")), true),
            new Case(Map.of("x-mode", List.of("safe"), "x-id", List.of("17x")), false),
            new Case(Map.of("x-mode", List.of("safe"), "x-id", List.of("17", "17")), false),
            new Case(Map.of("x-mode", List.of("safe", "evil"), "x-id", List.of("17")), false),
            new Case(Map.of("x-mode", List.of("Safe"), "x-id", List.of("17")), false),
            new Case(Map.of("x-mode", List.of("safe")), false))) {
      assertThat(match.matches("GET", "/", n -> each.headers().getOrDefault(n, List.of())))
          .as("%s", each)
          .isEqualTo(each.matches());
    }
  }
}
