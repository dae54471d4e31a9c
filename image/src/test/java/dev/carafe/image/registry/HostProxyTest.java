package dev.carafe.image.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HostProxyTest {
  private static final URI REGISTRY = URI.create("https://registry.example/v2/");

  @Test
  void theEnvironmentsProxyIsUsedInEitherCase() {
    for (String name : new String[] {"https_proxy", "HTTPS_PROXY", "all_proxy"}) {
      assertThat(select(Map.of(name, "http://proxy.example:3128"), REGISTRY).address())
          .isEqualTo(InetSocketAddress.createUnresolved("proxy.example", 3128));
    }
    assertThat(select(Map.of("http_proxy", "http://proxy.example"), REGISTRY))
        .isEqualTo(Proxy.NO_PROXY);
  }

  @Test
  void exceptionsAreReachedDirectly() {
    for (String exceptions : new String[] {"registry.example", "a, .example", "*", "*.example"}) {
      assertThat(select(Map.of("https_proxy", "proxy.example:1", "no_proxy", exceptions), REGISTRY))
          .isEqualTo(Proxy.NO_PROXY);
    }
    assertThat(
            select(Map.of("https_proxy", "proxy.example:1", "no_proxy", "other.example"), REGISTRY)
                .type())
        .isEqualTo(Proxy.Type.HTTP);
  }

  @Test
  void loopbackIsReachedDirectly() {
    assertThat(
            select(Map.of("http_proxy", "proxy.example:1"), URI.create("http://localhost:5000/")))
        .isEqualTo(Proxy.NO_PROXY);
  }

  private static Proxy select(Map<String, String> environment, URI uri) {
    return new HostProxy(environment).select(uri).getFirst();
  }
}
