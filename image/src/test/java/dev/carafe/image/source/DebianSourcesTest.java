package dev.carafe.image.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianSourcesTest {
  @TempDir Path root;

  @BeforeEach
  void release() throws IOException {
    write("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
  }

  @Test
  void readsTheOneLineStyle() throws IOException {
    write(
        "etc/apt/sources.list",
        """
        # a comment
        deb http://mirror.example/debian bookworm main contrib # more
        deb [arch=amd64 signed-by=/k/debian-archive-keyring.gpg] http://mirror.example/security bookworm-security main
        deb-src http://mirror.example/debian bookworm main
        """);
    DebianSources.Choice choice = choose();
    assertThat(choice.suite()).isEqualTo("bookworm");
    assertThat(choice.text())
        .isEqualTo(
            """
            Types: deb
            URIs: http://mirror.example/debian
            Suites: bookworm
            Components: main

            Types: deb
            URIs: http://mirror.example/security
            Suites: bookworm-security
            Components: main
            Signed-By: /k/debian-archive-keyring.gpg

            """);
  }

  @Test
  void readsTheStanzaStyle() throws IOException {
    write(
        "etc/apt/sources.list.d/debian.sources",
        """
        Types: deb deb-src
        # about the mirror
        URIs: http://mirror.example/debian
        Suites: bookworm bookworm-updates
          bookworm-backports
        Components: main contrib
        Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

        Types: deb
        Enabled: no
        URIs: http://off.example/debian
        Suites: bookworm
        Components: main
        """);
    assertThat(choose().text())
        .isEqualTo(
            """
            Types: deb
            URIs: http://mirror.example/debian
            Suites: bookworm bookworm-updates
            Components: main
            Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

            """);
  }

  @Test
  void leavesOtherPeoplesSourcesOut() throws IOException {
    write(
        "etc/apt/sources.list",
        """
        deb http://mirror.example/debian bookworm main
        deb http://docker.example/linux/debian bookworm stable
        deb http://postgres.example/apt bookworm-pgdg main
        deb [signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.example/debian bookworm main
        deb http://flat.example/ ./
        deb http://lists.example/debian/ bookworm main
        """);
    write(
        "etc/apt/sources.list.d/vendor.list.disabled",
        "deb http://no.example/debian bookworm main");
    write(
        "var/lib/apt/lists/lists.example_debian_dists_bookworm_InRelease",
        "Origin: Somebody\nSuite: stable\n");
    write(
        "var/lib/apt/lists/mirror.example_debian_dists_bookworm_InRelease",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nSuite: stable\n");
    assertThat(choose().text().lines().filter(line -> line.startsWith("URIs")))
        .containsExactly("URIs: http://mirror.example/debian");
  }

  @Test
  void aHostThatIsNotDebianUsesTheReleaseItsSourcesName() throws IOException {
    write("etc/os-release", "ID=derived\nVERSION_CODENAME=other\n");
    write("etc/apt/sources.list", "deb http://mirror.example/debian stable main");
    assertThat(choose().suite()).isEqualTo("stable");
  }

  @Test
  void aHostWithoutDebianSourcesIsToldSo() {
    assertThatThrownBy(this::choose)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("name an image instead");
  }

  @Test
  void theMirrorsAreThoseThatTheImageFetchesFrom() throws IOException {
    write(
        "etc/apt/sources.list",
        """
        deb http://mirror.example/debian bookworm main
        deb [signed-by=/k/debian-archive-keyring.gpg] https://safe.example:8443/security bookworm-security main
        deb [signed-by=/k/others.gpg] http://others.example/debian bookworm main
        deb cdrom:[Disc] bookworm main
        deb file:/srv/debian bookworm main
        """);
    assertThat(AptMirrors.of(root))
        .extracting(Object::toString)
        .containsExactly("http://mirror.example/debian", "https://safe.example:8443/security");
    write("etc/apt/sources.list", "deb file:/srv/debian bookworm main\n");
    assertThatThrownBy(() -> AptMirrors.of(root))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("names no Debian mirror with http or https");
  }

  private DebianSources.Choice choose() throws IOException {
    return new DebianSources(root).choose();
  }

  private void write(String file, String text) throws IOException {
    Files.createDirectories(root.resolve(file).getParent());
    Files.writeString(root.resolve(file), text);
  }
}
