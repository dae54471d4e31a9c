package dev.carafe.bottle;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.bottle.manifest.Manifest;
import dev.carafe.bottle.manifest.ManifestException;
import dev.carafe.bottle.manifest.ManifestIndex;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.ManifestProblem;
import dev.carafe.bottle.policy.BottleEnv;
import dev.carafe.bottle.policy.BottlePolicy;
import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.provider.Program;
import dev.carafe.bottle.provider.Provider;
import dev.carafe.bottle.provider.ProviderException;
import dev.carafe.bottle.provider.Providers;
import dev.carafe.bottle.provider.Provision;
import dev.carafe.bottle.provider.ProvisionRequest;
import dev.carafe.bottle.provider.Recipe;
import dev.carafe.bottle.provider.RecipeReader;
import dev.carafe.bottle.provision.PromptFile;
import dev.carafe.bottle.provision.Skills;
import dev.carafe.bottle.provision.Workspace;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.bottle.state.Slug;
import dev.carafe.egress.secret.SecretSources;
import dev.carafe.image.Home;
import dev.carafe.image.ImageStore;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Resolves what is asked for to a {@link Plan}. Reads; changes nothing and connects to nothing. */
final class Preparation {
  private final Home home;
  private final Map<String, String> env;
  private final ImageStore images;
  private final Machines machines;
  private final BottleStates states;
  private final InstantSource clock;

  Preparation(
      Home home,
      Map<String, String> env,
      ImageStore images,
      Machines machines,
      BottleStates states,
      InstantSource clock) {
    this.home = home;
    this.env = Map.copyOf(env);
    this.images = images;
    this.machines = machines;
    this.states = states;
    this.clock = clock;
  }

  /**
   * How a session begins that has begun before.
   *
   * @param lost whether somebody has worked in it, and that is gone
   */
  private record Earlier(
      String slug, String label, Optional<String> frozen, Plan.Beginning beginning, boolean lost) {}

  Plan prepare(BottleSpec spec) {
    return prepare(spec, Optional.empty());
  }

  /** A bottle that has been started before, as it was asked for then. */
  Plan resume(String slug, boolean headless) {
    Found found = found(slug);
    if (found.starting()) {
      throw new BottleException(starting(slug));
    }
    if (found.live()) {
      throw new BottleException(
          "bottle '"
              + slug
              + "' is running; 'carafe attach "
              + slug
              + "' opens another terminal on it");
    }
    BottleRecord record = found.record();
    Plan.Beginning beginning =
        Plan.Beginning.of(record.phase(), machines.find(slug).isPresent(), found.frozen());
    boolean lost = beginning == Plan.Beginning.NEW && record.phase() != Phase.MAKING;
    BottleSpec spec =
        new BottleSpec(
            record.agent(),
            record.bottles(),
            record.directory(),
            record.workspace(),
            record.ignored(),
            Optional.of(record.label()),
            Color.of(record.color()),
            record.imageOverride(),
            record.cpus(),
            record.memoryMib(),
            headless,
            true);
    return prepare(
        spec, Optional.of(new Earlier(slug, record.label(), found.frozen(), beginning, lost)));
  }

  /** What is said to whoever would use a bottle whose start has not come to its end. */
  static String starting(String slug) {
    return "bottle '"
        + slug
        + "' is still being started; wait for that ('carafe logs "
        + slug
        + "' shows how far it is)";
  }

  /**
   * A plan of a bottle that has not been started, with a label that no other has by now.
   *
   * @throws BottleException when the provider cannot give what it gave when the plan was made
   */
  Plan relabelled(Plan plan) {
    try {
      // One that a killed launch has left has this label itself.
      if (states.find(plan.slug()).isPresent()) {
        return plan;
      }
      String label = label(plan.spec());
      return label.equals(plan.label())
          ? plan
          : plan.labelled(
              label,
              plan.provider().provision(request(plan.spec(), declared(plan.manifest()), label)));
    } catch (IOException e) {
      throw new BottleException("the bottles cannot be listed: " + Sentence.reason(e), e);
    } catch (ProviderException e) {
      throw new BottleException(e.getMessage(), e);
    }
  }

  Found found(String slug) {
    try {
      return states.find(slug).orElseThrow(() -> new BottleException(noBottle(slug)));
    } catch (IOException e) {
      throw new BottleException(
          "the state of bottle '" + slug + "' cannot be read: " + e.getMessage(), e);
    }
  }

