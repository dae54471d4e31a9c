package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A launch on a machine that is played by hand: what is made, and what becomes of it. */
class LaunchStepsTest {
  private static final String FROZEN = "bottle-" + Place.SLUG + ":1";

  @TempDir Path directory;
  private Place place;
  private Carafe carafe;

  @BeforeEach
  void make() throws IOException {
    place = new Place(directory);
    String image = place.image("node:x:1000:1000::/home/node:/bin/sh\n");
    place.bottle("plain", "agent_provider: {template: shell, image: '" + image + "'}");
    place.agent("plain", "bottle: plain");
    carafe = place.carafe();
  }

  private Bottle launched() {
    return carafe.launch(carafe.prepare(place.spec("plain")));
  }

  private Bottle resumed() {
    return carafe.launch(carafe.prepareResume(Place.SLUG, true));
  }

  private void nothingIsThere() {
    assertThat(place.machines.all).isEmpty();
    assertThat(carafe.list().bottles()).isEmpty();
    assertThat(carafe.list().damaged()).isEmpty();
  }

  // ---- what becomes of it ----

  @Test
  void whatIsClosedLeavesNothingHoweverOften() {
    Bottle bottle = launched();
    assertThat(carafe.list().bottles().getFirst().record().phase()).isEqualTo(Phase.READY);
    bottle.close();
    bottle.close();
    nothingIsThere();
  }

  @Test
  void whatIsKeptStaysStoppedAndIsKeptAgainAfterItsNextSession() throws IOException {
    place.left(Phase.KEPT);
    FakeMachine machine = prepared(place.machine(Place.SLUG));
    try (Bottle bottle = resumed()) {
      assertThat(machine.running).isTrue();
      assertThat(bottle.resumed()).isTrue();
      assertThat(place.phase()).isEqualTo(Phase.RESUMED);
    }
    assertThat(machine.running).isFalse();
    assertThat(machine.attached).isEmpty();
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
  }

  @Test
  void whatGoesOnHasTheVariablesThatItsFilesSayNow() throws IOException {
    place.left(Phase.KEPT);
    FakeMachine machine = prepared(place.machine(Place.SLUG));
    machine.update(machine.spec().toBuilder().env(Map.of("OLD", "of then")).build());
    place.bottle("plain", "agent_provider: {template: shell}\nenv: {NEW: of now}");
    try (Bottle bottle = resumed()) {
      assertThat(bottle.machine().spec().env()).containsEntry("NEW", "of now");
      assertThat(bottle.machine().spec().env()).doesNotContainKey("OLD");
    }
  }

  @Test
  void whatStillRunsWithOtherVariablesIsNotGivenAWayOut() throws IOException {
    place.left(Phase.READY);
    FakeMachine machine = prepared(place.machine(Place.SLUG));
    machine.running = true;
    place.bottle("plain", "agent_provider: {template: shell}\nenv: {NEW: of now}");
    assertThatThrownBy(this::resumed)
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("no more what the bottle's files say (NEW)")
        .hasMessageContaining("'carafe machine stop " + Place.SLUG + "'");
    assertThat(machine.attached).isEmpty();
    assertThat(machine.running).as("what runs in it goes on").isTrue();
    assertThat(place.phase()).isEqualTo(Phase.READY);
  }

  @Test
  void whatACrashLeftIsKeptAfterTheSessionThatWentOnWithIt() throws IOException {
    place.left(Phase.READY);
    FakeMachine machine = prepared(place.machine(Place.SLUG));
    machine.running = true;
    try (Bottle bottle = resumed()) {
      assertThat(bottle.isKept()).isTrue();
    }
    assertThat(machine.running).isFalse();
    assertThat(place.machines.all).containsKey(Place.SLUG);
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
  }

  @Test
  void whatWasFrozenStaysWithoutItsMachine() throws IOException {
    Bottle bottle = launched();
    place.states().freezeDone(bottle.name(), FROZEN);
    bottle.close();
    assertThat(place.machines.all).isEmpty();
    assertThat(place.states().find(bottle.name()).orElseThrow().record().phase())
        .isEqualTo(Phase.ENDED);
  }

  @Test
  void aBottleWhoseMachineCannotBeRemovedIsLeftForTheCleanUp() {
    Bottle bottle = launched();
    FakeMachine machine = place.machines.all.get(bottle.name());
    machine.deletionFails =
        Optional.of(new MachineException(ErrorCode.STORAGE, "delete it", "it is busy"));
    assertThatThrownBy(bottle::close)
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("its machine was removed", "it is busy", "'carafe cleanup'");
    machine.deletionFails = Optional.empty();
    assertThat(carafe.leftovers()).hasSize(1);
    carafe.leftovers().getFirst().removal().run();
    nothingIsThere();
  }

  // ---- failures ----

