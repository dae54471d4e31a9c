package dev.carafe.bottle;

import dev.carafe.bottle.Undo.Outcome;
import dev.carafe.bottle.policy.BottleEnv.Operator;
import dev.carafe.bottle.provider.Color;
import dev.carafe.bottle.provision.Injected;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.egress.routes.RoutesException;
import dev.carafe.egress.routes.RoutesWriter;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Carries out a plan, step by step. What a step has made, it also knows how to undo; when one
 * fails, or the thread is interrupted, those before it are undone, the last first, and nothing is
 * left. One launch, one thread.
 */
final class Launch {
  static final String ENGINE = "qemu";

  /** Marks the machine as a bottle's. */
  static final String LABEL = "carafe.bottle";

  private final UnaryOperator<Plan> relabelled;
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
  private Plan plan;
  private String step = "";
  private Optional<BottleLog> log = Optional.empty();
  private Keeping keeping;
  private Machine machine;
  private WayOut wayOut;

  /**
   * @param relabelled gives a plan a label that nobody else has by now
   */
  Launch(
      Plan plan,
      UnaryOperator<Plan> relabelled,
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
    this.relabelled = relabelled;
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
    // Before anything is made: whoever is asked may refuse.
    Map<String, String> variables = plan.env().resolve(operator);
    try {
      quietly(plan.beginning().resumed() ? "Taking it over" : "Writing down what was asked for");
      keepState();
      if (plan.beginning() == Plan.Beginning.MACHINE) {
        writeRoutes();
        takeMachine(variables);
      } else {
        begin("Getting the image " + plan.image().reference());
        Image image = agentImages.ensure(plan.image(), progress);
        keeping.state().update(keeping.state().record().from(image.digest()));
        begin("Making the machine");
        writeRoutes();
        makeMachine(image, variables);
      }
      begin("Starting the machine and its way out");
      startMachine();
      begin("Setting it up");
      Optional<String> prompt =
          new Provisioner(plan, machine, injected, this::begin, this::note)
              .provision(keeping.state().workspace());
      quietly("Writing down that it is ready");
      keeping.ready(injected.paths());
      undo.push("a freeze of it was waited for", () -> keeping.endFreezes(states));
      return new Bottle(
          new Bottle.Parts(
              keeping.state().record(),
              machine,
              Optional.of(wayOut),
              plan.program(),
              prompt,
              plan.beginning().resumed(),
              shown -> new Freezer(images).bottle(states, machine, plan.slug(), shown),
              keeping::keep,
              keeping::kept,
              keeping.log()),
          undo);
    } catch (RoutesException | IOException | RuntimeException e) {
      throw failed(e);
    } catch (Error e) {
      undo.unwind();
      throw e;
    }
  }

  private void begin(String what) {
    progress.step(what);
    quietly(what);
  }

  /** A step that takes no time, which people need not be shown. */
  private void quietly(String what) {
    step = what;
    log.ifPresent(known -> known.say(what));
    if (Thread.currentThread().isInterrupted()) {
      throw new BottleException("interrupted");
    }
  }

  /** A failed launch leaves what an earlier session has left, and nothing else. */
  private BottleException failed(Exception e) {
    boolean interrupted = Thread.currentThread().isInterrupted();
    String reason = interrupted ? "it was interrupted" : Sentence.reason(e);
    log.ifPresent(known -> known.say("failed: " + reason));
    Outcome outcome = undo.unwind();
    StringBuilder text = new StringBuilder();
    text.append("bottle '").append(plan.slug()).append("' was not started. ");
    text.append(step).append(" failed: ").append(Sentence.full(reason));
    if (!outcome.undone().isEmpty()) {
      text.append("\nUndone: ").append(String.join("; ", outcome.undone())).append('.');
    }
    if (!outcome.failed().isEmpty()) {
      text.append('\n')
          .append(Sentence.full(String.join("; ", outcome.failed())))
          .append(" 'carafe cleanup' tries again.");
    } else if (!interrupted) {
      text.append("\nWhen that is mended, ")
          .append(
              plan.beginning().resumed()
                  ? "'carafe resume " + plan.slug() + "' tries again."
                  : "start it again; nothing is left of this one.");
    }
    return new BottleException(text.toString(), e);
  }

  // ---- state ----

