package dev.carafe.bottle;

import dev.carafe.egress.Egress;
import dev.carafe.egress.EgressOptions;
import dev.carafe.egress.Listen;
import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditException;
import dev.carafe.egress.audit.AuditOptions;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.RouteTable.Event;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/**
 * A running machine's only way out, held by this process: the gateway, the egress proxy behind it,
 * what the proxy allows and what it has decided. While it is open the machine reaches the routes of
 * its routes file and nothing else; when it is closed, or this process ends however it ends, the
 * machine reaches nothing. It can then be opened again for the same machine, with a certificate
 * authority of its own: programs that go on running in the guest have to read its certificate
 * again.
 *
 * <p>When the routes file changes, what it allows does, and the guest is given a certificate for
 * its hosts.
 *
 * <p>{@link #open} returns only after it was tried from inside that the way out is what it should
 * be. Any thread. {@link #start}, {@link #open}, {@link #reload} and {@link #close} block.
 */
public final class Sidecar implements Gateway {
  private static final int TLS_PORT = 443;
  private static final int HTTP_PORT = 80;

  private final Deque<AutoCloseable> undo;
  private final Gateway gateway;
  private final RouteTable routes;
  private final Egress egress;
  private final TrustKeeper trust;

  private Sidecar(
      Deque<AutoCloseable> undo,
      Gateway gateway,
      RouteTable routes,
      Egress egress,
      TrustKeeper trust) {
    this.undo = undo;
    this.gateway = gateway;
    this.routes = routes;
    this.egress = egress;
    this.trust = trust;
  }

  /**
   * Starts a machine with its way out open before anything runs in it; or opens the way out of one
   * that runs.
   *
   * @throws MachineException when either is not possible; then the machine is as it was
   */
  public static Sidecar start(Machine machine, SidecarSpec spec) {
    AtomicReference<Sidecar> opened = new AtomicReference<>();
    try {
      // The start itself proves that the way out is what it should be.
      machine.start(running -> opened.set(open(running, spec, false)));
    } catch (RuntimeException e) {
      Sidecar useless = opened.get();
      if (useless != null) {
        useless.close();
      }
      throw e;
    }
    Sidecar sidecar = opened.get();
    return sidecar == null ? open(machine, spec) : sidecar;
  }

  /**
   * Opens a running machine's way out.
   *
   * @throws MachineException when the routes file cannot be used, when another process is the
   *     machine's sidecar, or when the machine reaches something that it must not; then nothing is
   *     left open
   */
  public static Sidecar open(Machine machine, SidecarSpec spec) {
    return open(machine, spec, true);
  }

