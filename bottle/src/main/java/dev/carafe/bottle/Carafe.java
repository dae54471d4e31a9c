package dev.carafe.bottle;

import dev.carafe.bottle.policy.BottleEnv.Operator;
import dev.carafe.bottle.provision.GuestChanges;
import dev.carafe.bottle.provision.GuestUser;
import dev.carafe.bottle.provision.WorkspaceState;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.bottle.state.BottleStates.Listing;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.bottle.state.Slug;
import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The way to bottles for programs:
 *
 * <pre>{@code
 * try (Carafe carafe = Carafe.open();
 *     Bottle bottle = carafe.launch(carafe.prepare(BottleSpec.of("claude")))) {
 *   bottle.exec("echo hello-from-vm");
 * }
 * }</pre>
 *
 * <p>Bottles that were launched have to be closed before this. Any thread; all methods block.
 */
public final class Carafe implements AutoCloseable {
  private final Home home;
  private final Map<String, String> env;
  private final ImageStore images;
  private final Machines machines;
  private final BottleStates states;
  private final Preparation preparation;
  private final AgentImages agentImages;
  private final Progress progress;
  private final Consumer<String> notes;
  private final InstantSource clock = InstantSource.system();

  private Carafe(
      Home home,
      Map<String, String> env,
      Machines machines,
      Progress progress,
      Consumer<String> notes) {
    this.home = home;
    this.env = Map.copyOf(env);
    this.progress = progress;
    this.notes = notes;
    images = ImageStore.open(home);
    this.machines = machines;
    states = BottleStates.of(home);
    preparation = new Preparation(home, env, images, machines, states, clock);
    agentImages = new AgentImages(home, env, images, machines);
  }

  /** The bottles of the user whose process this is. */
  public static Carafe open() {
    return open(System.getenv(), Progress.silent(), note -> {});
  }

  /**
   * The bottles of the user whose environment this is.
   *
   * @param env where homes, credentials and the host's proxy are looked up
   * @param progress hears what takes long
   * @param notes hears one sentence for each thing that the operator should know while bottles run;
   *     from any thread, without secrets
   */
  public static Carafe open(Map<String, String> env, Progress progress, Consumer<String> notes) {
    return with(Machines.open(Home.of(env), progress), env, progress, notes);
  }

  /**
   * The same, in machines that somebody has opened.
   *
   * @param machines are closed with this
   */
  public static Carafe with(
      Machines machines, Map<String, String> env, Progress progress, Consumer<String> notes) {
    return new Carafe(Home.of(env), env, machines, progress, notes);
  }

  /**
   * Finds out what a launch would do. Changes nothing.
   *
   * @throws BottleException says all that keeps it from being launched
   */
  public Plan prepare(BottleSpec spec) {
    return preparation.prepare(spec);
  }

  /**
   * Finds out what it would take to go on with a bottle that was frozen, kept or left by a crash.
   * Changes nothing.
   *
   * @param headless there is nobody to ask
   * @throws BottleException when there is none of that slug, it runs, or it cannot be resumed
   */
  public Plan prepareResume(String slug, boolean headless) {
    return preparation.resume(slug, headless);
  }

  /**
   * Gets the image that a plan names, as a launch would: fetches it, or makes it by its recipe,
   * which takes minutes. A launch then finds it there.
   *
   * @throws BottleException when that is not possible
   */
  public Image image(Plan plan) {
    return agentImages.ensure(plan.image(), progress);
  }

  /**
   * Launches a bottle. What it reaches has been tried from inside when this returns. Its way out is
   * this process's: it ends with it.
   *
   * @throws BottleException says which step failed and what was undone; nothing is left
   */
  public Bottle launch(Plan plan) {
    return launch(plan, Optional.empty());
  }

  /**
   * {@link #launch(Plan)}, with somebody to ask for what the manifest wants to be asked.
   *
   * @param operator answers, on this thread
   */
  public Bottle launch(Plan plan, Optional<Operator> operator) {
    return new Launch(
            plan,
            preparation::relabelled,
            env,
            images,
            machines,
            states,
            agentImages,
            operator,
            progress,
            notes,
            clock)
        .run();
  }

  /**
   * A bottle that somebody runs, to be used beside them.
   *
   * @throws BottleException when there is none of that slug, its start has not come to its end, or
   *     its machine does not run
   */
  public Bottle attach(String slug) {
    Found found = get(slug);
    if (found.starting()) {
      throw new BottleException(Preparation.starting(slug));
    }
    BottleRecord record = found.record();
    Machine machine =
        machines
            .find(slug)
            .filter(BottleLeftovers::isBottles)
            // What a killed start has left has no workspace yet.
            .filter(there -> record.phase() != Phase.MAKING && there.status().running())
            .orElseThrow(() -> new BottleException(idle(found)));
    Preparation.Agent agent = preparation.agent(record);
    return new Bottle(
        new Bottle.Parts(
            record,
            machine,
            Optional.empty(),
            agent.program(),
            agent.promptFile(),
            false,
            shown -> new Freezer(images).bottle(states, machine, slug, shown),
            () -> {},
            () -> true,
            new BottleLog(found.log(), clock)),
        new Undo());
  }

  private static String idle(Found found) {
    String slug = found.record().slug();
    return found.live()
        ? "bottle '"
            + slug
            + "' is just being started or ended; try again ('carafe logs "
            + slug
            + "' shows how far it is)"
        : "bottle '" + slug + "' is not running; 'carafe resume " + slug + "' goes on with it";
  }

