package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Home;
import dev.carafe.machine.Leftover;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which templates stay and which go. */
class ShelfTest {
  private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

  @TempDir private Path directory;
  private Home home;
  private Path root;
  private Shelf shelf;

  @BeforeEach
  void open() throws IOException {
    home = Home.of(Map.of("HOME", directory.toString()));
    root = Files.createDirectories(home.cache().resolve("templates"));
    shelf = new Shelf(root, InstantSource.fixed(NOW));
  }

  /** A shape whose templates were all used so long ago. */
  private Path shape(String name, Duration ago, String... templates) throws IOException {
    Path shape = Files.createDirectories(root.resolve(name));
    for (String template : templates) {
      Files.createDirectories(shape.resolve(template).resolve("memory"));
      age(shape.resolve(template), ago);
    }
    age(shape, ago);
    return shape;
  }

  private static void age(Path path, Duration ago) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(NOW.minus(ago)));
  }

  @Test
  void ofManyShapesTheOnesUsedLastAreKept() throws IOException {
    for (int i = 0; i < Shelf.SHAPES + 3; i++) {
      shape("tcg-" + i, Duration.ofDays(i + 1), "booted");
    }
    shelf.trim();
    assertThat(Directories.children(root))
        .hasSize(Shelf.SHAPES)
        .doesNotContain(root.resolve("tcg-" + Shelf.SHAPES));
  }

  @Test
  void ofManyImagesTheOnesUsedLastAreKept() throws IOException {
    Path shape = shape("tcg", Duration.ofDays(1), "booted");
    for (int i = 0; i < Shelf.IMAGES + 2; i++) {
      shape("tcg", Duration.ofDays(i + 1), "image-" + i + "-10");
    }
    shelf.trim();
    assertThat(Directories.children(shape)).hasSize(Shelf.IMAGES + 1);
    assertThat(shape.resolve("booted")).exists();
    assertThat(shape.resolve("image-0-10")).exists();
  }

  @Test
  void whatMayBeInUseStaysHoweverManyThereAre() throws IOException {
    for (int i = 0; i < Shelf.SHAPES + 3; i++) {
      shape("tcg-" + i, Duration.ofMinutes(i), "booted", "image-" + i + "-10");
    }
    shelf.trim();
    assertThat(Directories.children(root)).hasSize(Shelf.SHAPES + 3);
  }

  @Test
  void useMakesOneTheLastUsed() throws IOException {
    Path shape = shape("old", Duration.ofDays(90), "booted");
    shelf.use(shape.resolve("booted"));
    assertThat(shelf.old()).isEmpty();
  }

  @Test
  void whatNobodyUsedForAMonthIsShownByCleanupAndRemoved() throws IOException {
    Path unused = shape("unused", Duration.ofDays(31), "booted", "image-a-10");
    Path used = shape("used", Duration.ofDays(2), "booted");
    Path image = used.resolve("image-b-10");
    Files.createDirectories(image.resolve("memory"));
    age(image, Duration.ofDays(40));
    age(used, Duration.ofDays(2));

    var found = new Leftovers(home, InstantSource.fixed(NOW)).find();
    assertThat(found)
        .extracting(Leftover::what)
        .containsExactlyInAnyOrder(
            "a template that was not used for a month: " + unused,
            "a template that was not used for a month: " + image);
    found.forEach(leftover -> leftover.removal().run());
    assertThat(Directories.children(root)).containsExactly(used);
    assertThat(Directories.children(used)).containsExactly(used.resolve("booted"));
  }
}
