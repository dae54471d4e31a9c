package dev.carafe.image;

import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.link;
import static dev.carafe.image.testing.Tars.opaque;
import static dev.carafe.image.testing.Tars.tar;
import static dev.carafe.image.testing.Tars.whiteout;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Single files of an image, as a machine of it would have them. */
class ImageGlanceTest {
  private static final byte[] BELOW =
      tar(
          directory("etc"),
          file("etc/passwd", "root:x:0:0\nnode:x:1:1\n"),
          file("etc/other", "below"),
          directory("bin"),
          link("bin/sh", "dash"));

  @TempDir Path temp;

  private ImageGlance look(byte[]... layers) {
    ImageStore store = new StoreFixture(temp.resolve("images")).store;
    Image image =
        store.importArchive(
            new ByteArrayInputStream(Samples.dockerArchive("amd64", layers)),
            "looked:1",
            Progress.silent());
    return ImageGlance.of(store, image, Set.of("/etc/passwd", "/etc/other", "/bin/sh", "/no"));
  }

  @Test
  void aFileHasItsLinesAndALinkIsThereWithoutAny() {
    ImageGlance glance = look(BELOW);
    assertThat(glance.lines("/etc/passwd")).contains(List.of("root:x:0:0", "node:x:1:1"));
    assertThat(glance.has("/bin/sh")).isTrue();
    assertThat(glance.lines("/bin/sh")).isEmpty();
    assertThat(glance.has("/no")).isFalse();
  }

  @Test
  void theHighestLayerThatHasItCounts() {
    ImageGlance glance = look(BELOW, tar(directory("etc"), file("etc/passwd", "above\n")));
    assertThat(glance.lines("/etc/passwd")).contains(List.of("above"));
    assertThat(glance.lines("/etc/other")).contains(List.of("below"));
  }

  @Test
  void whatALayerHasTakenAwayIsNotThere() {
    ImageGlance glance =
        look(
            BELOW,
            tar(
                directory("etc"),
                opaque("etc"),
                file("etc/other", "above"),
                directory("bin"),
                whiteout("bin/sh")));
    assertThat(glance.has("/etc/passwd")).isFalse();
    assertThat(glance.lines("/etc/other")).contains(List.of("above"));
    assertThat(glance.has("/bin/sh")).isFalse();
  }
}
