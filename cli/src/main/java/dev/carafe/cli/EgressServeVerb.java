package dev.carafe.cli;

import dev.carafe.egress.EgressOptions;
import dev.carafe.egress.Listen;
import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditException;
import dev.carafe.egress.audit.AuditOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code egress serve}: the egress proxy without a bottle. */
final class EgressServeVerb extends Verb {
  private static final String PROXY = "127.0.0.1:9099";

  @Override
  String summary() {
    return "Runs the egress proxy until it is interrupted.";
  }

  @Override
  void describe(Grammar grammar) {
    grammar
        .value(
            "FILE", "What may be reached; read again when it changes, and on SIGHUP.", "--routes")
        .value(
            "ADDRESS",
            "Where the proxy listens: IP:PORT of the loopback, or unix:PATH. Default: "
                + PROXY
                + ".",
            "--listen")
        .value("ADDRESS", "Where it listens for TLS to any server, by its name.", "--tls-listen")
        .value("ADDRESS", "Where it listens for HTTP to any server, by its name.", "--http-listen")
        .value("FILE", "Keep what was decided here. Without, nothing is kept.", "--audit")
        .value(
            "N",
            "0: only what concerns the proxy; 1: blocked and failed requests; 2: all. Default: 2.",
            "--audit-level")
        .value("IP:PORT", "Serve Prometheus' metrics here, at the loopback.", "--metrics")
        .value("FILE", "Write the certificate here that clients must trust.", "--ca-out")
        .flag(
            "Start also when the routes file cannot be used, and refuse everything until it can.",
            "--deny-all-on-error")
        .flag("Say as JSON where it listens.", "--json")
        .example("egress serve --routes routes.yaml --ca-out ca.pem --audit audit.jsonl")
        .example("egress serve --routes routes.yaml --listen unix:/run/user/1000/egress.sock")
        .example("egress serve --routes routes.yaml --metrics 127.0.0.1:9464 --json");
  }

  /** The routes file that was named. */
  static Path routesFile(Arguments arguments) {
    return Path.of(
        arguments
            .value("--routes")
            .orElseThrow(() -> new UsageException("no routes file was named: give --routes FILE")));
  }

  @Override
  int run(Arguments arguments, Context context) {
    Path routes = routesFile(arguments);
    List<Listen> listens = listens(arguments);
    Optional<InetSocketAddress> metrics =
        arguments.value("--metrics").map(text -> tcp("--metrics", text));
    int level =
        arguments
            .value("--audit-level")
            .map(n -> Values.number("--audit-level", n, 0, 2))
            .orElse(2);
    if (arguments.has("--audit-level") && !arguments.has("--audit")) {
      throw new UsageException("--audit-level without --audit: name the file too");
    }
    ServeLog.to(context.console());
    EgressOptions options = new EgressOptions().environment(context.env());
    listens.forEach(options::listen);
    try (Audit audit = audit(arguments, level);
        EgressService service =
            EgressService.start(
                new EgressService.Plan(
                    routes,
                    arguments.has("--deny-all-on-error"),
                    metrics,
                    arguments.value("--ca-out").map(Path::of)),
                options.audit(audit),
                audit,
                context)) {
      service.untilEnded(
          context.signals(),
          () -> {
            if (!arguments.has("--audit")) {
              context.console().note("Warning: no audit is kept; give --audit FILE to keep one");
            }
            context.console().print(service.described(arguments.has("--json"), listens));
          });
    }
    return ExitCode.OK;
  }

  private static Audit audit(Arguments arguments, int level) {
    Optional<String> file = arguments.value("--audit");
    if (file.isEmpty()) {
      return Audit.none();
    }
    try {
      return Audit.open(AuditOptions.of(Path.of(file.get())).withLevel(level));
    } catch (AuditException e) {
      throw new FailureException(e.getMessage());
    }
  }

  private static List<Listen> listens(Arguments arguments) {
    List<Listen> listens = new ArrayList<>();
    listens.add(
        new Listen(
            Listen.Kind.PROXY, address("--listen", arguments.value("--listen").orElse(PROXY)), 0));
    arguments
        .value("--tls-listen")
        .ifPresent(text -> listens.add(Listen.tls(address("--tls-listen", text))));
    arguments
        .value("--http-listen")
        .ifPresent(text -> listens.add(Listen.http(address("--http-listen", text))));
    return listens;
  }

  private static SocketAddress address(String option, String text) {
    if (text.startsWith("unix:") && text.length() > 5) {
      return UnixDomainSocketAddress.of(Path.of(text.substring(5)).toAbsolutePath());
    }
    return tcp(option, text);
  }

  /** An address of the loopback; names are not looked up. */
  private static InetSocketAddress tcp(String option, String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      InetAddress address = InetAddress.ofLiteral(host);
      int port = Values.number(option, text.substring(colon + 1), 0, 65_535);
      if (!address.isLoopbackAddress()) {
        throw new UsageException(
            option
                + " "
                + Text.shown(text)
                + ": other hosts could reach that; give an address of the"
                + " loopback, such as "
                + PROXY);
      }
      return new InetSocketAddress(address, port);
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "invalid value '"
              + Text.shown(text)
              + "' for "
              + option
              + ": it is IP:PORT, such as "
              + PROXY);
    }
  }
}
