package dev.carafe.it;

import dev.carafe.bottle.Sidecar;
import dev.carafe.bottle.SidecarSpec;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.Denial;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The end of the sidecar of a machine that is no bottle's, on the built-in engine: only that is
 * another than a launched bottle's, against which {@link ShellEscapeTest} has the whole suite.
 */
final class QemuEscapeTest extends SidecarAttacks {
  @Override
  Machines machines() {
    return Lab.machines();
  }

  @Override
  Bottle bottle(
      Machines machines, String routes, Map<String, String> planted, Map<String, String> host)
      throws IOException {
    Path file = Files.writeString(directory.resolve("routes.yaml"), "version: 1\n" + routes);
    MachineSpec spec =
        SidecarSpec.prepare(MachineSpec.builder(Lab.name("escape")).env(planted).build(), file);
    Machine machine = machines.create(spec);
    try {
      machine.start();
      var bottle = new QemuBottle(machine, SidecarSpec.of(spec, host).orElseThrow());
      bottle.open();
      return bottle;
    } catch (RuntimeException e) {
      machine.delete();
      throw e;
    }
  }

  /** The sidecar is in this process, but for {@link #kill}. */
  private static final class QemuBottle implements Bottle {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Machine machine;
    private final SidecarSpec spec;
    private Sidecar sidecar;

    QemuBottle(Machine machine, SidecarSpec spec) {
      this.machine = machine;
      this.spec = spec;
    }

    @Override
    public String canary() {
      return spec.canary().orElseThrow().name();
    }

    @Override
    public ExecResult run(String user, String script) {
      return machine.run(
          ExecSpec.of("bash", "-c", script).withUser(user).withDirectory("/").withTimeout(LIMIT));
    }

    @Override
    public void put(Path host, String guest) {
      machine.copyIn(host, guest, CopyOptions.DEFAULT.withMode(0755));
    }

    @Override
    public List<Denial> denials() {
      return machine.denials(1000);
    }

    @Override
    public Path sockets() {
      return machine.sockets();
    }

    @Override
    public boolean isOpen() {
      return sidecar.isOpen();
    }

    @Override
    public void shut() {
      sidecar.close();
    }

    @Override
    public void open() {
      if (sidecar == null || !sidecar.isOpen()) {
        if (sidecar != null) {
          sidecar.close();
        }
        sidecar = Sidecar.open(machine, spec);
      }
    }

    @Override
    public void kill() throws Exception {
      shut();
      Program program = Program.carafe(spec.environment(), "machine", "start", machine.name());
      List<ProcessHandle> keepers = Lab.processes("_relay " + machine.name());
      if (program.exitCode() != 0 || keepers.size() != 1) {
        throw new AssertionError(keepers.size() + " sidecars: " + program.stderr());
      }
      ExecResult before = run("0:0", ALLOWED_REQUEST);
      if (!before.out().startsWith("HTTP/1.1 200")) {
        throw new AssertionError("that sidecar serves nobody: " + before.out());
      }
      keepers.getFirst().destroyForcibly();
      keepers.getFirst().onExit().get(1, TimeUnit.MINUTES);
    }

    @Override
    public void close() {
      if (sidecar != null) {
        sidecar.close();
      }
      machine.delete();
    }
  }
}
