package dev.carafe.bottle;

import dev.carafe.egress.Egress;
import dev.carafe.egress.EgressOptions;
import dev.carafe.egress.audit.Audit;
import dev.carafe.egress.audit.AuditException;
import dev.carafe.egress.audit.AuditOptions;
import dev.carafe.egress.routes.RouteTable;
import dev.carafe.egress.routes.RouteTable.Event;
import dev.carafe.egress.routes.Routes;
import dev.carafe.egress.scan.ScanRules;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What stands behind a sidecar's way out: what is allowed, what was decided, the proxy and what the
 * guest has to trust. It listens nowhere yet, and nothing of it needs the machine: so it is made
 * while the machine comes up.
 */
final class SidecarParts implements AutoCloseable {
  private final Undo undo = new Undo();
  private final AtomicReference<Runnable> changed = new AtomicReference<>(() -> {});
  private RouteTable routes;
  private Egress egress;
  private GuestTrust trust;

  private SidecarParts() {}

  /** Parts that are being made. To be closed, unless they were taken. */
  static final class Making implements AutoCloseable {
    private final String machine;
    private final Thread thread;
    private SidecarParts made;
    private Throwable failure;

    private Making(String machine, SidecarSpec spec) {
      this.machine = machine;
      thread = Thread.ofPlatform().daemon().name("carafe-sidecar").unstarted(() -> make(spec));
    }

    private void make(SidecarSpec spec) {
      try {
        made = SidecarParts.make(machine, spec);
      } catch (RuntimeException | Error e) {
        failure = e;
      }
    }

    /**
     * The parts, which are the caller's from now on. Blocks until they are made.
     *
     * @throws MachineException when they cannot be
     */
    SidecarParts take() {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new MachineException(ErrorCode.LOST, attempted(machine), "interrupted", e);
      }
      switch (failure) {
        case null -> {}
        case Error e -> throw e;
        case Throwable e -> throw (RuntimeException) e;
      }
      SidecarParts parts = made;
      made = null;
      return parts;
    }

    /** Ends what goes on, and waits for that. Idempotent. */
    @Override
    public void close() {
      thread.interrupt();
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (made != null) {
        made.close();
        made = null;
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Begins to make them, by a thread of its own. */
  static Making begin(String machine, SidecarSpec spec) {
    Making making = new Making(machine, spec);
    making.thread.start();
    return making;
  }

  /**
   * Makes them. Blocks.
   *
   * @throws MachineException when the routes file cannot be used, or the audit not be written;
   *     nothing is left then
   */
  static SidecarParts make(String machine, SidecarSpec spec) {
    SidecarParts parts = new SidecarParts();
    try {
      parts.routes = parts.routes(machine, spec);
      parts.push("the routes file is no longer followed", parts.routes);
      Audit audit = Audit.none();
      if (spec.audit().isPresent()) {
        privateDirectory(spec.audit().get().toAbsolutePath().getParent());
        audit = Audit.open(AuditOptions.of(spec.audit().get()).withName(machine));
        parts.push("the audit was closed", audit);
      }
      parts.egress =
          Egress.start(
              new EgressOptions()
                  .routes(parts.routes)
                  .rules(allowed -> rules(allowed, spec))
                  .audit(audit)
                  .environment(spec.environment()));
      parts.push("the proxy was closed", parts.egress);
      parts.trust = GuestTrust.of(parts.egress.certificate());
      return parts;
    } catch (AuditException e) {
      parts.close();
      throw new MachineException(ErrorCode.STORAGE, attempted(machine), e.getMessage(), e);
    } catch (IOException e) {
      parts.close();
      throw new MachineException(ErrorCode.HOST, attempted(machine), e.getMessage(), e);
    } catch (RuntimeException | Error e) {
      parts.close();
      throw e;
    }
  }

  static String attempted(String machine) {
    return "open the sidecar of machine '" + machine + "'";
  }

  private static void privateDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  private RouteTable routes(String machine, SidecarSpec spec) {
    AtomicReference<Event> first = new AtomicReference<>();
    RouteTable table =
        RouteTable.open(
            spec.routes(),
            SecretSources.of(spec.environment(), spec.notes()),
            event -> {
              if (!first.compareAndSet(null, event)) {
                spec.notes().accept(event.text());
                changed.get().run();
              }
            });
    if (first.get() instanceof Event.Denied denied) {
      table.close();
      throw new MachineException(
          ErrorCode.INVALID, attempted(machine), denied.problem().getMessage());
    }
    return table;
  }

  private static ScanRules.Builder rules(Routes routes, SidecarSpec spec) {
    ScanRules.Builder rules = EgressOptions.standardRules(routes);
    spec.canary().ifPresent(rules::canary);
    return rules;
  }

  RouteTable routes() {
    return routes;
  }

  Egress egress() {
    return egress;
  }

  /** What a guest is given to trust a certificate; that of the beginning has been made already. */
  GuestTrust trust(String pem) {
    return trust.pem().equals(pem) ? trust : GuestTrust.of(pem);
  }

  /** Has something done, from now on, when what is allowed changes. */
  void onChange(Runnable hook) {
    changed.set(hook);
  }

  /** Something more that has to be closed, before all that is there. */
  void push(String closed, AutoCloseable more) {
    undo.push(closed, more::close);
  }

  /** Closes all of it, the last first. Idempotent. */
  @Override
  public void close() {
    undo.unwind();
  }
}
