package dev.carafe.cli;

import dev.carafe.egress.Egress;
import dev.carafe.egress.EgressOptions;
import dev.carafe.egress.Listen;
import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.Metrics;
import dev.carafe.egress.audit.MetricsServer;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.secret.SecretSources;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;

/** An egress proxy that runs, with the routes, metrics and certificate file that belong to it. */
final class EgressService implements AutoCloseable {
  private final Plan plan;
  private final Audit audit;
  private final Metrics metrics = new Metrics();
  private final Console console;
  private RouteTable table;
  private Egress egress;
  private MetricsServer metricsServer;

  /**
   * What to run.
   *
   * @param denyOnError whether a routes file that cannot be used is a reason not to start
   * @param certificate where the certificate is written
   */
  record Plan(
      Path routes,
      boolean denyOnError,
      Optional<InetSocketAddress> metrics,
      Optional<Path> certificate) {}

  private EgressService(Plan plan, Audit audit, Console console) {
    this.plan = plan;
    this.audit = audit;
    this.console = console;
  }

  /**
   * Starts; what was started is stopped again when something fails.
   *
   * @param options with the places to listen on
   */
  static EgressService start(Plan plan, EgressOptions options, Audit audit, Context context) {
    EgressService service = new EgressService(plan, audit, context.console());
    try {
      service.begin(options, context);
      return service;
    } catch (RuntimeException e) {
      service.close();
      throw e;
    }
  }

  private void begin(EgressOptions options, Context context) {
    SecretSources sources =
        SecretSources.of(context.env(), warning -> console.note("Warning: " + warning));
    table = RouteTable.open(plan.routes(), sources, this::heard);
    if (table.current().digest().isEmpty() && !plan.denyOnError()) {
      throw new FailureException(
          "nothing was started, since the routes file cannot be used; with --deny-all-on-error it"
              + " starts and refuses everything");
    }
    try {
      egress = Egress.start(options.routes(table).metrics(metrics));
    } catch (IOException | IllegalArgumentException e) {
      throw new FailureException(
          "the proxy cannot be started: " + e.getMessage(), ExitCode.FAILED, e);
    }
    try {
      if (plan.metrics().isPresent()) {
        metricsServer = MetricsServer.start(plan.metrics().get(), metrics);
      }
    } catch (IOException e) {
      throw new FailureException("metrics cannot be served: " + e.getMessage(), ExitCode.FAILED, e);
    }
    writeCertificate();
    table.watch();
  }

  /** The routes file was read. */
  private void heard(RouteTable.Event event) {
    // Where nothing is going to be started, nothing is refused.
    console.note(
        event instanceof RouteTable.Event.Denied denied && !plan.denyOnError()
            ? denied.problem().getMessage()
            : event.text());
    String result = event.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    audit.policy(
        result,
        event instanceof RouteTable.Event.Loaded loaded
            ? loaded.text() + ", sha256 " + loaded.routes().digest()
            : event.text());
    metrics.routes(result, table == null ? loaded(event) : table.current().all().size());
    if (egress != null && event instanceof RouteTable.Event.Loaded) {
      try {
        writeCertificate();
      } catch (FailureException e) {
        console.note("Warning: " + e.getMessage());
      }
    }
  }

  private static int loaded(RouteTable.Event event) {
    return event instanceof RouteTable.Event.Loaded loaded ? loaded.routes().all().size() : 0;
  }

  /** Whole, or not at all. */
  private void writeCertificate() {
    if (plan.certificate().isEmpty()) {
      return;
    }
    Path file = plan.certificate().get().toAbsolutePath();
    // A name that nobody can have put there before, as a link to another file.
    Path beside = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID());
    try {
      try {
        Files.writeString(
            beside,
            egress.certificate(),
            StandardCharsets.US_ASCII,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE);
        Files.move(
            beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      throw new FailureException(
          "the certificate cannot be written to " + file, ExitCode.FAILED, e);
    }
  }

  /** Where it listens, for people or programs. */
  String described(boolean json, List<Listen> listens) {
    List<SocketAddress> addresses = egress.addresses();
    if (json) {
      return Json.of(
              out -> {
                out.writeStartObject();
                out.writeNumberProperty("pid", ProcessHandle.current().pid());
                out.writeNumberProperty("routes", table.current().all().size());
                for (int i = 0; i < addresses.size(); i++) {
                  out.writeStringProperty(word(listens.get(i)), Listen.text(addresses.get(i)));
                }
                Json.string(out, "metrics", metricsAddress());
                Json.string(out, "certificate", plan.certificate().map(Path::toString));
                out.writeEndObject();
              })
          + "\n";
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < addresses.size(); i++) {
      text.append("Listening (").append(word(listens.get(i))).append("): ");
      text.append(Listen.text(addresses.get(i))).append('\n');
    }
    metricsAddress().ifPresent(address -> text.append("Metrics: http://" + address + "/metrics\n"));
    return text.toString();
  }

  private Optional<String> metricsAddress() {
    return Optional.ofNullable(metricsServer).map(server -> Listen.text(server.address()));
  }

  private static String word(Listen listen) {
    return listen.kind().name().toLowerCase(Locale.ROOT);
  }

  /**
   * Waits for SIGINT or SIGTERM; SIGHUP reads the routes and fetches the secrets again.
   *
   * @param ready is called once signals are waited for: who is told that it runs may end it
   */
  void untilEnded(Signals signals, Runnable ready) {
    CountDownLatch ended = new CountDownLatch(1);
    signals.handle(Signals.HANGUP, table::reload);
    signals.handle(Signals.INTERRUPT, ended::countDown);
    signals.handle(Signals.TERMINATE, ended::countDown);
    ready.run();
    // What starting has used is given back; from here on it mostly waits.
    System.gc();
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops listening before the routes go, so that nobody sees a proxy without routes. */
  @Override
  public void close() {
    if (metricsServer != null) {
      metricsServer.close();
    }
    if (egress != null) {
      egress.close();
    }
    if (table != null) {
      table.close();
    }
  }
}
