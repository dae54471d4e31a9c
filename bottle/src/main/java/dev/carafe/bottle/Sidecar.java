package dev.carafe.bottle;

import dev.carafe.egress.Listen;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Gateway;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Proof;
import dev.carafe.machine.Services;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
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

  private final SidecarParts parts;
  private final Gateway gateway;
  private final TrustKeeper trust;

  private Sidecar(SidecarParts parts, Gateway gateway, TrustKeeper trust) {
    this.parts = parts;
    this.gateway = gateway;
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
    try (SidecarParts.Making parts = SidecarParts.begin(machine.name(), spec)) {
      // The start itself proves that the way out is what it should be.
      machine.start(running -> opened.set(open(running, spec, parts.take(), false)));
      Sidecar sidecar = opened.get();
      return sidecar == null ? open(machine, spec, parts.take(), true) : sidecar;
    } catch (RuntimeException e) {
      Sidecar useless = opened.get();
      if (useless != null) {
        useless.close();
      }
      throw e;
    }
  }

  /**
   * Opens a running machine's way out.
   *
   * @throws MachineException when the routes file cannot be used, when another process is the
   *     machine's sidecar, or when the machine reaches something that it must not; then nothing is
   *     left open
   */
  public static Sidecar open(Machine machine, SidecarSpec spec) {
    return open(machine, spec, SidecarParts.make(machine.name(), spec), true);
  }

  private static Sidecar open(
      Machine machine, SidecarSpec spec, SidecarParts parts, boolean prove) {
    String attempted = SidecarParts.attempted(machine.name());
    try {
      Path sockets = machine.sockets();
      // Nobody else's: what a killed sidecar has left goes away with the machine's run.
      String mark = "s" + UUID.randomUUID().toString().substring(0, 8);
      SocketAddress proxy = UnixDomainSocketAddress.of(sockets.resolve(mark + "p"));
      SocketAddress tls = UnixDomainSocketAddress.of(sockets.resolve(mark + "t"));
      SocketAddress http = UnixDomainSocketAddress.of(sockets.resolve(mark + "h"));
      parts.egress().listen(new Listen(Listen.Kind.PROXY, proxy, 0));
      parts.egress().listen(new Listen(Listen.Kind.TLS, tls, TLS_PORT));
      parts.egress().listen(new Listen(Listen.Kind.HTTP, http, HTTP_PORT));
      // Before there is a way out: nothing in the guest uses it without trusting it.
      TrustKeeper trust =
          new TrustKeeper(
              pem -> parts.trust(pem).install(machine), parts.egress()::certificate, spec.notes());
      parts.push("the certificate is no longer kept", trust);
      trust.renew();
      Gateway gateway =
          machine.attach(
              new Services(
                  Map.of(GuestEnvironment.PROXY_PORT, proxy, TLS_PORT, tls, HTTP_PORT, http),
                  names(parts.routes())));
      parts.push("the way out was closed", gateway);
      if (prove) {
        prove(machine, attempted);
      }
      parts.onChange(trust::renewSoon);
      trust.watch();
      parts.routes().watch();
      Sidecar sidecar = new Sidecar(parts, gateway, trust);
      // What stands behind a way out that has ended serves nobody.
      gateway.onClose(() -> Thread.startVirtualThread(sidecar::close));
      return sidecar;
    } catch (IOException e) {
      parts.close();
      throw new MachineException(ErrorCode.HOST, attempted, e.getMessage(), e);
    } catch (RuntimeException | Error e) {
      parts.close();
      throw e;
    }
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
    parts.routes().reload();
    trust.renew();
  }

  /** The certificate that the guest trusts, PEM. */
  public String certificate() {
    return parts.egress().certificate();
  }

  /** Closes the machine's way out. Idempotent. */
  @Override
  public void close() {
    parts.close();
  }
}
