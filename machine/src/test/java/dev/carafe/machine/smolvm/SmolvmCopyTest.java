package dev.carafe.machine.smolvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies through the shell and the tar of this host, which stands in for the guest. */
@Timeout(60)
class SmolvmCopyTest {
  @TempDir Path temp;
  private Machine machine;
  private Path host;
  private Path guest;

  @BeforeEach
  void start() throws IOException {
    machine =
        new SmolvmMachines(new FakeSmolvm(temp.resolve("fake"), "0.8.0").client())
            .create(MachineSpec.named("web"));
    machine.start();
    host = Files.createDirectory(temp.resolve("host"));
    guest = Files.createDirectory(temp.resolve("guest"));
  }

  @Test
  void aTreeGoesInAndComesOutAsItWas() throws IOException {
    Path tree = tree();
    machine.copyIn(tree, guest.resolve("new/place").toString());
    assertThat(describe(guest.resolve("new/place"))).isEqualTo(describe(tree));
    machine.copyOut(guest.resolve("new/place").toString(), host.resolve("back"));
    assertThat(describe(host.resolve("back"))).isEqualTo(describe(tree));
  }

  @Test
  void whatTheFilterDoesNotTakeIsLeftOutWithAllBelowIt() throws IOException {
    Path tree = tree();
    CopyOptions options =
        CopyOptions.DEFAULT.withOnly(
            path -> !path.equals(Path.of("sub")) && !path.equals(Path.of("link")));
    machine.copyIn(tree, guest.resolve("some").toString(), options);
    Map<String, String> kept = describe(tree);
    kept.keySet().removeIf(name -> name.startsWith("sub") || name.equals("link"));
    // Its other name was left out, so it is the only one.
    kept.computeIfPresent("second", (name, what) -> what.replace(" 2 ", " 1 "));
    assertThat(describe(guest.resolve("some"))).isEqualTo(kept);
  }

