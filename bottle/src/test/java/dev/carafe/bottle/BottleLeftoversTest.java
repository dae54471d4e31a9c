package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.image.disk.Durable;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.MachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A killed session is ended as it would have ended; nothing else is touched. */
class BottleLeftoversTest {
  @TempDir Path directory;
  private Place place;
  private Carafe carafe;

  @BeforeEach
  void make() throws IOException {
    place = new Place(directory);
    carafe = place.carafe();
  }

  private void cleanUp() {
    List<Leftover> found = carafe.leftovers();
    assertThat(found).hasSize(1);
    found.getFirst().removal().run();
    assertThat(carafe.leftovers()).isEmpty();
  }

  @Test
  void whatWasKilledGoesWithItsMachine() throws IOException {
    for (Phase phase : List.of(Phase.MAKING, Phase.READY)) {
      place.left(phase);
      place.machine(Place.SLUG);
      cleanUp();
      assertThat(place.states().find(Place.SLUG)).isEmpty();
      assertThat(place.machines.all).isEmpty();
    }
  }

  @Test
  void whatItWasFrozenToStays() throws IOException {
    place.left(Phase.MAKING);
    place.states().freezeDone(Place.SLUG, "bottle-" + Place.SLUG + ":1");
    place.machine(Place.SLUG);
    assertThat(carafe.leftovers().getFirst().what()).contains("what it was frozen to stays");
    cleanUp();
    assertThat(place.machines.all).isEmpty();
    assertThat(place.phase()).isEqualTo(Phase.ENDED);
  }

  @Test
  void aMachineThatWasKeptIsStoppedAndStays() throws IOException {
    place.left(Phase.RESUMED);
    FakeMachine machine = place.machine(Place.SLUG);
    machine.running = true;
    cleanUp();
    assertThat(machine.running).isFalse();
    assertThat(place.machines.all).containsKey(Place.SLUG);
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
  }

  @Test
  void whatIsKeptFrozenOrRunsIsNoLeftover() throws IOException {
    place.left(Phase.KEPT);
    place.machine(Place.SLUG);
    assertThat(carafe.leftovers()).isEmpty();
    try (HeldBottle held = place.states().hold(Place.SLUG).orElseThrow()) {
      held.update(held.record().at(Phase.READY));
      assertThat(carafe.leftovers()).isEmpty();
    }
  }

  @Test
  void whatIsUsedAgainMeanwhileIsLeftAlone() throws IOException {
    place.left(Phase.READY);
    place.machine(Place.SLUG);
    Leftover found = carafe.leftovers().getFirst();
    try (HeldBottle held = place.states().hold(Place.SLUG).orElseThrow()) {
      assertThatThrownBy(() -> found.removal().run()).hasMessageContaining("running again");
      held.update(held.record().at(Phase.KEPT));
    }
    found.removal().run();
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
    assertThat(place.machines.all).containsKey(Place.SLUG);
  }

  @Test
  void aMachineWhoseBottleIsGoneIsFoundAndNoOther() {
    place.machine(Place.SLUG);
    place.machines.create(MachineSpec.builder("somebodys-00000").build());
    cleanUp();
    assertThat(place.machines.all).containsOnlyKeys("somebodys-00000");
  }

  @Test
  void aMachineThatRunsIsLeftAloneThoughNothingHereSaysWhoseItIs() {
    FakeMachine machine = place.machine(Place.SLUG);
    Leftover found = carafe.leftovers().getFirst();
    machine.running = true;
    assertThat(carafe.leftovers()).isEmpty();
    assertThatThrownBy(() -> found.removal().run()).hasMessageContaining("is used again");
    assertThat(place.machines.all).containsKey(Place.SLUG);
  }

  @Test
  void aMachineWhoseBottleIsRememberedElsewhereIsLeftAlone() throws IOException {
    Path elsewhere =
        Files.createDirectories(place.root.resolve("other/carafe/bottles/" + Place.SLUG));
    Path routes = Files.writeString(elsewhere.resolve("routes.yaml"), "version: 1\nroutes: []\n");
    FakeMachine machine = place.machine(Place.SLUG);
    machine.update(SidecarSpec.prepare(machine.spec(), routes));
    assertThat(carafe.leftovers()).isEmpty();
    Files.delete(routes);
    assertThat(carafe.leftovers()).hasSize(1);
  }

  private Path state() {
    return place.home().state().resolve("bottles").resolve(Place.SLUG);
  }

  @Test
  void aStateThatCannotBeReadGoesAndItsMachineIsOfferedOnlyAfterIt() throws IOException {
    place.left(Phase.READY);
    place.machine(Place.SLUG);
    Files.writeString(state().resolve("bottle.json"), "{");
    List<Leftover> found = carafe.leftovers();
    assertThat(found).hasSize(1);
    found.getFirst().removal().run();
    assertThat(state()).doesNotExist();
    assertThat(place.machines.all).containsKey(Place.SLUG);
    assertThat(carafe.leftovers().getFirst().what()).contains("of which nothing else is left");
    cleanUp();
    assertThat(place.machines.all).isEmpty();
  }

  @Test
  void aStateThatCannotBeReadStaysWhileItsMachineRuns() throws IOException {
    place.left(Phase.READY);
    FakeMachine machine = place.machine(Place.SLUG);
    Files.writeString(state().resolve("bottle.json"), "{");
    Leftover found = carafe.leftovers().getFirst();
    machine.running = true;
    assertThat(carafe.leftovers()).isEmpty();
    assertThatThrownBy(() -> found.removal().run()).hasMessageContaining("in use");
    assertThat(state()).exists();
  }

  @Test
  void whatALaterVersionHasWrittenIsNoLeftover() throws IOException {
    for (Phase phase : List.of(Phase.KEPT, Phase.READY)) {
      place.left(phase);
      Path record = state().resolve("bottle.json");
      Files.writeString(
          record, Files.readString(record).replaceFirst("\"version\" : 1", "\"version\" : 2"));
      FakeMachine machine = place.machine(Place.SLUG);
      assertThat(carafe.leftovers()).isEmpty();
      assertThat(carafe.list().damaged().getFirst().withheld()).isTrue();
      assertThat(place.states().remove(carafe.list().damaged().getFirst())).isFalse();
      assertThat(record).exists();
      machine.delete();
      Durable.deleteTree(state());
    }
  }

  @Test
  void whatSomebodyRunsIsNoLeftoverThoughItCannotBeRead() throws IOException {
    place.left(Phase.READY);
    place.machine(Place.SLUG);
    try (HeldBottle held = place.states().hold(Place.SLUG).orElseThrow()) {
      Files.createDirectory(state().resolve("frozen"));
      assertThat(carafe.leftovers()).isEmpty();
      assertThat(carafe.list().damaged().getFirst().inUse()).isTrue();
      assertThat(place.states().remove(carafe.list().damaged().getFirst())).isFalse();
      Files.delete(state().resolve("bottle.json"));
      assertThat(carafe.leftovers()).isEmpty();
      assertThat(held.record().slug()).isEqualTo(Place.SLUG);
    }
    assertThat(state()).exists();
  }
}
