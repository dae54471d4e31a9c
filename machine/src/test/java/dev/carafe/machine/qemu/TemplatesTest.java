package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a template of an image is called. */
class TemplatesTest {
  @Test
  void anImageOfOneFileHasThatFilesName() {
    assertThat(key("aa")).isEqualTo("aa");
  }

  @Test
  void everyFileAndTheirOrderCount() {
    assertThat(Stream.of(key("aa"), key("aa", "bb"), key("aa", "cc"), key("bb", "aa")))
        .doesNotHaveDuplicates()
        .allMatch(key -> ("image-" + key + "-10").matches("image-[0-9a-f]+-[0-9]+"));
    assertThat(Stream.of(key("aa", "bb", "cc"), key("aa", "cc", "bb"), key("aa", "bbcc")))
        .doesNotHaveDuplicates();
    assertThat(key("aa", "bb")).isEqualTo(key("aa", "bb"));
  }

  private static String key(String rootfs, String... deltas) {
    return Templates.key(
        new Image(
            "sha256:one and the same",
            List.of(),
            new ImageConfig(
                List.of(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                "amd64",
                "linux"),
            squashfs(rootfs),
            Stream.of(deltas).map(TemplatesTest::squashfs).toList(),
            0,
            List.of(),
            Instant.EPOCH));
  }

  private static Path squashfs(String name) {
    return Path.of("/images/squashfs", name + ".squashfs");
  }
}