  private void keepState() throws IOException {
    if (plan.beginning() == Plan.Beginning.NEW) {
      // Another may have been started under this label since the plan was made.
      try (Lock naming = states.naming()) {
        plan = relabelled.apply(plan);
        keeping = Keeping.take(plan, record(), states, machines, clock);
      }
    } else {
      keeping = Keeping.take(plan, record(), states, machines, clock);
    }
    undo.push(
        switch (plan.beginning()) {
          case NEW -> "its state was removed";
          case FROZEN -> "it is frozen as it was";
          case MACHINE -> "it is kept as it was";
        },
        keeping::settle);
    log = Optional.of(keeping.log());
    if (plan.beginning() == Plan.Beginning.MACHINE) {
      // What an earlier session has put there is still there.
      keeping.state().record().injected().forEach(injected::add);
    }
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

  // ---- machine ----

  private void writeRoutes() throws RoutesException, IOException {
    RoutesWriter.write(keeping.state().routes(), plan.policy().declared());
  }

  private void takeMachine(Map<String, String> variables) {
    machine = machines.get(plan.slug());
    keeping.machineMade();
    MachineSpec before = machine.spec();
    MachineSpec now =
        SidecarSpec.prepare(
            before.toBuilder().env(environment(variables)).build(), keeping.state().routes());
    try {
      machine.update(now);
    } catch (MachineException e) {
      // It runs still, and so does what it was started with.
      Set<String> others = differences(SidecarSpec.prepared(before), SidecarSpec.prepared(now));
      if (e.code() != ErrorCode.STATE || !others.isEmpty()) {
        keeping.leaveAsItWas();
        throw e.code() == ErrorCode.STATE ? outdated(others) : e;
      }
    }
    undo.push("its machine was stopped", this::settleMachine);
  }

  private BottleException outdated(Set<String> names) {
    return new BottleException(
        "its machine still runs with variables that are no more what the bottle's files say ("
            + String.join(", ", names)
            + "); 'carafe machine stop "
            + plan.slug()
            + "' ends what runs in it, and then it can be resumed");
  }

  private static Set<String> differences(Map<String, String> one, Map<String, String> other) {
    Set<String> names = new TreeSet<>(one.keySet());
    names.addAll(other.keySet());
    names.removeIf(name -> Objects.equals(one.get(name), other.get(name)));
    return names;
  }

  /** What the agent's programs find in their environment, besides what leads to the sidecar. */
  private Map<String, String> environment(Map<String, String> variables) {
    Map<String, String> all = new LinkedHashMap<>(plan.provision().env());
    all.putAll(variables);
    return all;
  }

  private void makeMachine(Image image, Map<String, String> variables) {
    // What a launch left that was killed before it had a workspace.
    Optional<Machine> left = machines.find(plan.slug());
    if (left.filter(found -> !BottleLeftovers.isBottles(found)).isPresent()) {
      throw new BottleException("there is a machine of that name, which is no bottle's");
    }
    left.ifPresent(Machine::delete);
    MachineSpec spec =
        MachineSpec.builder(plan.slug())
            .image(image.digest())
            .cpus(plan.spec().cpus())
            .memoryMib(plan.spec().memoryMib())
            .env(environment(variables))
            .user(Bottle.USER)
            .directory(plan.spec().workspace().isPresent() ? Bottle.WORKSPACE : Bottle.HOME)
            .labels(Map.of(LABEL, plan.slug()))
            .build();
    MachineSpec prepared = SidecarSpec.prepare(spec, keeping.state().routes());
    undo.push("its machine was removed", this::settleMachine);
    machine = machines.create(prepared);
    keeping.machineMade();
  }

  private void settleMachine() {
    if (machine == null) {
      return;
    }
    if (keeping.kept()) {
      machine.stop();
    } else {
      machine.delete();
      keeping.machineRemoved();
    }
  }

  private void startMachine() {
    SidecarSpec spec =
        SidecarSpec.of(machine.spec(), env)
            .orElseThrow(() -> new BottleException("its machine has no routes"))
            .withAudit(keeping.state().audit())
            .withNotes(this::note);
    WayOut opened = WayOut.start(machine, spec);
    undo.push("its way out was closed", opened::close);
    wayOut = opened;
  }

  private void note(String sentence) {
    keeping.log().say(sentence);
    notes.accept(sentence);
  }
}
