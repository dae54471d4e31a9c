package dev.carafe.junit;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** A bottle that runs, and what it takes to end it. */
final class Launched implements AutoCloseable {
  private static final int SHOWN_LINES = 200;

  private final Carafe carafe;
  private final Bottle bottle;

  /** Manifests that were written for it. */
  private final Optional<OwnManifests> manifests;

  private Launched(Carafe carafe, Bottle bottle, Optional<OwnManifests> manifests) {
    this.carafe = carafe;
    this.bottle = bottle;
    this.manifests = manifests;
  }

  /**
   * Launches what is declared.
   *
   * @throws BottleException when that is not possible; then nothing is left
   */
  static Launched of(BottleTest declared) {
    Map<String, String> env = new HashMap<>(System.getenv());
    Optional<OwnManifests> manifests = Optional.empty();
    if (declared.agent().isEmpty()) {
      manifests = Optional.of(OwnManifests.write(declared));
      env.put("XDG_CONFIG_HOME", manifests.get().directory().toString());
    } else if (!declared.provider().isEmpty()
        || declared.command().length > 0
        || !declared.image().isEmpty()) {
      throw new BottleException(
          "@BottleTest names the agent '"
              + declared.agent()
              + "', whose manifest says which provider, command and image it has; take the agent"
              + " away, or the others");
    }
    // A launch is told about when it fails; only what takes minutes is told about meanwhile.
    AtomicBoolean told = new AtomicBoolean(true);
    Carafe carafe =
        Carafe.open(
            env,
            step -> {
              if (told.get()) {
                System.err.println("carafe: " + step);
              }
            },
            note -> {});
    try {
      Plan plan = carafe.prepare(spec(declared));
      carafe.image(plan);
      told.set(false);
      return new Launched(carafe, carafe.launch(plan), manifests);
    } catch (RuntimeException | Error e) {
      carafe.close();
      manifests.ifPresent(OwnManifests::close);
      throw e;
    }
  }

  private static BottleSpec spec(BottleTest declared) {
    String agent = declared.agent().isEmpty() ? OwnManifests.NAME : declared.agent();
    BottleSpec spec =
        BottleSpec.of(agent).withSize(BottleSpec.CPUS, declared.memory()).withoutOperator();
    return declared.workspace().isEmpty()
        ? spec
        : spec.withWorkspace(Path.of(declared.workspace()), false);
  }

  Bottle bottle() {
    return bottle;
  }

  /** What has happened to it, with a heading; the last of it, when that is much. */
  String log() {
    String heading = "The log of bottle '" + bottle.name() + "':\n";
    try {
      List<String> lines = Files.readAllLines(carafe.get(bottle.name()).log());
      List<String> shown = lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size());
      return heading + String.join("\n", shown) + "\n";
    } catch (IOException | BottleException e) {
      return heading + "cannot be read: " + e.getMessage() + "\n";
    }
  }

  @Override
  public void close() {
    try (carafe) {
      bottle.close();
    } finally {
      manifests.ifPresent(OwnManifests::close);
    }
  }
}
