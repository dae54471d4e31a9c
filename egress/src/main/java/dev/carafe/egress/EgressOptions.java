package dev.carafe.egress;

import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.Metrics;
import dev.carafe.egress.proxy.AddressRules;
import dev.carafe.egress.proxy.Resolver;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.secret.Secret;
import dev.carafe.egress.tls.UpstreamTrust;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What an {@link Egress} is started with. Without routes it denies everything. */
public final class EgressOptions {
  private final List<Listen> listens = new ArrayList<>();
  private RouteTable routes = RouteTable.of(Routes.none());
  private Function<Routes, ScanRules.Builder> rules = EgressOptions::standardRules;
  private Audit audit = Audit.none();
  private Metrics metrics = new Metrics();
  private Limits limits = Limits.standard();
  private AddressRules addresses = AddressRules.standard();
  private Optional<UpstreamTrust> trust = Optional.empty();
  private Map<String, String> environment = Map.of();
  private Resolver resolver = Resolver.host();
  private Clock clock = Clock.systemUTC();
  private int threads = 2;

  /** The routes' own secrets, and what looks like a token of a well-known service. */
  public static ScanRules.Builder standardRules(Routes routes) {
    ScanRules.Builder rules = ScanRules.builder().patterns(true);
    for (Secret secret : routes.secrets()) {
      rules.secret(secret.name(), secret.bytes());
    }
    return rules;
  }

  /** One more place to listen on. */
  public EgressOptions listen(Listen listen) {
    listens.add(listen);
    return this;
  }

  /** What is allowed; a change counts from the next request on. */
  public EgressOptions routes(RouteTable routes) {
    this.routes = routes;
    return this;
  }

  /**
   * What is looked for, given the routes; asked when they change, and a second time if one of them
   * wants to know about entropy, which is set for it.
   */
  public EgressOptions rules(Function<Routes, ScanRules.Builder> rules) {
    this.rules = rules;
    return this;
  }

  /** Who keeps what was decided; it stays the caller's to close. */
  public EgressOptions audit(Audit audit) {
    this.audit = audit;
    return this;
  }

  /** Who counts. */
  public EgressOptions metrics(Metrics metrics) {
    this.metrics = metrics;
    return this;
  }

  public EgressOptions limits(Limits limits) {
    this.limits = limits;
    return this;
  }

  /** Which addresses of upstream servers may be connected to. */
  public EgressOptions addresses(AddressRules addresses) {
    this.addresses = addresses;
    return this;
  }

  /** Whom upstream servers' certificates must come from: at first, whom this host trusts. */
  public EgressOptions trust(UpstreamTrust trust) {
    this.trust = Optional.of(trust);
    return this;
  }

  /**
   * Where HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY and SSL_CERT_FILE are read from; empty at
   * first.
   */
  public EgressOptions environment(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
    return this;
  }

  /** Who knows upstream servers' addresses: at first, the host. */
  public EgressOptions resolver(Resolver resolver) {
    this.resolver = resolver;
    return this;
  }

  public EgressOptions clock(Clock clock) {
    this.clock = clock;
    return this;
  }

  /** Threads that move bytes, at least 1. */
  public EgressOptions threads(int threads) {
    this.threads = threads;
    return this;
  }

  List<Listen> listens() {
    return List.copyOf(listens);
  }

  RouteTable routes() {
    return routes;
  }

  Function<Routes, ScanRules.Builder> rules() {
    return rules;
  }

  Audit audit() {
    return audit;
  }

  Metrics metrics() {
    return metrics;
  }

  Limits limits() {
    return limits;
  }

  AddressRules addresses() {
    return addresses;
  }

  UpstreamTrust trust() throws IOException {
    return trust.isPresent() ? trust.get() : UpstreamTrust.ofHost(environment);
  }

  Map<String, String> environment() {
    return environment;
  }

  Resolver resolver() {
    return resolver;
  }

  Clock clock() {
    return clock;
  }

  int threads() {
    return threads;
  }
}
