package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.HeldBottle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a bottle that runs is asked from beside it. */
class BesideTest {
  @TempDir Path directory;
  private Place place;
  private Carafe carafe;
  private FakeMachine machine;

  @BeforeEach
  void make() throws IOException {
    place = new Place(directory);
    carafe = place.carafe();
    place.bottle("plain", "agent_provider: {template: shell}");
    place.agent("plain", "bottle: plain");
    try (HeldBottle held = place.states().create(place.recordWithWorkspace(Phase.READY))) {
      machine = place.machine(held.record().slug());
    }
    machine.running = true;
  }

  @Test
  void whatWasImportedHasNothingToBeComparedWithAndThatIsSaid() {
    assertThatThrownBy(() -> carafe.changes(Place.SLUG, List.of(), false))
        .hasMessage(
            "bottle 'work-0a1b2' has no copy of a workspace to be compared with: it was imported;"
                + " 'carafe cp work-0a1b2:/home/node/workspace DIRECTORY' copies all of it");
  }

  @Test
  void aConsoleIsThereAsLongAsItsMachineRuns() {
    machine.console = "a line\n";
    assertThat(carafe.console(Place.SLUG)).isEqualTo("a line\n");
    machine.running = false;
    assertThatThrownBy(() -> carafe.console(Place.SLUG))
        .hasMessageContaining("does not run, and a console is kept only as long as");
  }
}
