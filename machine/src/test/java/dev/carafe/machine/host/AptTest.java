package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.MachineException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class AptTest {
  @Test
  void theDependencyWithThePrefixIsTaken() {
    String printed =
        """
        linux-image-cloud-amd64
          Depends: base-files
         |Depends: linux-image-6.1.0-9-cloud-amd64
          Depends: linux-image-6.1.0-8-cloud-amd64
          Conflicts: linux-image-other
        """;

    assertThat(Apt.dependency(printed, "linux-image-")).contains("linux-image-6.1.0-9-cloud-amd64");
    assertThat(Apt.dependency(printed, "linux-headers-")).isEmpty();
    assertThat(Apt.dependency("", "linux-image-")).isEmpty();
  }

  @Test
  void aNameThatIsNoPackageNameIsNotTaken() {
    assertThat(Apt.dependency("  Depends: --option", "")).isEmpty();
    assertThat(Apt.dependency("  Depends: <linux-image-virtual>", "")).isEmpty();
  }

  @Test
  void aDirectoryThatAptCannotBeToldOfIsRefused() {
    assertThat(Apt.configuration(Path.of("/a b"))).contains("Dir::State \"/a b/state\";");
    assertThatThrownBy(() -> Apt.configuration(Path.of("/a\"; x \"")))
        .isInstanceOf(MachineException.class)
        .hasMessageContaining("XDG_CACHE_HOME");
  }
}
