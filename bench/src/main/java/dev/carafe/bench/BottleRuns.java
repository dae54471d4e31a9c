package dev.carafe.bench;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Carafe;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.FrozenLayer;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Bottles, step by step, and freezes of a machine that runs. */
final class BottleRuns implements AutoCloseable {
  private static final String AGENT = "bench";
  private static final String FROZEN = "bench-frozen:1";

  private final Lab lab;
  private final Samples samples;
  private final Machines machines;
  private final ImageStore images;
  private final Map<String, String> environment;
  private Machine live;

  BottleRuns(Lab lab, Samples samples) throws IOException {
    this.lab = lab;
    this.samples = samples;
    machines = Machines.open(lab.home(), Progress.silent());
    images = ImageStore.open(lab.home());
    environment = new HashMap<>(System.getenv());
    environment.putAll(lab.environment());
    manifests();
  }

  /** An agent that is a shell, in an image of the base and a user. */
  private void manifests() throws IOException {
    Path config = lab.home().config();
    Path recipe = config.resolve("bench.yaml");
    Files.createDirectories(config.resolve("agents"));
    Files.createDirectories(config.resolve("bottles"));
    Files.writeString(
        recipe,
        "base: base\nuser: node\nsteps:\n"
            + "  - root: useradd --create-home --uid 1000 --shell /bin/bash node\n");
    Files.writeString(config.resolve("agents").resolve(AGENT + ".md"), "---\nbottle: bench\n---\n");
    Files.writeString(
        config.resolve("bottles").resolve("bench.md"),
        "---\nagent_provider: {template: shell, recipe: " + recipe + "}\n---\n");
  }

  List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    cases.add(Case.of("bottle-launch", this::launch));
    for (int megabytes : new int[] {0, 10}) {
      cases.add(Case.of("bottle-freeze-" + megabytes, () -> freeze(megabytes)));
    }
    cases.add(new Case("bottle-freeze-200", 3, () -> freeze(200)));
    return cases;
  }

  /** Notes how long each step of a launch takes; a step ends where the next begins. */
  private final class Steps implements Progress {
    private String step = "";
    private long begun = System.nanoTime();

    @Override
    public synchronized void step(String what) {
      end();
      step = what;
      begun = System.nanoTime();
    }

    synchronized void end() {
      if (!step.isEmpty()) {
        samples.addSince("bottle: launch, " + step.replaceAll(" (agent-|/).*", ""), begun);
      }
      step = "";
    }
  }

  private void launch() throws IOException {
    Path project = Files.createDirectories(lab.scratch().resolve("project"));
    Files.writeString(project.resolve("README"), "a project\n");
    Steps steps = new Steps();
    try (Carafe carafe = Carafe.open(environment, steps, note -> {})) {
      long start = System.nanoTime();
      var plan =
          carafe.prepare(BottleSpec.of(AGENT).withSize(2, 2048).withWorkspace(project, false));
      samples.addSince("bottle: prepare", start);
      long launched = System.nanoTime();
      Bottle bottle = carafe.launch(plan);
      steps.end();
      samples.addSince("bottle: launch", launched);
      long first = System.nanoTime();
      ExecResult result = bottle.exec("true");
      samples.addSince("bottle: first exec after it", first);
      long closing = System.nanoTime();
      bottle.close();
      samples.addSince("bottle: close", closing);
      if (result.exitCode() != 0) {
        throw new IOException("true ended with " + result.exitCode() + ": " + result.err());
      }
    }
  }

  private void freeze(int megabytes) throws IOException {
    if (live == null) {
      live = machines.create(MachineSpec.named(lab.name()));
      live.start();
    }
    ExecResult written =
        live.run(
            ExecSpec.shell(
                "rm -f /var/changed; sync; head -c "
                    + megabytes
                    + "000000 /dev/urandom > /var/changed; sync"));
    if (written.exitCode() != 0) {
      throw new IOException("the change: " + written.err());
    }
    Image below = live.imageDigest().flatMap(images::find).orElseThrow();
    long start = System.nanoTime();
    try (FrozenLayer layer = FrozenLayer.of(live, FreezeSpec.ALL)) {
      images.addLayer(below, layer, FROZEN, below.config(), "bench", Progress.silent());
    }
    samples.addSince("freeze of " + megabytes + " MB: a running machine to an image", start);
    images.remove(FROZEN, Set.of());
  }

  @Override
  public void close() {
    if (live != null) {
      live.delete();
    }
    machines.close();
  }
}