  /** The agent of a bottle that runs already. */
  record Agent(Program program, Optional<String> promptFile) {}

  Agent agent(BottleRecord record) {
    Manifest manifest =
        manifest(
            BottleSpec.of(record.agent())
                .withBottles(record.bottles())
                .withDirectory(record.directory()));
    AgentProvider declared = declared(manifest);
    try {
      return new Agent(
          provider(record.directory(), declared).program(declared),
          manifest.agent().prompt().isBlank()
              ? Optional.empty()
              : Optional.of(PromptFile.path(Bottle.HOME)));
    } catch (ProviderException e) {
      throw new BottleException(
          "agent '" + record.agent() + "' cannot be run: " + e.getMessage(), e);
    }
  }

  private static AgentProvider declared(Manifest manifest) {
    return manifest
        .bottle()
        .provider()
        .orElseThrow(
            () ->
                new BottleException(
                    "bottle '"
                        + String.join(", ", manifest.bottle().names())
                        + "' names no program: give it agent_provider, such as"
                        + " 'agent_provider: {template: claude}'"));
  }

  private String noBottle(String slug) {
    boolean machine = Slug.machine(slug) && machines.find(slug).isPresent();
    return "there is no bottle '"
        + Slug.shown(slug)
        + "'; "
        + (machine
            ? "that is a machine: 'carafe machine' has the commands for it"
            : "'carafe list' shows those that there are");
  }

  private Plan prepare(BottleSpec spec, Optional<Earlier> earlier) {
    Manifest manifest = manifest(spec);
    AgentProvider declared = declared(manifest);
    List<String> notes = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    String label = earlier.map(Earlier::label).orElseGet(() -> label(spec));
    try {
      Provider provider = provider(spec.directory(), declared);
      Program program = provider.program(declared);
      Provision provision =
          collected(() -> provider.provision(request(spec, declared, label)), problems)
              .orElse(Provision.none());
      notes.addAll(provision.notes());
      BottlePolicy policy = BottlePolicy.of(provision.routes(), manifest.bottle().egress());
      notes.addAll(policy.notes());
      SecretSources sources = SecretSources.of(env, note -> {});
      problems.addAll(policy.problems(sources));
      BottleEnv variables =
          new BottleEnv(
              String.join(", ", manifest.bottle().names()),
              manifest.bottle().env(),
              policy,
              sources);
      problems.addAll(variables.problems(!spec.headless()));
      Optional<Skills> skills =
          collected(
              () -> Skills.find(manifest.agent(), places(spec.directory()), hostHome()), problems);
      Optional<Workspace> workspace = Optional.empty();
      if (spec.workspace().isPresent() && beginning(earlier) == Plan.Beginning.NEW) {
        workspace =
            collected(
                () -> Workspace.of(spec.workspace().get(), spec.ignored(), spec.forced(), env),
                problems);
        workspace.ifPresent(found -> notes.addAll(found.notes()));
      }
      if (!manifest.bottle().repos().isEmpty()) {
        notes.add(
            "git-gate.repos is not served: there is no git gate yet; "
                + manifest.bottle().repos().size()
                + " declared");
      }
      earlier
          .filter(Earlier::lost)
          .ifPresent(
              gone ->
                  notes.add(
                      "its machine is gone, and it was not frozen: it begins anew"
                          + (spec.workspace().isPresent() ? ", with a new copy" : "")));
      earlier
          .flatMap(Earlier::frozen)
          .filter(BottleArchive::isImported)
          .ifPresent(
              reference ->
                  notes.add(
                      "its image came in a file, and whoever made that file decides what runs in"
                          + " it: with this bottle's routes and credentials"));
      Optional<AgentImage> image =
          collected(() -> image(spec, declared, provider, earlier, problems), problems);
      if (!problems.isEmpty()) {
        throw new BottleException(
            "agent '" + spec.agent() + "' cannot be started:\n  " + String.join("\n  ", problems),
            null,
            problems.stream().map(ManifestProblem::of).toList());
      }
      return new Plan(
          spec,
          earlier.map(Earlier::slug).orElseGet(() -> Slug.of(label)),
          manifest,
          provider,
          program,
          provision,
          image.orElseThrow(),
          policy,
          variables,
          skills.orElseThrow(),
          workspace,
          label,
          spec.color(),
          beginning(earlier),
          notes);
    } catch (ProviderException e) {
      throw new BottleException(
          "agent '" + spec.agent() + "' cannot be started: " + e.getMessage(), e);
    }
  }

