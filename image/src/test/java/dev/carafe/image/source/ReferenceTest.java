package dev.carafe.image.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReferenceTest {
  @ParameterizedTest
  @CsvSource({
    "debian,debian:latest",
    "debian:12,debian:12",
    "docker://debian:12,debian:12",
    "localhost:5000/x/y,localhost:5000/x/y:latest",
    "localhost:5000/x/y:tag,localhost:5000/x/y:tag",
    "name@sha256:abc,name@sha256:abc",
    "docker-archive:/a/b.tar,docker-archive:/a/b.tar",
    "oci-archive:/a/../b.tar,oci-archive:/b.tar",
    "oci:/a/b,oci:/a/b",
    "oci:/a/b:tag,oci:/a/b:tag",
    "dir:/a,dir:/a",
    "tar:/a.tar.gz,tar:/a.tar.gz",
    "/x/rootfs/,/x/rootfs",
    "-,-",
    "base,base",
  })
  void namesHaveOneSpelling(String text, String name) {
    assertThat(Reference.parse(text).name()).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"./x", "x.tar", "x.tar.gz", "x.tgz", "x.tar.zst", "../x", ".", "/x"})
  void whatLooksLikeAPathIsOne(String text) {
    assertThat(Reference.parse(text))
        .isEqualTo(new Reference.Local(Path.of(text).toAbsolutePath().normalize()));
  }

  @Test
  void aColonInALayoutsDirectoryIsNoTagWhenTheDirectoryExists(@TempDir Path directory)
      throws Exception {
    Path layout = Files.createDirectory(directory.resolve("a:b"));
    assertThat(((Reference.OciLayout) Reference.parse("oci:" + layout)).tag()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "tar:", "oci:", "a\nb", "a\0b"})
  void nonsenseIsRefused(String text) {
    assertThatThrownBy(() -> Reference.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
