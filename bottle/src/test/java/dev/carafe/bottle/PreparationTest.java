package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.HeldBottle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a launch would do, and all that keeps it from being done, before anything is. */
class PreparationTest {
  @TempDir Path directory;
  private Place place;
  private Carafe carafe;

  @BeforeEach
  void make() throws IOException {
    place = new Place(directory);
    place.bottle("plain", "agent_provider: {template: shell, image: base}");
    place.agent("plain", "bottle: plain");
    carafe = place.carafe();
  }

  private void refused(BottleSpec spec, String... words) {
    assertThatThrownBy(() -> carafe.prepare(spec))
        .isInstanceOf(BottleException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void itTouchesNothing() throws IOException {
    List<String> before = place.files();
    Plan plan = carafe.prepare(place.spec("plain").withWorkspace(place.project, false));
    assertThat(plan.beginning()).isEqualTo(Plan.Beginning.NEW);
    assertThat(plan.workspace()).isPresent();
    assertThat(place.files()).isEqualTo(before);
    assertThat(place.machines.all).isEmpty();
  }

  @Test
  void allThatIsMissingIsSaidAtOnce() throws IOException {
    place.bottle(
        "poor",
        "agent_provider: {template: claude, image: base}\n"
            + "env: {ONE: '${FIRST_MISSING}', TWO: '${SECOND_MISSING}', ASKED: '?which one'}");
    place.agent("poor", "bottle: poor\nskills: [nowhere]");
    refused(
        place
            .spec("poor")
            .withWorkspace(place.root.resolve("no-such-directory"), false)
            .withoutOperator(),
        "FIRST_MISSING",
        "SECOND_MISSING",
        "ASKED",
        "nowhere",
        "no-such-directory",
        "CLAUDE_CODE_OAUTH_TOKEN");
  }

  @Test
  void anAgentABottleAndAProviderThatThereAreNotAreNamed() throws IOException {
    refused(place.spec("plane"), "plane");
    refused(place.spec("plain").withBottles(List.of("planes")), "planes");
    place.bottle("odd", "agent_provider: {template: shel}");
    place.agent("odd", "bottle: odd");
    refused(place.spec("odd"), "shel");
    place.bottle("none", "env: {}");
    place.agent("none", "bottle: none");
    refused(place.spec("none"), "agent_provider");
  }

  @Test
  void aLabelThatAnotherBottleHasGetsANumber() throws IOException {
    place.left(Phase.KEPT);
    assertThat(carafe.prepare(place.spec("plain").withLabel("Work")).label()).isEqualTo("Work-2");
    assertThat(carafe.prepare(place.spec("plain").withLabel("works")).label()).isEqualTo("works");
  }

  @Test
  void aLabelIsShortAndPrintable() {
    for (String label :
        List.of("", " ", "a\u001bb", "a\u202eb", "a\u2028b", "a\u200bb", "x".repeat(61))) {
      refused(place.spec("plain").withLabel(label), "a label has 1 to 60 characters");
    }
  }

  @Test
  void theImageIsTheOneThatWasAskedForThenTheBottlesThenTheRecipes() throws IOException {
    assertThat(carafe.prepare(place.spec("plain").withImage("docker://other:1")).image())
        .isEqualTo(new AgentImage.Named("docker://other:1", "it was asked for"));
    assertThat(carafe.prepare(place.spec("plain")).image())
        .isEqualTo(new AgentImage.Named("base", "the bottle names it"));
    Path recipe =
        Files.writeString(
            place.root.resolve("r.yaml"), "base: base\nuser: node\nsteps:\n  - root: 'true'\n");
    place.bottle("made", "agent_provider: {template: shell, recipe: " + recipe + "}");
    place.agent("made", "bottle: made");
    AgentImage made = carafe.prepare(place.spec("made")).image();
    assertThat(made.why()).isEqualTo("by the recipe " + recipe);
    assertThat(made.reference()).matches("agent-shell:[0-9a-f]{16}");
    assertThat(made)
        .isInstanceOfSatisfying(AgentImage.ByRecipe.class, by -> assertThat(by.made()).isFalse());
    // A registry may give any name that has its own in front.
    String tag = made.reference().substring(made.reference().indexOf(':'));
    String digest = place.image("node:x:1000:1000::/home/node:/bin/sh\n");
    place.images().name(digest, "agent-evil.example.com/shell" + tag);
    assertThat(carafe.prepare(place.spec("made")).image()).isEqualTo(made);
    place.images().name(digest, "agent-other" + tag);
    assertThat(carafe.prepare(place.spec("made")).image().reference())
        .isEqualTo("agent-other" + tag);
    place.bottle("builtin", "agent_provider: {template: shell}");
    place.agent("builtin", "bottle: builtin");
    assertThat(carafe.prepare(place.spec("builtin")).image().why())
        .isEqualTo("by the recipe of 'shell'");
    Files.delete(recipe);
    refused(place.spec("made"), "does not exist");
  }

  @Test
  void anImageInTheStoreWithoutTheUserIsRefused() throws IOException {
    String without = place.image("root:x:0:0::/root:/bin/sh\n");
    refused(place.spec("plain").withImage(without), "has no user 'node'", "useradd -m node");
    String with = place.image("root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n");
    assertThat(carafe.prepare(place.spec("plain").withImage(with)).image().reference())
        .isEqualTo(with);
  }

  // ---- resume ----

  private Plan resumed() {
    return carafe.prepareResume(Place.SLUG, true);
  }

  @Test
  void oneThatRunsIsNotResumed() throws IOException {
    try (HeldBottle held = place.states().create(place.record(Phase.READY))) {
      assertThatThrownBy(this::resumed)
          .hasMessageContaining("is running; 'carafe attach " + Place.SLUG + "'");
      assertThat(held.record().phase()).isEqualTo(Phase.READY);
    }
  }

  @Test
  void oneThatIsBeingStartedIsNeitherResumedNorUsed() throws IOException {
    place.machine(Place.SLUG).running = true;
    try (HeldBottle held = place.states().create(place.record(Phase.MAKING))) {
      String said =
          "bottle 'work-0a1b2' is still being started; wait for that ('carafe logs work-0a1b2'"
              + " shows how far it is)";
      assertThatThrownBy(this::resumed).hasMessage(said);
      assertThatThrownBy(() -> carafe.attach(Place.SLUG)).hasMessage(said);
      assertThatThrownBy(() -> carafe.changes(Place.SLUG, List.of(), false)).hasMessage(said);
      held.update(held.record().at(Phase.READY));
      assertThat(carafe.attach(Place.SLUG).name()).isEqualTo(Place.SLUG);
    }
  }

  @Test
  void oneWhoseMachineComesOrGoesJustNowIsNotSentInACircle() throws IOException {
    place.machine(Place.SLUG).running = false;
    try (HeldBottle held = place.states().create(place.record(Phase.RESUMED))) {
      assertThatThrownBy(() -> carafe.attach(Place.SLUG))
          .hasMessageContaining("is just being started or ended; try again");
      assertThat(held.record().phase()).isEqualTo(Phase.RESUMED);
    }
    assertThatThrownBy(() -> carafe.attach(Place.SLUG))
        .hasMessageContaining("is not running; 'carafe resume " + Place.SLUG + "'");
  }

  @Test
  void whatAKilledStartHasLeftIsNotUsedAsIfItWereReady() throws IOException {
    place.left(Phase.MAKING);
    place.machine(Place.SLUG).running = true;
    assertThatThrownBy(() -> carafe.attach(Place.SLUG)).hasMessageContaining("is not running");
  }

  @Test
  void oneThatThereIsNotIsSaidAndAMachineIsNotTakenForIt() {
    assertThatThrownBy(this::resumed)
        .hasMessageContaining("there is no bottle '" + Place.SLUG + "'; 'carafe list'");
    place.machine("web");
    assertThatThrownBy(() -> carafe.prepareResume("web", true))
        .hasMessageContaining("that is a machine");
    assertThatThrownBy(() -> carafe.prepareResume("../\u001b[2J", true))
        .hasMessageContaining("../?[2J");
  }

  @Test
  void itGoesOnWithTheMachineBeforeWhatItWasFrozenTo() throws IOException {
    place.left(Phase.READY);
    place.states().freezeDone(Place.SLUG, "bottle-" + Place.SLUG + ":1");
    place.machine(Place.SLUG);
    Plan plan = resumed();
    assertThat(plan.beginning()).isEqualTo(Plan.Beginning.MACHINE);
    assertThat(plan.slug()).isEqualTo(Place.SLUG);
    assertThat(plan.label()).isEqualTo("work");
    assertThat(plan.image().why()).isEqualTo("its machine is still there");
  }

  @Test
  void aMachineThatWasLeftHalfMadeIsNotGoneOnWith() throws IOException {
    place.left(Phase.MAKING);
    place.machine(Place.SLUG);
    assertThat(resumed().beginning()).isEqualTo(Plan.Beginning.NEW);
    assertThat(resumed().notes()).isEmpty();
  }

  @Test
  void oneWhoseImageIsGoneIsRefused() throws IOException {
    place.left(Phase.ENDED);
    place.states().freezeDone(Place.SLUG, "bottle-" + Place.SLUG + ":1");
    assertThatThrownBy(this::resumed)
        .hasMessageContaining(
            "the image 'bottle-" + Place.SLUG + ":1' that it was frozen to is gone");
  }

  @Test
  void oneWhoseMachineIsGoneBeginsAnewAndSaysSo() throws IOException {
    place.left(Phase.KEPT);
    Plan plan = resumed();
    assertThat(plan.beginning()).isEqualTo(Plan.Beginning.NEW);
    assertThat(plan.notes()).anyMatch(note -> note.startsWith("its machine is gone"));
  }
}
