package dev.carafe.bottle;

import dev.carafe.bottle.Undo.Outcome;
import dev.carafe.bottle.policy.BottleEnv.Operator;
import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.provider.GuestFile;
import dev.carafe.bottle.provision.GitIdentity;
import dev.carafe.bottle.provision.GuestFiles;
import dev.carafe.bottle.provision.GuestUser;
import dev.carafe.bottle.provision.Injected;
import dev.carafe.bottle.provision.PromptFile;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.egress.routes.RoutesException;
import dev.carafe.egress.routes.RoutesWriter;
import dev.carafe.image.Image;
import dev.carafe.image.ImageException;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Carries out a plan, step by step. What a step has made, it also knows how to undo; when one
 * fails, or the thread is interrupted, those before it are undone, the last first, and nothing is
 * left. One launch, one thread.
 */
final class Launch {
  static final String ENGINE = "qemu";

  /** Marks the machine as a bottle's. */
  static final String LABEL = "carafe.bottle";

  private static final String NONE = "";

  private final Plan plan;
  private final Map<String, String> env;
  private final ImageStore images;
  private final Machines machines;
  private final BottleStates states;
  private final AgentImages agentImages;
  private final Optional<Operator> operator;
  private final Progress progress;
  private final Consumer<String> notes;
  private final InstantSource clock;

  private final Undo undo = new Undo();
  private final Injected injected = new Injected();
  private String step = NONE;
  private HeldBottle state;
  private BottleLog log;
  private volatile boolean kept;
  private boolean keptAlways;
  private Machine machine;
  private WayOut wayOut;

  Launch(
      Plan plan,
      Map<String, String> env,
      ImageStore images,
      Machines machines,
      BottleStates states,
      AgentImages agentImages,
      Optional<Operator> operator,
      Progress progress,
      Consumer<String> notes,
      InstantSource clock) {
    this.plan = plan;
    this.env = env;
    this.images = images;
    this.machines = machines;
    this.states = states;
    this.agentImages = agentImages;
    this.operator = operator;
    this.progress = progress;
    this.notes = notes;
    this.clock = clock;
  }

  /**
   * Launches the bottle.
   *
   * @throws BottleException says which step failed, why, what was undone, and what to do
   */
  Bottle run() {
    try {
      begin("Asking");
      Map<String, String> variables = plan.env().resolve(operator);
      begin("Keeping its state");
      keepState();
      begin("Getting the image " + plan.image().reference());
      Image image = agentImages.ensure(plan.image(), progress);
      begin("Making the machine");
      writeRoutes();
      makeMachine(image, variables);
      begin("Starting the machine and its way out");
      startMachine();
      begin("Setting it up");
      GuestUser user = GuestUser.find(machine, Bottle.USER);
      Optional<String> prompt = provision(user);
      state.update(state.record().at(Phase.READY).with(injected.paths()));
      kept = keptAlways;
      log.say("ready");
      return new Bottle(
          new Bottle.Parts(
              state.record(),
              machine,
              Optional.of(wayOut),
              plan.program(),
              prompt,
              plan.beginning().resumed(),
              this::freeze,
              this::keep,
              log),
          undo);
    } catch (BottleException | MachineException | ImageException e) {
      throw failed(e);
    } catch (RoutesException | IOException e) {
      throw failed(e);
    } catch (RuntimeException | Error e) {
      undo.unwind();
      throw e;
    }
  }

  private void begin(String what) {
    step = what;
    progress.step(what);
    if (log != null) {
      log.say(what);
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new BottleException("interrupted");
    }
  }

  /** A failed launch leaves a machine that an earlier session has left, and nothing else. */
  private BottleException failed(Exception e) {
    if (log != null) {
      log.say("failed: " + e.getMessage());
    }
    Outcome outcome = undo.unwind();
    StringBuilder text = new StringBuilder();
    text.append("bottle '").append(plan.slug()).append("' was not started. ");
    text.append(step).append(" failed: ").append(e.getMessage()).append('.');
    if (!outcome.undone().isEmpty()) {
      text.append("\nUndone: ").append(String.join("; ", outcome.undone())).append('.');
    }
    if (!outcome.failed().isEmpty()) {
      text.append('\n')
          .append(String.join("; ", outcome.failed()))
          .append(". 'carafe cleanup' tries again.");
    }
    return new BottleException(text.toString(), e);
  }

  // ---- state ----

  private void keepState() throws IOException {
    if (plan.beginning() == Plan.Beginning.NEW && states.find(plan.slug()).isEmpty()) {
      try {
        state = states.create(record());
      } catch (FileAlreadyExistsException e) {
        throw new BottleException("there is a bottle of that name already", e);
      }
    } else {
      state =
          states
              .hold(plan.slug())
              .orElseThrow(() -> new BottleException("somebody else runs it just now"));
    }
    // What somebody has worked on is not taken away by a launch that fails.
    kept = plan.beginning() == Plan.Beginning.MACHINE;
    boolean wasKept = state.record().phase() == Phase.KEPT;
    log = new BottleLog(state.log(), clock);
    undo.push("its state was removed", this::settleState);
    state.update(state.record().startedAt(clock.instant()));
    keptAlways = wasKept;
    log.say("started as '" + plan.label() + "'");
  }

