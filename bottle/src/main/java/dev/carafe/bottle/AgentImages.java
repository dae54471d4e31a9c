package dev.carafe.bottle;

import dev.carafe.bottle.provider.HostRegistries;
import dev.carafe.bottle.provider.HostRegistries.Access;
import dev.carafe.bottle.provider.ProviderException;
import dev.carafe.bottle.provider.Recipe;
import dev.carafe.bottle.provision.GuestCommands;
import dev.carafe.egress.routes.DeclaredRoutes;
import dev.carafe.egress.routes.RoutesException;
import dev.carafe.egress.routes.RoutesWriter;
import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.disk.Durable;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.FreezeSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gets the images of agents. One that has a recipe is made once: its steps run in a machine of
 * their own, which reaches what the recipe names and nothing else, and what comes of it is frozen.
 */
final class AgentImages {
  private static final Duration STEP_LIMIT = Duration.ofMinutes(60);
  private static final Duration WAIT_LIMIT = Duration.ofMinutes(90);
  private static final String PREFIX = "agent-";
  private static final int TAG = 16;
  private static final int SHOWN_LINES = 20;

  private final Home home;
  private final Map<String, String> env;
  private final ImageStore images;
  private final Machines machines;

  AgentImages(Home home, Map<String, String> env, ImageStore images, Machines machines) {
    this.home = home;
    this.env = Map.copyOf(env);
    this.images = images;
    this.machines = machines;
  }

  /**
   * What the store calls the image that comes of a recipe: the name that it has, if it was made,
   * for whomever.
   *
   * @param name what it is to be called, if it has to be made
   */
  static String reference(ImageStore images, String name, Recipe recipe) {
    return made(images, recipe)
        .flatMap(image -> image.names().stream().filter(known -> isOf(known, recipe)).findFirst())
        .orElse(PREFIX + name + tag(recipe));
  }

  private static Optional<Image> made(ImageStore images, Recipe recipe) {
    return images.list().stream()
        .filter(image -> image.names().stream().anyMatch(name -> isOf(name, recipe)))
        .findFirst();
  }

  /** Names of images that came from a registry have its host and a slash in front. */
  private static boolean isOf(String name, Recipe recipe) {
    return name.startsWith(PREFIX) && name.endsWith(tag(recipe)) && name.indexOf('/') < 0;
  }

  private static String tag(Recipe recipe) {
    return ":" + recipe.digest().substring(0, TAG);
  }

  /**
   * The image, fetched or made if it is not there. Blocks for minutes when it has to be made.
   *
   * @throws BottleException when a recipe cannot be carried out
   */
  Image ensure(AgentImage choice, Progress progress) {
    return switch (choice) {
      case AgentImage.Named named -> images.ensure(named.reference(), progress);
      case AgentImage.Frozen frozen ->
          images
              .find(frozen.reference())
              .orElseThrow(
                  () -> new BottleException("the image '" + frozen.reference() + "' is gone"));
      case AgentImage.ByRecipe byRecipe -> byRecipe(byRecipe, progress);
    };
  }

  private Image byRecipe(AgentImage.ByRecipe choice, Progress progress) {
    Optional<Image> made = made(images, choice.recipe());
    if (made.isPresent()) {
      return made.get();
    }
    Path directory = home.cache().resolve("recipes");
    Path mine = directory.resolve(choice.recipe().digest());
    try {
      Files.createDirectories(directory);
      try (Lock lock = waitFor(directory.resolve(choice.recipe().digest() + ".lock"), progress)) {
        // Another process may have made it meanwhile, for an agent of another name.
        Optional<Image> now = made(images, choice.recipe());
        if (now.isPresent()) {
          return now.get();
        }
        Image base = base(choice.recipe(), progress);
        Durable.deleteTree(mine);
        Files.createDirectory(mine);
        try {
          return make(choice, base, mine.resolve("routes.yaml"), progress);
        } finally {
          Durable.deleteTree(mine);
        }
      }
    } catch (IOException e) {
      throw new BottleException(
          "the image '" + choice.reference() + "' cannot be made: " + e.getMessage(), e);
    }
  }