  private ProvisionRequest request(BottleSpec spec, AgentProvider declared, String label) {
    return new ProvisionRequest(
        declared,
        env,
        hostHome(),
        Bottle.HOME,
        spec.workspace().isPresent() ? Bottle.WORKSPACE : Bottle.HOME,
        Optional.of(label),
        spec.color(),
        clock.instant());
  }

  private Manifest manifest(BottleSpec spec) {
    ManifestIndex index = ManifestIndex.read(places(spec.directory()), env);
    try {
      return index.load(spec.agent(), spec.bottles());
    } catch (ManifestException e) {
      List<String> lines = new ArrayList<>();
      e.problems()
          .forEach(
              problem ->
                  lines.add(
                      problem.file().map(file -> file + ":" + problem.at() + ": ").orElse("")
                          + problem.sentence()));
      throw new BottleException(String.join("\n", lines), e, e.problems());
    }
  }

  private ManifestPlaces places(Path directory) {
    return new ManifestPlaces(home.config(), directory);
  }

  private Provider provider(Path directory, AgentProvider declared) throws ProviderException {
    return Providers.find(places(directory), env).named(declared.template());
  }

  private Path hostHome() {
    return Path.of(env.getOrDefault("HOME", System.getProperty("user.home")));
  }

  private static Plan.Beginning beginning(Optional<Earlier> earlier) {
    return earlier.map(Earlier::beginning).orElse(Plan.Beginning.NEW);
  }

  private interface Look<T> {
    T at() throws ProviderException;
  }

  /** What was found; or what is wrong with it, among the problems. */
  private static <T> Optional<T> collected(Look<T> look, List<String> problems) {
    try {
      return Optional.of(look.at());
    } catch (BottleException | ProviderException e) {
      problems.add(e.getMessage());
      return Optional.empty();
    }
  }

  /** What it shall be called; a number is added if another bottle is called so. */
  private String label(BottleSpec spec) {
    String wanted = spec.label().orElse(spec.agent()).strip();
    if (!BottleSpec.isLabel(wanted)) {
      throw new BottleException(BottleSpec.LABEL_RULE);
    }
    Set<String> taken = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    try {
      states.list().bottles().forEach(found -> taken.add(found.record().label()));
    } catch (IOException e) {
      throw new BottleException("the bottles cannot be listed: " + e.getMessage(), e);
    }
    String label = wanted;
    for (int number = 2; taken.contains(label); number++) {
      label = wanted + "-" + number;
    }
    return label;
  }

  private AgentImage image(
      BottleSpec spec,
      AgentProvider declared,
      Provider provider,
      Optional<Earlier> earlier,
      List<String> problems)
      throws ProviderException {
    Optional<String> frozen = earlier.flatMap(Earlier::frozen);
    if (beginning(earlier) == Plan.Beginning.MACHINE) {
      return new AgentImage.Named(
          machines.get(earlier.get().slug()).spec().image().orElse("base"),
          "its machine is still there");
    } else if (frozen.isPresent()) {
      if (images.find(frozen.get()).isEmpty()) {
        problems.add(
            "the image '"
                + frozen.get()
                + "' that it was frozen to is gone from the store; import it again, or start a new"
                + " bottle");
      }
      return new AgentImage.Frozen(frozen.get(), "it was frozen to this one");
    } else if (spec.image().isPresent()) {
      problems.addAll(ImageNeeds.problems(images, spec.image().get()));
      return new AgentImage.Named(spec.image().get(), "it was asked for");
    } else if (declared.image().isPresent()) {
      problems.addAll(ImageNeeds.problems(images, declared.image().get()));
      return new AgentImage.Named(declared.image().get(), "the bottle names it");
    }
    Optional<Path> file = declared.recipe();
    Optional<Recipe> recipe =
        file.isPresent() ? Optional.of(RecipeReader.read(file.get(), env)) : provider.recipe();
    if (recipe.isEmpty()) {
      problems.add(
          "'"
              + provider.name()
              + "' brings no image; name one by 'image' in agent_provider, or with --image");
      return new AgentImage.Named("base", "");
    }
    String reference = AgentImages.reference(images, provider.name(), recipe.get());
    return new AgentImage.ByRecipe(
        recipe.get(),
        reference,
        images.find(reference).isPresent(),
        file.map(path -> "by the recipe " + path)
            .orElse("by the recipe of '" + provider.name() + "'"));
  }
}
