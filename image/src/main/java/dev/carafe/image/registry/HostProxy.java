package dev.carafe.image.registry;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The proxies that the environment names ({@code https_proxy}, {@code http_proxy}, {@code
 * all_proxy}, {@code no_proxy}, in either case), as curl reads them; Java itself does not. Loopback
 * is always reached directly.
 */
final class HostProxy extends ProxySelector {
  private final Map<String, String> environment;

  HostProxy(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  @Override
  public List<Proxy> select(URI uri) {
    String proxy = variable(uri.getScheme() + "_proxy");
    if (proxy.isEmpty()) {
      proxy = variable("all_proxy");
    }
    if (proxy.isEmpty() || isExcepted(uri.getHost().toLowerCase(Locale.ROOT))) {
      return List.of(Proxy.NO_PROXY);
    }
    URI address = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
    if (address.getHost() == null) {
      return List.of(Proxy.NO_PROXY);
    }
    int port = address.getPort() < 0 ? 80 : address.getPort();
    return List.of(
        new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(address.getHost(), port)));
  }

  private boolean isExcepted(String host) {
    if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
      return true;
    }
    for (String each : variable("no_proxy").split("[,\\s]+")) {
      String suffix = each.toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", "");
      if (each.equals("*")
          || !suffix.isEmpty() && (host.equals(suffix) || host.endsWith("." + suffix))) {
        return true;
      }
    }
    return false;
  }

  private String variable(String name) {
    String lower = environment.get(name);
    return lower != null ? lower : environment.getOrDefault(name.toUpperCase(Locale.ROOT), "");
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {
    // The request itself fails and says so.
  }
}