  private Image base(Recipe recipe, Progress progress) {
    Optional<Recipe> below = recipe.baseRecipe();
    if (below.isEmpty()) {
      return images.ensure(recipe.base(), progress);
    }
    String reference = reference(images, recipe.baseName(), below.get());
    return byRecipe(
        new AgentImage.ByRecipe(below.get(), reference, false, "what an image begins with"),
        progress);
  }

  private static Lock waitFor(Path file, Progress progress) throws IOException {
    long end = System.nanoTime() + WAIT_LIMIT.toNanos();
    boolean said = false;
    while (System.nanoTime() < end) {
      Optional<Lock> lock = Lock.tryTake(file);
      if (lock.isPresent()) {
        return lock.get();
      }
      if (!said) {
        said = true;
        progress.step("Waiting for another process that makes the same image");
      }
      try {
        Thread.sleep(200);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
    throw new IOException(
        "another process has been making it for " + WAIT_LIMIT.toMinutes() + " minutes");
  }

  private Image make(AgentImage.ByRecipe choice, Image base, Path routes, Progress progress)
      throws IOException {
    Recipe recipe = choice.recipe();
    Undo undo = new Undo();
    try {
      Access access = HostRegistries.access(recipe, env, Path.of("/"));
      RoutesWriter.write(
          routes, new DeclaredRoutes(access.routes(), access.allow(), List.of(), Optional.of(1)));
      MachineSpec spec =
          MachineSpec.builder(MachineSpec.randomName())
              .image(base.digest())
              .memoryMib(recipe.memoryMib())
              // Whoever finds it without its maker removes it.
              .ephemeral(true)
              .build();
      Machine machine = machines.create(SidecarSpec.prepare(spec, routes));
      undo.push("the machine in which the steps ran was removed", machine::delete);
      Sidecar sidecar = Sidecar.start(machine, SidecarSpec.of(routes, env));
      undo.push("its way out was closed", sidecar::close);
      run(machine, recipe, access.env(), progress);
      progress.step("Keeping the image " + choice.reference());
      sidecar.close();
      return new Freezer(images)
          .freeze(
              machine,
              choice.reference(),
              GuestTrust.leftOut(FreezeSpec.ALL),
              config -> config(config, recipe),
              choice.why(),
              progress);
    } catch (ProviderException | RoutesException e) {
      throw new BottleException(
          "the image '" + choice.reference() + "' cannot be made: " + e.getMessage(), e);
    } catch (MachineException e) {
      throw new BottleException(
          "the image '" + choice.reference() + "' cannot be made: " + e.getMessage(), e);
    } finally {
      undo.unwind();
    }
  }

  private static ImageConfig config(ImageConfig base, Recipe recipe) {
    Map<String, String> env = new LinkedHashMap<>();
    for (String variable : base.env()) {
      int equals = variable.indexOf('=');
      env.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    env.putAll(recipe.env());
    return new ImageConfig(
        env.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).toList(),
        Optional.of("/home/" + recipe.user()),
        Optional.of(recipe.user()),
        List.of(),
        List.of(),
        base.architecture(),
        base.os());
  }

  private static void run(
      Machine machine, Recipe recipe, Map<String, String> access, Progress progress) {
    Map<String, String> env = new LinkedHashMap<>(access);
    env.putAll(recipe.env());
    int number = 0;
    for (Recipe.Step step : recipe.steps()) {
      number++;
      String first = title(step);
      String which = "step " + number + " of " + recipe.steps().size();
      progress.step("Making the image, " + which + ": " + first);
      ExecSpec spec =
          ExecSpec.of("/bin/sh", "-eu", "-c", step.script())
              .withEnv(env)
              .withUser(step.root() ? "root" : recipe.user());
      ExecResult result =
          GuestCommands.work(
              machine,
              step.root() ? spec : spec.withDirectory("/home/" + recipe.user()),
              STEP_LIMIT);
      if (result.exitCode() != 0) {
        throw new BottleException(
            "the image cannot be made: "
                + which
                + " ("
                + first
                + ") ended with "
                + result.exitCode()
                + ":\n"
                + tail(result.out() + result.err()));
      }
    }
  }

  /** Its first line; a comment is words for people. */
  private static String title(Recipe.Step step) {
    String first = step.script().strip().lines().findFirst().orElse("");
    return first.startsWith("#") ? first.substring(1).strip() : first;
  }

  private static String tail(String output) {
    List<String> lines = output.strip().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
  }
}
