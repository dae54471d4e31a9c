package dev.carafe.bottle.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.image.Home;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BottleStatesTest {
  private static final String SLUG = "reviewer-0a1b2";

  @TempDir Path home;
  private BottleStates states;

  @BeforeEach
  void open() {
    states = BottleStates.of(Home.of(Map.of("HOME", home.toString())));
  }

  private static BottleRecord record(String slug, Instant started) {
    return new BottleRecord(
        slug,
        "reviewer",
        List.of("claude", "web"),
        Path.of("/src/project"),
        Optional.of(Path.of("/src/project")),
        true,
        "my reviewer",
        "green",
        "qemu",
        "claude",
        "sha256:00",
        Optional.of("debian:12"),
        2,
        4096,
        started,
        Phase.MAKING,
        List.of("/etc/carafe"));
  }

  private static BottleRecord record() {
    return record(SLUG, Instant.parse("2026-11-27T12:00:00Z"));
  }

  private Path directory() {
    return home.resolve(".local/state/carafe/bottles").resolve(SLUG);
  }

  @Test
  void whatIsKeptComesBackAsItWas() throws IOException {
    try (HeldBottle held = states.create(record())) {
      held.update(record().at(Phase.READY));
    }
    assertThat(states.find(SLUG).orElseThrow().record()).isEqualTo(record().at(Phase.READY));
  }

  @Test
  void nobodyElseReadsIt() throws IOException {
    states.create(record()).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory())))
        .isEqualTo("rwx------");
  }

  @Test
  void itIsLiveAsLongAsItIsHeld() throws IOException {
    HeldBottle held = states.create(record());
    assertThat(states.find(SLUG).orElseThrow().live()).isTrue();
    assertThat(states.hold(SLUG)).isEmpty();
    held.close();
    assertThat(states.find(SLUG).orElseThrow().live()).isFalse();
    try (HeldBottle again = states.hold(SLUG).orElseThrow()) {
      assertThat(again.record()).isEqualTo(record());
    }
  }

  @Test
  void twoOfOneSlugThereAreNot() throws IOException {
    states.create(record()).close();
    assertThatThrownBy(() -> states.create(record()))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void aFreezeIsRememberedWhoeverRunsIt() throws IOException {
    try (HeldBottle held = states.create(record())) {
      assertThat(held.frozen()).isEmpty();
      states.freezeDone(SLUG, "frozen/reviewer:1");
      held.update(record().at(Phase.ENDED));
      assertThat(held.frozen()).contains("frozen/reviewer:1");
    }
    assertThat(states.list().bottles().getFirst().frozen()).contains("frozen/reviewer:1");
  }

  @Test
  void theyAreListedInTheOrderOfTheirStarts() throws IOException {
    states.create(record("b-00000", Instant.parse("2026-11-27T12:00:00Z"))).close();
    states.create(record("a-00000", Instant.parse("2026-11-27T12:00:01Z"))).close();
    assertThat(states.list().bottles())
        .extracting(found -> found.record().slug())
        .containsExactly("b-00000", "a-00000");
  }

  @Test
  void whatIsDeletedLeavesNothing() throws IOException {
    HeldBottle held = states.create(record());
    Files.writeString(held.log(), "a line\n");
    held.delete();
    assertThat(directory()).doesNotExist();
    assertThat(states.find(SLUG)).isEmpty();
    assertThatThrownBy(() -> states.hold(SLUG)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aDamagedOneIsSaidAndCanBeRemoved() throws IOException {
    states.create(record()).close();
    Files.writeString(directory().resolve("bottle.json"), "{\"version\": 1, \"slug\": ");
    var listing = states.list();
    assertThat(listing.bottles()).isEmpty();
    assertThat(listing.damaged()).hasSize(1);
    assertThat(listing.damaged().getFirst().why()).isEqualTo("it is damaged");
    states.remove(listing.damaged().getFirst());
    assertThat(directory()).doesNotExist();
  }

  private void say(String before, String after) throws IOException {
    Path record = directory().resolve("bottle.json");
    String text = Files.readString(record);
    assertThat(text).contains(before);
    Files.writeString(record, text.replace(before, after));
  }

  @Test
  void aRecordHasNoMoreThanAMachineCanHaveAndALabelThatIsWhatItLooksLike() throws IOException {
    for (String[] each :
        List.of(
            new String[] {"\"cpus\" : 2", "\"cpus\" : 99999", "its 'cpus' is not a number from 1"},
            new String[] {
              "\"memory_mib\" : 4096", "\"memory_mib\" : -5", "its 'memory_mib' is not"
            },
            new String[] {"my reviewer", "x".repeat(81), "its 'label' has more than 80 characters"},
            new String[] {
              "\"started\" : \"20", "\"started\" : \"+9999920", "its 'started' is no time"
            },
            new String[] {"my reviewer", "my \u202erewei", "its 'label' has a character that"},
            new String[] {"my reviewer", "my\u2028reviewer", "its 'label' has a character that"})) {
      HeldBottle held = states.create(record());
      say(each[0], each[1]);
      assertThatThrownBy(() -> states.find(SLUG)).hasMessageContaining(each[2]);
      held.delete();
    }
  }

  @Test
  void whatOthersCanChangeIsNotReadAndNotRemoved() throws IOException {
    states.create(record()).close();
    Files.setPosixFilePermissions(directory(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> states.hold(SLUG)).hasMessageContaining("everybody on this host");
    assertThat(states.list().damaged().getFirst().removable()).isFalse();
    Path all = directory().getParent();
    Files.setPosixFilePermissions(all, PosixFilePermissions.fromString("rwxrwxrwx"));
    String sentence = "everybody on this host can change " + all + ", so it is not read: chmod o-w";
    assertThatThrownBy(states::list).hasMessageStartingWith(sentence);
    assertThatThrownBy(() -> states.find(SLUG)).hasMessageStartingWith(sentence);
    assertThatThrownBy(() -> states.create(record())).hasMessageStartingWith(sentence);
    assertThat(BottleStates.wrong(all, 7, 0700, 8))
        .hasValueSatisfying(wrong -> assertThat(wrong).contains("belongs to another user (7)"));
    assertThat(BottleStates.wrong(all, 7, 0750, 7)).isEmpty();
  }

  @Test
  void whatADeletionThatWasCutShortLeftIsFound() throws IOException {
    states.create(record()).close();
    Files.delete(directory().resolve("bottle.json"));
    assertThat(states.list().damaged())
        .extracting(BottleStates.Damaged::why)
        .containsExactly("its record is missing");
  }

  @Test
  void aSlugIsNeverAPathElsewhere() throws IOException {
    Files.createDirectories(home.resolve(".local/state/carafe/bottles"));
    for (String slug : List.of("../../etc", "", ".", "a/b-00000", "A-00000", "a--00000")) {
      assertThat(states.find(slug)).as(slug).isEmpty();
    }
  }

  @Test
  void slugsAreMadeOfWhatPeopleSay() {
    assertThat(Slug.of("Fix the Bug!")).matches("fix-the-bug-[a-z0-9]{5}");
    assertThat(Slug.of("/../ü")).matches("bottle-[a-z0-9]{5}");
    assertThat(Slug.of("x".repeat(200))).hasSizeLessThan(50).matches(Slug::valid);
    assertThat(Slug.of("a")).isNotEqualTo(Slug.of("a"));
  }
}
