package dev.carafe.bottle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.image.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BottleArchiveTest {
  private static final String REFERENCE = "bottle-" + Place.SLUG + ":imported";

  @TempDir Path directory;
  private Place place;
  private Carafe carafe;
  private Path file;

  @BeforeEach
  void write() throws IOException {
    place = new Place(directory);
    carafe = place.carafe();
    place.left(Phase.ENDED);
    String image = place.image("node:x:1000:1000::/home/node:/bin/sh\n");
    place.states().freezeDone(Place.SLUG, image);
    file = place.root.resolve("work.bottle");
    carafe.exportBottle(Place.SLUG, file);
    carafe.remove(Place.SLUG);
    place.images().remove(image, Set.of());
  }

  private void refused(String... words) {
    assertThatThrownBy(() -> carafe.importBottle(file))
        .isInstanceOf(BottleException.class)
        .hasMessageContainingAll(words);
    assertThat(place.images().find(REFERENCE)).isEmpty();
    assertThat(carafe.list().bottles()).isEmpty();
    assertThat(carafe.list().damaged()).isEmpty();
  }

  private void change(int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }

  private int lineLength() throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).indexOf('\n');
  }

  @Test
  void itComesBackAsItWas() throws IOException {
    assertThat(carafe.importBottle(file)).isEqualTo(Place.SLUG);
    BottleRecord record = carafe.get(Place.SLUG).record();
    assertThat(record).isEqualTo(place.record(Phase.ENDED).elsewhere());
    assertThat(carafe.get(Place.SLUG).frozen()).contains(REFERENCE);
    assertThat(place.images().find(REFERENCE)).isPresent();
  }

  /** Whoever wrote the file would choose what is copied in, and from where an image comes. */
  @Test
  void itNamesNoDirectoryOfThisComputerAndNoOtherImage() throws IOException {
    try (HeldBottle held = place.states().create(place.recordWithWorkspace(Phase.ENDED))) {
      held.update(place.recordWithWorkspace(Phase.ENDED));
    }
    place.states().freezeDone(Place.SLUG, place.image("node:x:1000:1000::/home/node:/bin/sh\n"));
    file = place.root.resolve("with-workspace.bottle");
    carafe.exportBottle(Place.SLUG, file);
    carafe.remove(Place.SLUG);
    carafe.importBottle(file);
    BottleRecord record = carafe.get(Place.SLUG).record();
    assertThat(record.workspace()).hasValue(Path.of("/nonexistent"));
    assertThat(record.directory()).isEqualTo(Path.of("/nonexistent"));
    assertThat(record.imageOverride()).isEmpty();
    assertThat(record.ignored()).isFalse();
  }

  @Test
  void whileItIsTakenInItsSlugIsTakenAndWhatAKilledImportLeavesIsFound() throws IOException {
    List<Phase> phases = new ArrayList<>();
    Progress watching =
        step -> {
          phases.add(carafe.get(Place.SLUG).record().phase());
          assertThatThrownBy(() -> carafe.importBottle(file)).hasMessageContaining("already");
          throw new IllegalStateException("ended here");
        };
    assertThatThrownBy(
            () ->
                new BottleArchive(place.images(), place.states(), place.machines)
                    .read(file, watching))
        .hasMessage("ended here");
    assertThat(phases).containsExactly(Phase.MAKING);
    assertThat(carafe.list().bottles()).isEmpty();
    assertThat(place.images().list()).isEmpty();
  }

  @Test
  void whatIsNoBottleIsRefused() throws IOException {
    Files.writeString(file, "something else\n");
    refused("is no bottle");
    Files.writeString(file, "");
    refused("is no bottle");
    Files.delete(file);
    refused("there is no file '" + file + "'");
  }

  @Test
  void aDamagedLineIsRefused() throws IOException {
    change(0);
    refused("is no bottle");
  }

  @Test
  void aDamagedRecordIsRefused() throws IOException {
    change(lineLength() + 20);
    refused("is damaged: its record is not what it was");
  }

  @Test
  void aRecordThatIsTooLongIsNotRead() throws IOException {
    Files.writeString(
        file, "carafe-bottle-1 " + Place.SLUG + " sha256:0 9999999 " + "0".repeat(64) + "\n");
    refused("its record is too long");
  }

  @Test
  void aDamagedImageIsRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 2000));
    refused("'" + file + "'");
  }

  @Test
  void aDamagedFileTakesNoImagesNameAway() throws IOException {
    carafe.importBottle(file);
    carafe.remove(Place.SLUG);
    String digest = place.images().find(REFERENCE).orElseThrow().digest();
    byte[] bytes = Files.readAllBytes(file);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    change(text.indexOf("sha256:") + "sha256:".length());
    assertThatThrownBy(() -> carafe.importBottle(file)).hasMessageContaining("another digest");
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 2000));
    assertThatThrownBy(() -> carafe.importBottle(file)).hasMessageContaining("cannot be taken in");
    assertThat(place.images().find(REFERENCE).orElseThrow().digest()).isEqualTo(digest);
    assertThat(place.images().list())
        .singleElement()
        .extracting(i -> i.names().size())
        .isEqualTo(1);
    Files.write(file, bytes);
    assertThat(carafe.importBottle(file)).isEqualTo(Place.SLUG);
    assertThat(place.images().list())
        .singleElement()
        .extracting(i -> i.names().size())
        .isEqualTo(1);
  }

  @Test
  void anImageOfAnotherDigestIsRefused() throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    int digest = text.indexOf("sha256:") + "sha256:".length();
    change(digest);
    refused("its image has another digest than it should");
  }

  @Test
  void oneThatIsThereAlreadyIsLeftAsItIs() throws IOException {
    place.left(Phase.KEPT);
    assertThatThrownBy(() -> carafe.importBottle(file))
        .hasMessageContaining("there is a bottle '" + Place.SLUG + "' already");
    assertThat(place.phase()).isEqualTo(Phase.KEPT);
    assertThat(place.images().find(REFERENCE)).isEmpty();
  }

  @Test
  void nothingIsWrittenOverAndOnlyWhatWasFrozenIsWritten() throws IOException {
    place.left(Phase.KEPT);
    assertThatThrownBy(() -> carafe.exportBottle(Place.SLUG, place.root.resolve("other")))
        .hasMessageContaining("was not frozen");
    carafe.remove(Place.SLUG);
    carafe.importBottle(file);
    assertThatThrownBy(() -> carafe.exportBottle(Place.SLUG, file)).hasMessageContaining("exists");
    assertThatThrownBy(() -> carafe.exportBottle(Place.SLUG, place.root.resolve("nowhere/other")))
        .hasMessageContaining("there is no directory");
  }
}
