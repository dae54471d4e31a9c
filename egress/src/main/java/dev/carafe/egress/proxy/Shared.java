package dev.carafe.egress.proxy;

import dev.carafe.egress.Limits;
import dev.carafe.egress.audit.Exchange;
import dev.carafe.egress.routes.Cidr;
import dev.carafe.egress.routes.Route;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.scan.Scanner;
import dev.carafe.egress.tls.Authority;
import dev.carafe.egress.tls.UpstreamTrust;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What all connections of one bottle have in common, and what counts them. Any thread. */
final class Shared {
  private final Limits limits;
  private final RouteTable table;
  private final Function<Routes, ScanRules.Builder> rules;
  private final Ledger ledger;
  private final Authority authority;
  private final Dialer dialer;
  private final UpstreamTrust trust;
  private final Executor computing;
  private final HandshakeGate handshakes;
  private final AtomicLong ids = new AtomicLong();
  private final AtomicInteger exchanges = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();
  private final Map<EventLoop, Upstreams> upstreams = new ConcurrentHashMap<>();
  private final EarlierSecrets earlier = new EarlierSecrets();
  private @Nullable Judge judge;

  Shared(
      Limits limits,
      RouteTable table,
      Function<Routes, ScanRules.Builder> rules,
      Ledger ledger,
      Authority authority,
      Dialer dialer,
      UpstreamTrust trust,
      Executor computing) {
    this.limits = limits;
    this.table = table;
    this.rules = rules;
    this.ledger = ledger;
    this.authority = authority;
    this.dialer = dialer;
    this.trust = trust;
    this.computing = computing;
    this.handshakes = new HandshakeGate(limits.handshakes(), limits.handshakesWaiting());
  }

  Limits limits() {
    return limits;
  }

  Ledger ledger() {
    return ledger;
  }

  Authority authority() {
    return authority;
  }

  Dialer dialer() {
    return dialer;
  }

  /** Where what takes long to compute is computed. */
  Executor computing() {
    return computing;
  }

  HandshakeGate handshakes() {
    return handshakes;
  }

  long nextId() {
    return ids.incrementAndGet();
  }

  /** Begins a request, unless there are too many. */
  boolean enter() {
    return enter(exchanges, limits.exchanges());
  }

  void leave() {
    exchanges.decrementAndGet();
  }

  /** Begins a connection, unless there are too many. */
  boolean connect() {
    return enter(connections, limits.connections());
  }

  void disconnect() {
    connections.decrementAndGet();
  }

  private static boolean enter(AtomicInteger count, int limit) {
    if (count.incrementAndGet() > limit) {
      count.decrementAndGet();
      return false;
    }
    return true;
  }

  /** Who decides now. The routes are looked at once for a request; they may change after it. */
  synchronized Judge judge() {
    Routes routes = table.current();
    if (judge == null || judge.routes() != routes) {
      earlier.replace(routes.secrets());
      Scanner scanner = Scanner.of(rules(routes).entropy(false).build());
      boolean entropy = routes.all().stream().anyMatch(Route::entropy);
      judge =
          new Judge(
              routes,
              scanner,
              entropy ? Scanner.of(rules(routes).entropy(true).build()) : scanner,
              dialer.rules().and(routes.allow().stream().map(Cidr::toString).toList()),
              routes.authorities().isEmpty() ? trust : trust.and(routes.authorities()));
      cover(routes);
    }
    return judge;
  }

  private ScanRules.Builder rules(Routes routes) {
    return earlier.addTo(rules.apply(routes));
  }

  private void cover(Routes routes) {
    authority.cover(
        routes.all().stream()
            .filter(route -> !route.passThrough())
            .map((Route route) -> route.host().text())
            .toList());
  }

  /** Overwrites what was remembered; for the end, when nothing is decided any more. */
  synchronized void forget() {
    earlier.clear();
  }

  /** Makes the certificate one for the present routes, and anew when it is half over. */
  synchronized void refresh() {
    cover(judge().routes());
  }

  /** The upstream connections of one event loop. */
  Upstreams upstreams(EventLoop loop) {
    return upstreams.computeIfAbsent(loop, l -> new Upstreams(this, l));
  }

  /** Keeps a refusal of what did not even become a request. */
  void refused(String method, @Nullable HostPort to, Refused why) {
    Exchange exchange =
        new Exchange(
            nextId(),
            method,
            "",
            to == null ? "" : to.host(),
            to == null ? 0 : to.port(),
            "",
            why.status(),
            0,
            0,
            0,
            "");
    ledger.ended(judge(), exchange, why);
  }
}
