package dev.carafe.egress;

import dev.carafe.egress.proxy.AddressRules;
import dev.carafe.egress.routes.Auth;
import dev.carafe.egress.routes.HostPattern;
import dev.carafe.egress.routes.Inbound;
import dev.carafe.egress.routes.Match;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.OnMatch;
import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.tls.UpstreamTrust;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Servers of the tests' own, an egress before them, and clients that use it. */
public final class Lab implements AutoCloseable {
  public static final String SECRET = "sk-lab-4f9d2c7b6a15e830";

  private final TestCertificates certificates = new TestCertificates();
  private final List<AutoCloseable> open = new ArrayList<>();

  public Lab() throws Exception {}

  public TestCertificates certificates() {
    return certificates;
  }

  /** A server with TLS for these names that speaks HTTP/2 and HTTP/1.1. */
  public TestServer server(String... hosts) throws Exception {
    return keep(TestServer.tls(certificates.server(List.of("h2", "http/1.1"), hosts)));
  }

  /** A server with TLS for these names that speaks HTTP/1.1 only. */
  public TestServer oldServer(String... hosts) throws Exception {
    return keep(TestServer.tls(certificates.server(List.of("http/1.1"), hosts)));
  }

  /** A server without TLS. */
  public TestServer plainServer() {
    return keep(TestServer.plain());
  }

  public <T extends AutoCloseable> T keep(T resource) {
    open.add(resource);
    return resource;
  }

  /** Options for these routes; all names are this host's, and that is allowed. */
  public EgressOptions options(Route... routes) {
    return new EgressOptions()
        .listen(Listen.proxy(loopback()))
        .routes(RouteTable.of(Routes.of(List.of(routes))))
        .addresses(AddressRules.allowing(List.of("127.0.0.0/8")))
        .trust(UpstreamTrust.with(List.of(certificates.certificate())))
        .resolver(
            host -> {
              if (host.equals("unknown.test")) {
                throw new UnknownHostException(host);
              }
              return List.of(InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1}));
            });
  }

  public Egress start(EgressOptions options) throws Exception {
    return keep(Egress.start(options));
  }

  public Egress start(Route... routes) throws Exception {
    return start(options(routes));
  }

  public static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  public static InetSocketAddress address(Egress egress) {
    return (InetSocketAddress) egress.addresses().getFirst();
  }

  // Routes.

  public static Route open(String host, int port) {
    return route(host, port, List.of(), Optional.empty(), OnMatch.BLOCK);
  }

  public static Route signed(String host, int port) {
    Secret secret = Secret.of("LAB_TOKEN", SECRET);
    Auth auth = new Auth("authorization", "Bearer ", secret);
    return route(host, port, List.of(), Optional.of(auth), OnMatch.BLOCK);
  }

  public static Route route(
      String host, int port, List<Match> matches, Optional<Auth> auth, OnMatch outbound) {
    return new Route(
        new HostPattern(host),
        port,
        matches,
        auth,
        outbound,
        new Inbound(OnMatch.OFF),
        false,
        false,
        false,
        true,
        1);
  }

  public static Route handedThrough(String host, int port) {
    return new Route(
        new HostPattern(host),
        port,
        List.of(),
        Optional.empty(),
        OnMatch.OFF,
        new Inbound(OnMatch.OFF),
        false,
        true,
        1);
  }

  // Clients.

  /** TLS that trusts what the egress says it is. */
  public static SSLContext trusting(String pem) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry(
        "egress",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  public HttpClient client(Egress egress, HttpClient.Version version) throws Exception {
    return keep(
        HttpClient.newBuilder()
            .proxy(ProxySelector.of(address(egress)))
            .sslContext(trusting(egress.certificate()))
            .version(version)
            .connectTimeout(Duration.ofSeconds(20))
            .build());
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      if (resource instanceof HttpClient client) {
        client.shutdownNow();
      } else {
        resource.close();
      }
    }
  }
}
