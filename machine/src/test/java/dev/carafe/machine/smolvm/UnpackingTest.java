package dev.carafe.machine.smolvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.machine.CopyOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a guest sends lands in its place or nowhere. */
class UnpackingTest {
  private static final byte FILE = '0';
  private static final byte HARD = '1';
  private static final byte SOFT = '2';
  private static final byte DEVICE = '4';
  private static final byte DIRECTORY = '5';
  private static final byte PIPE = '6';

  @TempDir Path temp;
  private Path place;
  private Path victim;

  @BeforeEach
  void surround() throws IOException {
    place = temp.resolve("place");
    victim = Files.writeString(temp.resolve("victim"), "untouched");
  }

  static Stream<Arguments> attacks() {
    return Stream.of(
        attack("a path that leads upwards", t -> put(t, "../victim", FILE, ""), "leads upwards"),
        attack("an absolute path", t -> put(t, "/tmp/x", FILE, ""), "is absolute"),
        attack("a way up inside", t -> put(t, "a/../../victim", FILE, ""), "leads upwards"),
        attack(
            "a file through a link upwards",
            t -> {
              put(t, "out", SOFT, "..");
              put(t, "out/victim", FILE, "");
            },
            "is in the way"),
        attack(
            "a directory through an absolute link",
            t -> {
              put(t, "out", SOFT, "/");
              put(t, "out/tmp/carafe-x", DIRECTORY, "");
            },
            "is in the way"),
        attack(
            "a directory in place of a link",
            t -> {
              put(t, "out", SOFT, "..");
              put(t, "out", DIRECTORY, "");
            },
            "is in the way"),
        attack("a hard link upwards", t -> put(t, "l", HARD, "../victim"), "leads upwards"),
        attack("a hard link to the host", t -> put(t, "l", HARD, "/etc/passwd"), "is absolute"),
        attack(
            "a hard link through a link",
            t -> {
              put(t, "out", SOFT, "..");
              put(t, "l", HARD, "out/victim");
            },
            "is in the way"),
        attack(
            "a hard link to a link",
            t -> {
              put(t, "s", SOFT, "../victim");
              put(t, "l", HARD, "s");
            },
            "names no file"),
        attack("a hard link to nothing", t -> put(t, "l", HARD, "none"), "names no file"),
        attack(
            "a file in place of a directory",
            t -> {
              put(t, "d", DIRECTORY, "");
              put(t, "d", FILE, "");
            },
            "it is a directory"),
        attack("more than the machine has", t -> put(t, "big", FILE, "", 5000), "larger than"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("attacks")
  void isRefusedAndTouchesNothingElse(
      String what, Consumer<TarArchiveOutputStream> content, String says) {
    byte[] archive =
        tar(
            out -> {
              put(out, "./", DIRECTORY, "");
              content.accept(out);
            });
    assertThatThrownBy(() -> unpack(archive, 4096)).hasMessageContaining(says);
    assertThat(victim).hasContent("untouched");
    assertThat(temp).isDirectoryNotContaining(path -> !path.equals(place) && !path.equals(victim));
  }

  @Test
  void aLinkThatAlreadyStandsInThePlaceIsNotFollowed() throws IOException {
    Files.createDirectory(place);
    Files.createSymbolicLink(place.resolve("sub"), temp);
    byte[] archive =
        tar(
            out -> {
              put(out, "./", DIRECTORY, "");
              put(out, "sub/victim", FILE, "", 3);
            });
    assertThatThrownBy(() -> unpack(archive, 4096)).hasMessageContaining("is in the way");
    assertThat(victim).hasContent("untouched");
  }

  @Test
  void aLinkInPlaceOfAFileIsReplacedNotWrittenThrough() throws IOException {
    Files.createSymbolicLink(place, victim);
    unpack(tar(out -> put(out, "./x", FILE, "", 3)), 4096);
    assertThat(victim).hasContent("untouched");
    assertThat(place).isRegularFile().hasSize(3);
    assertThat(Files.isSymbolicLink(place)).isFalse();
  }

  @Test
  void devicesAndPipesAreLeftOutAndSetIdBitsDropped() throws IOException {
    unpack(
        tar(
            out -> {
              put(out, "./", DIRECTORY, "");
              put(out, "device", DEVICE, "");
              put(out, "pipe", PIPE, "");
              entry(out, "suid", FILE, "", 0, 06755);
              entry(out, "closed", DIRECTORY, "", 0, 01500);
              put(out, "closed/in", FILE, "");
            }),
        4096);
    assertThat(place.resolve("device")).doesNotExist();
    assertThat(place.resolve("pipe")).doesNotExist();
    assertThat((int) Files.getAttribute(place.resolve("suid"), "unix:mode") & 07777)
        .isEqualTo(0755);
    assertThat((int) Files.getAttribute(place.resolve("closed"), "unix:mode") & 07777)
        .isEqualTo(0500);
    assertThat(place.resolve("closed/in")).isRegularFile();
    Files.setPosixFilePermissions(
        place.resolve("closed"), PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void aSingleFileIsAllThatMayComeWhenOneWasAskedFor() {
    byte[] archive =
        tar(
            out -> {
              put(out, "./a", FILE, "");
              put(out, "./b", FILE, "");
            });
    assertThatThrownBy(() -> unpack(archive, 10))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("more than one file");
  }

  @Test
  void anArchiveThatBreaksOffLeavesNoHalfFile() throws IOException {
    byte[] whole = tar(out -> put(out, "./x", FILE, "", 3000));
    byte[] part = java.util.Arrays.copyOf(whole, 1500);
    assertThatThrownBy(() -> unpack(part, 4096)).hasMessageContaining("ends in the middle");
    assertThat(temp).isDirectoryNotContaining(path -> !path.equals(victim));
  }

  @Test
  void nothingAtAllIsReportedAsSuch() throws IOException {
    assertThat(
            new Unpacking(place, CopyOptions.DEFAULT, 1)
                .read(java.io.InputStream.nullInputStream()))
        .isFalse();
  }

  private void unpack(byte[] archive, long most) throws IOException {
    new Unpacking(place, CopyOptions.DEFAULT, most).read(new ByteArrayInputStream(archive));
  }

  private static Arguments attack(
      String what, Consumer<TarArchiveOutputStream> content, String says) {
    return Arguments.of(what, content, says);
  }

  private static byte[] tar(Consumer<TarArchiveOutputStream> content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out = new TarArchiveOutputStream(bytes)) {
      content.accept(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void put(TarArchiveOutputStream out, String name, byte type, String link) {
    put(out, name, type, link, 0);
  }

  private static void put(
      TarArchiveOutputStream out, String name, byte type, String link, int size) {
    entry(out, name, type, link, size, 0755);
  }

  private static void entry(
      TarArchiveOutputStream out, String name, byte type, String link, int size, int mode) {
    try {
      TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
      entry.setLinkName(link);
      entry.setSize(size);
      entry.setMode(mode);
      out.putArchiveEntry(entry);
      out.write(new byte[size]);
      out.closeArchiveEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
