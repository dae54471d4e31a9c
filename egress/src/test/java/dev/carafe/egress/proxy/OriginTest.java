package dev.carafe.egress.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** All names that a request gives must be one server's, and the one its connection is for. */
class OriginTest {
  private static final Origin PROXY = new Origin.Proxy();
  private static final Origin PLAIN = new Origin.Plain(80);
  private static final Origin PINNED = new Origin.Pinned(new HostPort("api.test", 443), true);

  private static void refused(Origin origin, String target, String... hosts) {
    assertThatThrownBy(() -> origin.address("GET", target, List.of(hosts), 1))
        .as("%s of %s", target, List.of(hosts))
        .isInstanceOf(Refused.class);
  }

  private static void refused2(String scheme, String authority, String... hosts) {
    Optional<String> named = Optional.of(authority).filter(name -> !name.isEmpty());
    assertThatThrownBy(() -> PINNED.address(scheme, named, List.of(hosts), "/"))
        .as("%s of %s", authority, List.of(hosts))
        .isInstanceOf(Refused.class);
  }

  @Test
  void thereIsOneHost() {
    refused(PROXY, "http://api.test/");
    refused(PROXY, "http://api.test/", "api.test", "api.test");
    refused(PINNED, "/", "api.test", "api.test");
    refused2("https", "");
    refused2("https", "api.test", "api.test", "api.test");
  }

  @Test
  void theHostAndTheUrlAgree() {
    refused(PROXY, "http://api.test/", "other.test");
    refused(PROXY, "http://api.test/", "api.test:8080");
    refused2("https", "api.test", "other.test");
  }

  @Test
  void theConnectionAndTheRequestAgree() {
    refused(PINNED, "/", "other.test");
    refused(PINNED, "/", "api.test:8443");
    refused(PINNED, "https://other.test/", "other.test");
    refused(PLAIN, "/", "api.test:8080");
    refused2("https", "other.test");
    refused2("https", "api.test:8443");
  }

  @Test
  void noUserIsNamed() {
    refused(PROXY, "http://me@api.test/", "api.test");
    refused2("https", "me@api.test");
  }

  @Test
  void theSchemeIsTheConnections() {
    refused(PROXY, "https://api.test/", "api.test:443");
    refused(PROXY, "ftp://api.test/", "api.test");
    refused(PINNED, "http://api.test:443/", "api.test");
    refused2("http", "api.test:443");
  }

  @Test
  void aProxyIsAskedWithAUrl() {
    refused(PROXY, "/", "api.test");
  }

  @Test
  void whatAgreesIsSettled() throws Refused {
    Origin.Address address = PROXY.address("GET", "http://API.test?q", List.of("api.test."), 1);
    assertThat(address).isEqualTo(new Origin.Address("http", new HostPort("api.test", 80), "/?q"));
    assertThat(PINNED.address("https", Optional.of("api.test"), List.of(), "/x").target())
        .isEqualTo("/x");
  }
}
