package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequirementTest {
  @Test
  void aLineHasWhatIsLookedForThePackageAndThePurpose() {
    assertThat(
            Requirement.parse(
                """
                # a comment

                qemu  qemu-system-x86   runs the machines
                /a/b  libc6-dev  a library
                """))
        .containsExactly(
            new Requirement("qemu", "qemu-system-x86", "runs the machines"),
            new Requirement("/a/b", "libc6-dev", "a library"));
  }

  @Test
  void aLineWithoutPurposeIsAMistake() {
    assertThatThrownBy(() -> Requirement.parse("qemu qemu-system-x86"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("qemu qemu-system-x86");
  }

  @Test
  void theListOfThisBuildCanBeReadAndNamesEachThingOnce() {
    assertThat(Host.requirements())
        .extracting(Requirement::lookedFor)
        .contains("qemu-system-x86_64", "bwrap", "sqfstar", "mke2fs", "dpkg-deb", "mvn")
        .doesNotHaveDuplicates();
  }

  @Test
  void theInstallLineNamesEachPackageOnce() {
    assertThat(
            Requirement.installLine(
                List.of(
                    new Requirement("a", "one", "x"),
                    new Requirement("b", "two", "x"),
                    new Requirement("c", "one", "x"))))
        .isEqualTo("sudo apt-get install -y --no-install-recommends one two");
  }

  @Test
  void programsAreFoundWhereAnOrdinaryPathDoesNotLead() {
    assertThat(new Programs(Map.of("PATH", "/nowhere")).find("mke2fs")).isPresent();
    assertThat(new Programs(Map.of()).find("no-such-program")).isEmpty();
  }

  @Test
  void thePathIsLookedAtInItsOrderAndOnlyForExecutables(@TempDir Path directory)
      throws IOException {
    Path first = Files.createDirectories(directory.resolve("first"));
    Path second = Files.createDirectories(directory.resolve("second"));
    Path third = Files.createDirectories(directory.resolve("third"));
    Files.writeString(first.resolve("bwrap"), "not executable");
    for (Path place : List.of(second, third)) {
      Files.writeString(place.resolve("bwrap"), "");
      Files.setPosixFilePermissions(
          place.resolve("bwrap"), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    Programs programs = new Programs(Map.of("PATH", first + ":.:" + second + ":" + third));

    assertThat(programs.find("bwrap")).contains(second.resolve("bwrap"));
  }
}