  @Test
  void aFailureSaysWhichStepWhyWhatWasUndoneAndWhatToDo() {
    place.machines.made =
        machine -> machine.shell = command -> new ExecResult(127, new byte[0], new byte[0]);
    assertThatThrownBy(this::launched)
        .isInstanceOf(BottleException.class)
        .hasMessageMatching(
            "(?s)bottle 'plain-[a-z0-9]{5}' was not started\\. Starting the machine and its way out"
                + " failed: [^\\n]*[^.]\\.\\nUndone: its machine was removed; its state was"
                + " removed\\.\\nWhen that is mended, start it again; nothing is left of this one\\.");
    nothingIsThere();
  }

  @Test
  void aFailureThatNobodyThoughtOfIsUndoneToo() throws IOException {
    FakeMachine machine = prepared(place.machine(Place.SLUG));
    place.left(Phase.KEPT);
    machine.shell =
        command -> {
          throw new IllegalStateException("nobody thought of this");
        };
    assertThatThrownBy(this::resumed)
        .isInstanceOf(BottleException.class)
        .hasMessageContainingAll(
            "unexpected: ",
            "nobody thought of this",
            "its machine was stopped; it is kept as it was",
            "'carafe resume " + Place.SLUG + "' tries again");
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
    assertThat(place.machines.all).containsKey(Place.SLUG);
    assertThat(machine.running).isFalse();
  }

  @Test
  void anInterruptUndoesItAndIsStillThere() {
    Plan plan = carafe.prepare(place.spec("plain"));
    place.machines.made = machine -> Thread.currentThread().interrupt();
    assertThatThrownBy(() -> carafe.launch(plan))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("failed: it was interrupted.");
    assertThat(Thread.interrupted()).isTrue();
    nothingIsThere();
  }

  // ---- others ----

  @Test
  void whatSomebodyElseHasTakenMeanwhileIsLeftAlone() throws IOException {
    place.left(Phase.KEPT);
    place.machine(Place.SLUG);
    Plan plan = carafe.prepareResume(Place.SLUG, true);
    try (HeldBottle held = place.states().hold(Place.SLUG).orElseThrow()) {
      assertThatThrownBy(() -> carafe.launch(plan)).hasMessageContaining("somebody else runs it");
      assertThat(held.record().phase()).isEqualTo(Phase.KEPT);
    }
    assertThat(place.machines.all).containsKey(Place.SLUG);
  }

  @Test
  void aPlanThatHasBecomeUntrueRemovesNothing() throws IOException {
    String image = place.image("node:x:1000:1000::/home/node:/bin/sh\n");
    place.left(Phase.ENDED);
    place.states().freezeDone(Place.SLUG, image);
    Plan plan = carafe.prepareResume(Place.SLUG, true);
    assertThat(plan.beginning()).isEqualTo(Plan.Beginning.FROZEN);
    // Meanwhile somebody has resumed it, and kept its machine.
    place.machine(Place.SLUG);
    try (HeldBottle held = place.states().hold(Place.SLUG).orElseThrow()) {
      held.update(held.record().at(Phase.KEPT));
    }
    assertThatThrownBy(() -> carafe.launch(plan))
        .hasMessageContaining("used since this was planned");
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
    assertThat(place.machines.all).containsKey(Place.SLUG);
  }

  @Test
  void whatHasBeenRemovedMeanwhileIsSaid() throws IOException {
    place.left(Phase.KEPT);
    place.machine(Place.SLUG);
    Plan plan = carafe.prepareResume(Place.SLUG, true);
    carafe.remove(Place.SLUG);
    assertThatThrownBy(() -> carafe.launch(plan)).hasMessageContaining("removed meanwhile");
    nothingIsThere();
  }

  @Test
  void aBottleIsNotFrozenBeforeItIsReady() throws IOException {
    AtomicReference<Throwable> refused = new AtomicReference<>();
    place.machines.made =
        machine ->
            machine.shell =
                command -> {
                  try {
                    new Freezer(place.images())
                        .bottle(place.states(), machine, machine.name(), what -> {});
                  } catch (BottleException e) {
                    refused.set(e);
                  }
                  return new ExecResult(
                      0,
                      "user:1000:1000:/home/node\n".getBytes(StandardCharsets.UTF_8),
                      new byte[0]);
                };
    launched().close();
    assertThat(refused.get()).hasMessageContaining("was not frozen: it is being frozen, started");
  }

  @Test
  void whatAnEarlierSessionHasInjectedIsLeftOutOfALaterFreezeToo() throws IOException {
    place.left(Phase.KEPT);
    try (HeldBottle held = place.states().hold(Place.SLUG).orElseThrow()) {
      held.update(held.record().with(List.of("/home/node/.carafe/old-prompt")));
    }
    prepared(place.machine(Place.SLUG));
    try (Bottle bottle = resumed()) {
      assertThat(bottle.record().injected()).contains("/home/node/.carafe/old-prompt");
    }
  }

  /** A machine as a launch makes one. */
  private FakeMachine prepared(FakeMachine made) throws IOException {
    place.machines.all.remove(made.name());
    Path routes = Files.createDirectories(place.root.resolve("r")).resolve("routes.yaml");
    Files.writeString(routes, "version: 1\nroutes: []\n");
    return (FakeMachine) place.machines.create(SidecarSpec.prepare(made.spec(), routes));
  }
}
