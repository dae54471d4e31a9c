package dev.carafe.machine.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the user's mask for new files does to the engine's directories: nothing. */
class StorageTest {
  @TempDir private Path directory;

  @Test
  void aPrivateDirectoryIsItsOwnersWhateverTheMask() throws Exception {
    Path made = directory.resolve("made");
    Process process =
        new ProcessBuilder(
                "/bin/sh",
                "-c",
                "umask 0777; exec \"$@\"",
                "sh",
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                MakeDirectory.class.getName(),
                made.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
        .isEqualTo("rwx------");
  }

  /** Run as a process of its own. */
  static final class MakeDirectory {
    private MakeDirectory() {}

    public static void main(String[] arguments) throws IOException {
      Storage.privateDirectory(Path.of(arguments[0]));
    }
  }
}
