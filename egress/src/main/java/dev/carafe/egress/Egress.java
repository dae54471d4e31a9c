package dev.carafe.egress;

import dev.carafe.egress.proxy.ProxyServer;
import dev.carafe.egress.tls.Authority;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A bottle's way out. It listens where the guest's connections arrive, lets through what the routes
 * allow after looking at it, adds the routes' credentials, and keeps what it decided. What is not
 * allowed is answered {@code 403} with a text that begins {@code egress:}; what failed behind it,
 * {@code 502} or {@code 504}. Each has a certificate authority, connections and memory of its own;
 * nothing is shared between two.
 *
 * <p>Any thread. {@link #start} and {@link #close} block.
 */
public final class Egress implements AutoCloseable {
  /** How long a bottle's certificates are good. */
  public static final Duration CERTIFICATE_LIFE = Duration.ofDays(14);

  private final ProxyServer server;
  private final Authority authority;
  private final List<SocketAddress> addresses;

  private Egress(ProxyServer server, Authority authority, List<SocketAddress> addresses) {
    this.server = server;
    this.authority = authority;
    this.addresses = List.copyOf(addresses);
  }

  /**
   * Begins to listen.
   *
   * @throws IOException if that is not possible somewhere; nothing is left then
   * @throws IllegalArgumentException if the environment names a proxy that cannot be used
   */
  public static Egress start(EgressOptions options) throws IOException {
    Authority authority = new Authority(List.of(), CERTIFICATE_LIFE, options.clock());
    ProxyServer server =
        new ProxyServer(
            options.limits(),
            new ProxyServer.Policy(
                options.routes(), options.rules(), options.audit(), options.metrics(), authority),
            new ProxyServer.Outside(
                options.addresses(), options.resolver(), options.trust(), options.environment()),
            options.threads());
    try {
      List<SocketAddress> addresses = new ArrayList<>();
      for (Listen listen : options.listens()) {
        addresses.add(server.listen(listen));
      }
      return new Egress(server, authority, addresses);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /**
   * Begins to listen somewhere else, too.
   *
   * @return the address, with the port that was chosen
   * @throws IOException if that is not possible
   */
  public SocketAddress listen(Listen listen) throws IOException {
    return server.listen(listen);
  }

  /**
   * Where it has listened from its start, in the order of the options, with the ports that were
   * chosen.
   */
  public List<SocketAddress> addresses() {
    return addresses;
  }

  /**
   * The certificate that the guest must trust, PEM. It covers the hosts of the routes as they are
   * now; when they change, ask again. What trusted an older one keeps working for the hosts that
   * one covered.
   */
  public String certificate() {
    server.refresh();
    return authority.pem();
  }

  /** Ends all connections and stops listening. Unix-domain sockets are removed. */
  @Override
  public void close() {
    server.close();
  }
}