  private BottleRecord record() {
    BottleSpec spec = plan.spec();
    return new BottleRecord(
        plan.slug(),
        spec.agent(),
        spec.bottles(),
        spec.directory(),
        spec.workspace(),
        spec.ignored(),
        plan.label(),
        plan.color().map(Color::word).orElse(""),
        ENGINE,
        plan.provider().name(),
        plan.image().reference(),
        spec.image(),
        spec.cpus(),
        spec.memoryMib(),
        clock.instant(),
        Phase.MAKING,
        List.of());
  }

  /** What was frozen, or is to be kept, stays. */
  private void settleState() throws IOException {
    if (kept) {
      state.update(state.record().at(Phase.KEPT));
      log.say("ended; its machine is kept");
      state.close();
    } else if (state.frozen().isPresent()) {
      state.update(state.record().at(Phase.ENDED));
      log.say("ended");
      state.close();
    } else {
      state.delete();
    }
  }

  private void keep() {
    kept = true;
  }

  // ---- machine ----

  private void writeRoutes() throws RoutesException, IOException {
    RoutesWriter.write(state.routes(), plan.policy().declared());
  }

  private void makeMachine(Image image, Map<String, String> variables) {
    if (plan.beginning() == Plan.Beginning.MACHINE) {
      machine = machines.get(plan.slug());
      undo.push("its machine was stopped", this::settleMachine);
      return;
    }
    // What a launch left that was killed before it had a workspace.
    machines.find(plan.slug()).ifPresent(Machine::delete);
    Map<String, String> all = new LinkedHashMap<>(plan.provision().env());
    all.putAll(variables);
    MachineSpec spec =
        MachineSpec.builder(plan.slug())
            .image(image.digest())
            .cpus(plan.spec().cpus())
            .memoryMib(plan.spec().memoryMib())
            .env(all)
            .user(Bottle.USER)
            .directory(plan.spec().workspace().isPresent() ? Bottle.WORKSPACE : Bottle.HOME)
            .labels(Map.of(LABEL, plan.slug()))
            .build();
    MachineSpec prepared = SidecarSpec.prepare(spec, state.routes());
    undo.push("its machine was removed", this::settleMachine);
    machine = machines.create(prepared);
  }

  private void settleMachine() {
    if (machine == null) {
      return;
    }
    if (kept) {
      machine.stop();
    } else {
      machine.delete();
    }
  }

  private void startMachine() {
    SidecarSpec spec =
        SidecarSpec.of(machine.spec(), env)
            .orElseThrow(() -> new BottleException("its machine has no routes"))
            .withAudit(state.audit())
            .withNotes(this::note);
    WayOut opened = WayOut.start(machine, spec);
    undo.push("its way out was closed", opened::close);
    wayOut = opened;
  }

  private void note(String sentence) {
    log.say(sentence);
    notes.accept(sentence);
  }

  // ---- provision ----

  private Optional<String> provision(GuestUser user) throws IOException {
    init(user);
    GuestTrust.paths().forEach(injected::add);
    Optional<String> prompt =
        PromptFile.put(machine, user, plan.manifest().agent().prompt(), injected);
    for (GuestFile file : plan.provision().files()) {
      GuestFiles.put(machine, user, file.path(), file.content(), file.mode());
      injected.add(file.path());
    }
    plan.skills().put(machine, user, user.home() + "/" + plan.provider().skills(), injected);
    if (plan.workspace().isPresent()) {
      begin("Copying " + plan.workspace().get().directory());
      plan.workspace().get().put(machine, user).write(state.workspace());
    }
    if (!GitIdentity.set(machine, user, plan.manifest().gitUser())
        && plan.spec().workspace().isPresent()) {
      note("the image has no git");
    }
    return prompt;
  }

  /** What any program expects of a machine that it works in. */
  private void init(GuestUser user) {
    String script =
        "mkdir -p /tmp /var/tmp && chmod 1777 /tmp /var/tmp"
            + " && mkdir -p \"$1\" && chown \"$2:$3\" \"$1\"";
    var result =
        machine.run(
            ExecSpec.of(
                    "/bin/sh",
                    "-c",
                    script,
                    "sh",
                    user.home(),
                    Integer.toString(user.uid()),
                    Integer.toString(user.gid()))
                .withUser("0")
                .withDirectory("/"));
    if (result.exitCode() != 0) {
      throw new BottleException("the guest's directories cannot be made: " + result.err().strip());
    }
  }

  // ---- freeze ----

  private String freeze(Progress shown) {
    return new Freezer(images)
        .bottle(states, machine, plan.slug(), state.record().injected(), shown);
  }
}