  /**
   * The bottle of that slug.
   *
   * @throws BottleException when there is none
   */
  public Found get(String slug) {
    return preparation.found(slug);
  }

  /**
   * What has changed in a running bottle's workspace since it was copied in. To be closed.
   *
   * @param paths relative to the workspace; all of it, if there are none
   * @param ignored whether new files are looked at that git ignores
   * @throws BottleException when it has no workspace, or does not run
   */
  public GuestChanges changes(String slug, List<String> paths, boolean ignored) {
    Bottle bottle = attach(slug);
    Found found = get(slug);
    Path host =
        found
            .record()
            .workspace()
            .orElseThrow(
                () ->
                    new BottleException(
                        "bottle '" + slug + "' has no workspace: it was started without --cwd"));
    return GuestChanges.look(
        bottle.machine(),
        GuestUser.find(bottle.machine(), Bottle.USER),
        new GuestChanges.Request(host, copiedIn(found), paths, ignored, scratch()),
        env);
  }

  private static WorkspaceState copiedIn(Found found) {
    String slug = found.record().slug();
    try {
      return WorkspaceState.read(found.workspace());
    } catch (NoSuchFileException e) {
      throw new BottleException(
          "bottle '"
              + slug
              + "' has no copy of a workspace to be compared with: it was imported; 'carafe cp "
              + slug
              + ":"
              + Bottle.WORKSPACE
              + " DIRECTORY' copies all of it",
          e);
    } catch (IOException e) {
      throw new BottleException(
          "what was copied into bottle '" + slug + "' is not known: " + Sentence.reason(e), e);
    }
  }

  private Path scratch() {
    return home.cache().resolve("work");
  }

  /**
   * The last of what a bottle's machine wrote on its console, at most 64 KiB: text of the guest's.
   *
   * @throws BottleException when its machine does not run: then nothing of it is kept
   */
  public String console(String slug) {
    get(slug);
    return machines
        .find(slug)
        .filter(BottleLeftovers::isBottles)
        .filter(machine -> machine.status().alive())
        .orElseThrow(
            () ->
                new BottleException(
                    "bottle '"
                        + slug
                        + "' does not run, and a console is kept only as long as its machine does;"
                        + " 'carafe logs "
                        + slug
                        + "' shows what happened"))
        .console();
  }

  /**
   * Writes a bottle that was frozen into one file: what it was asked for, and the image that it was
   * last frozen to. Neither has a credential in it.
   *
   * @param file must not exist
   * @throws BottleException when it was not frozen, or the file cannot be written; then there is
   *     none
   */
  public void exportBottle(String slug, Path file) {
    Found found = get(slug);
    String reference =
        found
            .frozen()
            .orElseThrow(
                () ->
                    new BottleException(
                        "bottle '"
                            + slug
                            + "' was not frozen; 'carafe freeze "
                            + slug
                            + "' does that while it runs"));
    new BottleArchive(images, states, machines).write(found.record(), reference, file, progress);
  }

  /**
   * Takes in what {@link #exportBottle} wrote, here or elsewhere; it can then be resumed.
   *
   * @return its slug
   * @throws BottleException when it is no such file or a damaged one, or there is a bottle of that
   *     slug; nothing is taken in then
   */
  public String importBottle(Path file) {
    return new BottleArchive(images, states, machines).read(file, progress);
  }

  /** All bottles: those that run, were frozen or kept, or were left by a crash. */
  public Listing list() {
    try {
      return states.list();
    } catch (IOException e) {
      throw new BottleException("the bottles cannot be listed: " + e.getMessage(), e);
    }
  }

  /**
   * Removes a bottle that nobody runs, with its machine and the record of what it was. The images
   * that it was frozen to stay.
   *
   * @return the references of those images
   * @throws BottleException when it runs, or something is left
   */
  public List<String> remove(String slug) {
    try {
      Optional<HeldBottle> taken = states.hold(slug);
      if (taken.isEmpty()) {
        throw new BottleException("bottle '" + slug + "' is running; end its session first");
      }
      try (HeldBottle held = taken.get();
          Lock unfrozen =
              states
                  .freezing(slug)
                  .orElseThrow(
                      () ->
                          new BottleException(
                              "bottle '" + slug + "' is being frozen; try again after that"))) {
        machines.find(slug).filter(BottleLeftovers::isBottles).ifPresent(Machine::delete);
        held.delete();
      }
      return BottleArchive.imagesOf(slug, images);
    } catch (NoSuchFileException e) {
      throw new BottleException("there is no bottle '" + Slug.shown(slug) + "'", e);
    } catch (IOException e) {
      throw new BottleException(
          "bottle '" + slug + "' cannot be removed: " + Sentence.reason(e), e);
    }
  }

  /**
   * What killed sessions have left, and nobody uses: a bottle's removal is the end that its session
   * would have had, so that what was frozen or kept stays. Changes nothing.
   */
  public List<Leftover> leftovers() {
    try {
      return new BottleLeftovers(states, machines, scratch()).find();
    } catch (IOException e) {
      throw new BottleException("the bottles cannot be listed: " + Sentence.reason(e), e);
    }
  }

  /** Lets go of machines and images. Bottles that are still open lose their way out. */
  @Override
  public void close() {
    machines.close();
  }
}