  private static Sidecar open(Machine machine, SidecarSpec spec, boolean prove) {
    String attempted = "open the sidecar of machine '" + machine.name() + "'";
    Deque<AutoCloseable> undo = new ArrayDeque<>();
    try {
      AtomicReference<Runnable> changed = new AtomicReference<>(() -> {});
      RouteTable routes = routes(spec, attempted, () -> changed.get().run());
      undo.push(routes);
      Audit audit = Audit.none();
      if (spec.audit().isPresent()) {
        privateDirectory(spec.audit().get().toAbsolutePath().getParent());
        audit = Audit.open(AuditOptions.of(spec.audit().get()).withName(machine.name()));
        undo.push(audit);
      }
      Path sockets = machine.sockets();
      // Nobody else's: what a killed sidecar has left goes away with the machine's run.
      String mark = "s" + UUID.randomUUID().toString().substring(0, 8);
      SocketAddress proxy = UnixDomainSocketAddress.of(sockets.resolve(mark + "p"));
      SocketAddress tls = UnixDomainSocketAddress.of(sockets.resolve(mark + "t"));
      SocketAddress http = UnixDomainSocketAddress.of(sockets.resolve(mark + "h"));
      Egress egress =
          Egress.start(
              new EgressOptions()
                  .routes(routes)
                  .rules(allowed -> rules(allowed, spec))
                  .audit(audit)
                  .environment(spec.environment())
                  .listen(new Listen(Listen.Kind.PROXY, proxy, 0))
                  .listen(new Listen(Listen.Kind.TLS, tls, TLS_PORT))
                  .listen(new Listen(Listen.Kind.HTTP, http, HTTP_PORT)));
      undo.push(egress);
      // Before there is a way out: nothing in the guest uses it without trusting it.
      TrustKeeper trust = new TrustKeeper(machine, egress::certificate, spec.notes());
      undo.push(trust);
      trust.renew();
      Gateway gateway =
          machine.attach(
              new Services(
                  Map.of(GuestEnvironment.PROXY_PORT, proxy, TLS_PORT, tls, HTTP_PORT, http),
                  names(routes)));
      undo.push(gateway);
      if (prove) {
        prove(machine, attempted);
      }
      changed.set(trust::renewSoon);
      trust.watch();
      routes.watch();
      Sidecar sidecar = new Sidecar(undo, gateway, routes, egress, trust);
      // What stands behind a way out that has ended serves nobody.
      gateway.onClose(() -> Thread.startVirtualThread(sidecar::close));
      return sidecar;
    } catch (AuditException e) {
      unwind(undo);
      throw new MachineException(ErrorCode.STORAGE, attempted, e.getMessage(), e);
    } catch (IOException e) {
      unwind(undo);
      throw new MachineException(ErrorCode.HOST, attempted, e.getMessage(), e);
    } catch (RuntimeException e) {
      unwind(undo);
      throw e;
    }
  }

  private static void privateDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  private static RouteTable routes(SidecarSpec spec, String attempted, Runnable changed) {
    AtomicReference<Event> first = new AtomicReference<>();
    RouteTable routes =
        RouteTable.open(
            spec.routes(),
            SecretSources.of(spec.environment(), spec.notes()),
            event -> {
              if (!first.compareAndSet(null, event)) {
                spec.notes().accept(event.text());
                changed.run();
              }
            });
    if (first.get() instanceof Event.Denied denied) {
      routes.close();
      throw new MachineException(ErrorCode.INVALID, attempted, denied.problem().getMessage());
    }
    return routes;
  }

  private static ScanRules.Builder rules(Routes routes, SidecarSpec spec) {
    ScanRules.Builder rules = EgressOptions.standardRules(routes);
    spec.canary().ifPresent(rules::canary);
    return rules;
  }

  /** A name leads to the proxy when some route is for it; all others lead nowhere. */
  private static Predicate<String> names(RouteTable routes) {
    return name -> routes.current().all().stream().anyMatch(route -> route.host().matches(name));
  }

  private static void prove(Machine machine, String attempted) {
    for (Proof proof : machine.prove()) {
      if (!proof.holds()) {
        throw new MachineException(
            ErrorCode.GUEST, attempted, proof.contradiction() + "; its way out was closed");
      }
    }
  }

  @Override
  public boolean isOpen() {
    return gateway.isOpen();
  }

  @Override
  public void onClose(Runnable hook) {
    gateway.onClose(hook);
  }

  @Override
  public int seenAtGate() {
    return gateway.seenAtGate();
  }

  /**
   * Reads the routes file again, and fetches the secrets it refers to. When this returns, programs
   * that are started in the guest reach the new routes. A file that cannot be used changes nothing,
   * and is told to the spec's notes. The file is also read by itself, a second or two after it has
   * changed.
   *
   * @throws MachineException when the guest cannot be made to trust the certificate that the new
   *     routes need; that is tried again later
   */
  public void reload() {
    routes.reload();
    trust.renew();
  }

  /** The certificate that the guest trusts, PEM. */
  public String certificate() {
    return egress.certificate();
  }

  /** Closes the machine's way out. Idempotent. */
  @Override
  public void close() {
    unwind(undo);
  }

  private static void unwind(Deque<AutoCloseable> undo) {
    synchronized (undo) {
      while (!undo.isEmpty()) {
        try {
          undo.pop().close();
        } catch (Exception e) {
          // The others have to be closed all the same; each has said what went wrong.
        }
      }
    }
  }
}