  @Test
  void aFileGoesInAndComesOutAsItWas() throws IOException {
    Path file = Files.write(host.resolve("a:b -c"), new byte[3_000_000]);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r-x-w----"));
    Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_000_000_000)));
    Path inside = guest.resolve("deep/er/a:b -c");
    machine.copyIn(file, inside.toString());
    machine.copyOut(inside.toString(), host.resolve("x/back"));
    assertThat(describe(host.resolve("x/back"))).isEqualTo(describe(file));
    assertThat(inside.getParent()).isDirectoryNotContaining(path -> !path.equals(inside));
  }

  @Test
  void copyingIntoADirectoryKeepsTheLastName() throws IOException {
    Path file = Files.writeString(host.resolve("file"), "content");
    CopyOptions into = CopyOptions.DEFAULT.withIntoDirectory();
    machine.copyIn(file, guest.toString(), into);
    assertThat(guest.resolve("file")).hasContent("content");
    machine.copyIn(tree(), guest + "/", into);
    assertThat(guest.resolve("tree/sub/file")).hasContent("file\n");
    machine.copyOut(guest.resolve("file").toString(), host.resolve("tree"), into);
    assertThat(host.resolve("tree/file")).hasContent("content");
  }

  @Test
  void whatIsThereIsMergedAndReplaced() throws IOException {
    Path there = Files.createDirectories(guest.resolve("t/sub"));
    Files.writeString(there.resolve("file"), "old");
    Files.writeString(there.resolve("other"), "stays");
    machine.copyIn(tree(), guest.resolve("t").toString());
    assertThat(there.resolve("file")).hasContent("file\n");
    assertThat(there.resolve("other")).hasContent("stays");
    Files.writeString(there.resolve("file"), "new");
    machine.copyOut(guest.resolve("t").toString(), host.resolve("tree"));
    assertThat(host.resolve("tree/sub/file")).hasContent("new");
  }

  @Test
  void aModeThatIsAskedForIsGivenToFilesOnly() throws IOException {
    machine.copyIn(tree(), guest.resolve("t").toString(), CopyOptions.DEFAULT.withMode(0640));
    assertThat(mode(guest.resolve("t/sub/file"))).isEqualTo(0640);
    assertThat(mode(guest.resolve("t/sub"))).isEqualTo(0755);
  }

  @Test
  void aFileInPlaceOfADirectoryIsRefusedInTheGuestsWords() throws IOException {
    Path file = Files.writeString(host.resolve("file"), "content");
    fails(() -> machine.copyIn(file, guest.toString()), "'" + guest + "' is a directory");
    Path in = Files.writeString(guest.resolve("file"), "content");
    fails(() -> machine.copyIn(host, in.toString()), "file");
    assertThat(guest).isDirectoryNotContaining(path -> !path.equals(in));
  }

  @Test
  void whatIsNotThereIsASentenceAndLeavesNothing() {
    fails(
        () -> machine.copyOut(guest.resolve("none").toString(), host.resolve("x")),
        "there is no '" + guest.resolve("none") + "'");
    assertThat(host).isEmptyDirectory();
    fails(() -> machine.copyIn(host.resolve("none"), "/x"), "there is no '" + host);
    assertThatThrownBy(() -> machine.copyIn(host, "relative"))
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
  }

  @Test
  void aStoppedMachineIsSaidToBeStopped() {
    machine.stop();
    assertThatThrownBy(() -> machine.copyIn(host, guest.toString()))
        .hasMessageContaining("is not running");
    assertThatThrownBy(() -> machine.copyOut(guest.toString(), host.resolve("x")))
        .hasMessageContaining("is not running");
  }

  @Test
  void aNameThatJavaCannotReadIsRefusedNotChanged() throws Exception {
    Path tree = Files.createDirectory(host.resolve("odd"));
    String make = "touch \"$(printf '" + tree + "/\\377x')\"";
    assertThat(new ProcessBuilder("sh", "-c", make).start().waitFor()).isZero();
    fails(() -> machine.copyIn(tree, guest.resolve("odd").toString()), "cannot express");
  }

  private Path tree() throws IOException {
    Path tree = Files.createDirectory(host.resolve("tree"));
    Files.createDirectories(tree.resolve("sub/empty"));
    Files.writeString(tree.resolve("sub/file"), "file\n");
    Files.createLink(tree.resolve("second"), tree.resolve("sub/file"));
    Files.createSymbolicLink(tree.resolve("link"), Path.of("sub/file"));
    Files.createSymbolicLink(tree.resolve("dangling"), Path.of("/nowhere/é"));
    Files.writeString(tree.resolve("é 'quoted' \"name\"\n"), "");
    Files.writeString(tree.resolve("l".repeat(200)), "long");
    Files.writeString(tree.resolve("program"), "#!/bin/sh\n");
    Files.setPosixFilePermissions(
        tree.resolve("program"), PosixFilePermissions.fromString("rwxr-xr-x"));
    try (var paths = Files.walk(tree)) {
      for (Path path : paths.filter(p -> !Files.isSymbolicLink(p)).toList()) {
        Files.setLastModifiedTime(path, FileTime.from(Instant.ofEpochSecond(1_234_567_890)));
      }
    }
    return tree;
  }

  /** Everything about a tree that a copy must keep. */
  private static Map<String, String> describe(Path root) throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (var paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        String what;
        if (Files.isSymbolicLink(path)) {
          what = "-> " + Files.readSymbolicLink(path);
        } else {
          what =
              Integer.toOctalString(mode(path))
                  + " "
                  + Files.getLastModifiedTime(path)
                  + (Files.isDirectory(path)
                      ? ""
                      : " "
                          + Files.getAttribute(path, "unix:nlink")
                          + " "
                          + java.util.Arrays.hashCode(Files.readAllBytes(path)));
        }
        all.put(root.relativize(path).toString(), what);
      }
    }
    return all;
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
  }

  private static void fails(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String says) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MachineException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.COPY))
        .hasMessageContaining(says);
  }
}
