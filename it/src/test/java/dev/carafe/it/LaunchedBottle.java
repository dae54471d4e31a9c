package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Carafe;
import dev.carafe.image.Home;
import dev.carafe.image.Progress;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.Denial;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A bottle as users have them: declared in manifests, prepared and launched. Its image is {@code
 * base} with a user {@code node}, made by a recipe of its own, and a program under the agent's name
 * that does nothing: what is attacked is the bottle that a provider makes, its routes, environment
 * and files, and not the provider's program.
 */
final class LaunchedBottle implements Bottle {
  /** In a command's environment, to tell the canary from all else that is there. */
  private static final String CANARY_LABEL = "carafe.canary";

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final int MEMORY_MIB = 512;

  private final Carafe carafe;
  private final Map<String, String> environment;
  private dev.carafe.bottle.Bottle bottle;

  /** It was killed, and nobody holds it. */
  private boolean killed;

  private LaunchedBottle(
      Carafe carafe, Map<String, String> environment, dev.carafe.bottle.Bottle bottle) {
    this.carafe = carafe;
    this.environment = environment;
    this.bottle = bottle;
  }

  /**
   * Declares an agent and a bottle, and launches them.
   *
   * @param provider of this name
   * @param keys more keys of {@code agent_provider}, each with a comma in front
   * @param routes what goes below {@code egress} in the bottle's file
   * @param planted becomes the bottle's {@code env}, by way of the host's variables
   * @param host the environment of who launches it, with its credentials
   * @param directory where its configuration is written
   */
  static LaunchedBottle launch(
      Machines machines,
      String provider,
      String keys,
      String routes,
      Map<String, String> planted,
      Map<String, String> host,
      Path directory)
      throws IOException {
    Map<String, String> environment = new HashMap<>(host);
    environment.put("XDG_CONFIG_HOME", directory.resolve("config").toString());
    StringBuilder env = new StringBuilder();
    planted.forEach(
        (name, value) -> {
          environment.put("HOSTS_" + name, value);
          env.append("  ").append(name).append(": ${HOSTS_").append(name).append("}\n");
        });
    Path config = Files.createDirectories(Home.of(environment).config());
    Path recipe = Files.writeString(directory.resolve("recipe.yaml"), recipe());
    Path bottles = Files.createDirectories(config.resolve("bottles"));
    Files.writeString(
        bottles.resolve("attacked.md"),
        "---\nagent_provider: {template: %s, recipe: %s%s}\nenv:\n%segress:\n%s---\n"
            .formatted(provider, recipe, keys, env, routes.indent(2)));
    Path agents = Files.createDirectories(config.resolve("agents"));
    Files.writeString(agents.resolve("attacked.md"), "---\nbottle: attacked\n---\nAttack.\n");
    Progress progress = what -> System.out.println("· " + what);
    Carafe carafe =
        Carafe.with(machines, environment, progress, note -> System.out.println("· " + note));
    BottleSpec spec =
        BottleSpec.of("attacked")
            .withDirectory(directory)
            .withSize(2, MEMORY_MIB)
            .withoutOperator();
    return new LaunchedBottle(carafe, environment, carafe.launch(carafe.prepare(spec)));
  }

  private static String recipe() {
    return """
    base: base
    user: node
    steps:
      - root: |
          useradd --create-home --uid 1000 --shell /bin/bash node
          for agent in claude codex; do
            printf '#!/bin/sh\\nexec cat\\n' > /usr/local/bin/$agent
            chmod 755 /usr/local/bin/$agent
          done
    """;
  }

  /** The bottle itself. */
  dev.carafe.bottle.Bottle handle() {
    return bottle;
  }

  Carafe carafe() {
    return carafe;
  }

  @Override
  public String canary() {
    return bottle.machine().spec().labels().get(CANARY_LABEL);
  }

  @Override
  public ExecResult run(String user, String script) {
    return bottle
        .machine()
        .run(
            ExecSpec.of("bash", "-c", script).withUser(user).withDirectory("/").withTimeout(LIMIT));
  }

  @Override
  public void put(Path host, String guest) {
    bottle.machine().copyIn(host, guest, CopyOptions.DEFAULT.withMode(0755));
  }

  @Override
  public List<Denial> denials() {
    return bottle.machine().denials(1000);
  }

  @Override
  public Path sockets() {
    return bottle.machine().sockets();
  }

  @Override
  public boolean isOpen() {
    return !killed && bottle.isOpen();
  }

  @Override
  public void shut() {
    bottle.shutWayOut();
  }

  @Override
  public void open() {
    if (killed) {
      bottle = carafe.launch(carafe.prepareResume(bottle.name(), true));
      killed = false;
    } else {
      bottle.openWayOut();
    }
  }

  /** Another process goes on with it, whose agent waits for its input; that is what is killed. */
  @Override
  public void kill() throws Exception {
    bottle.keep();
    bottle.close();
    killed = true;
    Process process =
        Program.start(
            Lab.launcher(), environment, List.of("resume", bottle.name(), "--yes", "--quiet"));
    try {
      await()
          .atMost(LIMIT)
          .until(
              () -> {
                assertThat(process.isAlive()).as("the process that resumes it").isTrue();
                return bottle.machine().status().running()
                    && run(EscapeGround.ROOT, EscapeGround.ALLOWED_REQUEST)
                        .out()
                        .startsWith("HTTP/1.1 200");
              });
      assertThat(carafe.get(bottle.name()).live()).isTrue();
    } finally {
      process.destroyForcibly();
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    }
    assertThat(carafe.get(bottle.name()).live()).isFalse();
    assertThat(bottle.machine().status().running()).isTrue();
  }

  @Override
  public void close() {
    if (!killed) {
      bottle.close();
    }
    // One that was kept once is kept.
    if (carafe.list().bottles().stream()
        .anyMatch(found -> found.record().slug().equals(bottle.name()))) {
      carafe.remove(bottle.name());
    }
  }
}
