package dev.carafe.machine.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {
  @TempDir Path directory;

  private Kernel kernel;

  @BeforeEach
  void makeKernel() throws IOException {
    kernel = new Kernel("1.2-cloud", directory.resolve("kernel"));
    Files.createDirectories(kernel.modules());
    Files.writeString(kernel.modules().resolve("001-second.ko"), "second");
    Files.writeString(kernel.modules().resolve("000-first.ko"), "first module");
  }

  @Test
  void holdsTheAgentTheModulesInOrderAndTheDevicesOfTheFirstProcess() throws IOException {
    Map<String, CpioArchiveEntry> entries = new LinkedHashMap<>();
    Map<String, String> contents = new LinkedHashMap<>();
    byte[] archive = Initramfs.archive("agent".getBytes(), kernel.modules());
    try (CpioArchiveInputStream cpio =
        new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
      for (CpioArchiveEntry entry; (entry = cpio.getNextEntry()) != null; ) {
        entries.put(entry.getName(), entry);
        contents.put(entry.getName(), new String(cpio.readAllBytes()));
      }
    }

    assertThat(entries.keySet())
        .startsWith("dev", "proc", "sys")
        .endsWith("init", "modules/000-first.ko", "modules/001-second.ko");
    assertThat(contents)
        .containsEntry("init", "agent")
        .containsEntry("modules/000-first.ko", "first module");
    assertThat(entries.get("init").getMode()).isEqualTo(0100755);
    assertThat(entries.get("dev").getMode()).isEqualTo(0040755);
    assertThat(entries.get("dev/console"))
        .returns(0020600L, CpioArchiveEntry::getMode)
        .returns(5L, CpioArchiveEntry::getRemoteDeviceMaj)
        .returns(1L, CpioArchiveEntry::getRemoteDeviceMin);
    assertThat(entries.values())
        .allSatisfy(
            entry ->
                assertThat(entry)
                    .returns(0L, CpioArchiveEntry::getUID)
                    .returns(0L, CpioArchiveEntry::getGID)
                    .returns(0L, CpioArchiveEntry::getTime));
    assertThat(entries.values()).extracting(CpioArchiveEntry::getInode).doesNotHaveDuplicates();
  }

  @Test
  void cpioUnpacksIt() throws Exception {
    Path file = initramfs(Optional.empty()).make(kernel, "the agent".getBytes());

    Process cpio =
        new ProcessBuilder("cpio", "--list", "--verbose", "--quiet")
            .redirectInput(file.toFile())
            .redirectErrorStream(true)
            .start();
    String listing = new String(cpio.getInputStream().readAllBytes());

    assertThat(cpio.waitFor()).as(listing).isZero();
    assertThat(listing.lines())
        .anySatisfy(line -> assertThat(line).startsWith("crw-------").endsWith(" dev/console"))
        .anySatisfy(line -> assertThat(line).startsWith("-rwxr-xr-x").endsWith(" init"))
        .last()
        .satisfies(line -> assertThat(line).endsWith(" modules/001-second.ko"));
  }

  @Test
  void theSameContentHasTheSameNameAndOtherContentAnother() throws IOException {
    Path first = initramfs(Optional.empty()).make(kernel, new byte[] {1});
    Path other = initramfs(Optional.empty()).make(kernel, new byte[] {2});
    Path again = initramfs(Optional.empty()).make(kernel, new byte[] {1});

    assertThat(again).isEqualTo(first).isNotEqualTo(other);
    assertThat(first.getFileName().toString()).matches("[0-9a-f]{32}\\.cpio");
    assertThat(Files.getPosixFilePermissions(first))
        .isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));
  }

  @Test
  void theAgentOfThisBuildIsInIt() throws IOException {
    Path file = initramfs(Optional.empty()).file(kernel);

    assertThat(Files.size(file)).isGreaterThan(10_000);
  }

  @Test
  void aNamedBuildIsLedToItsFileWithoutReadingAnything() throws IOException {
    Path made = initramfs(Optional.of("build-1")).file(kernel);
    // What would be different if it were read again.
    Files.delete(kernel.modules().resolve("000-first.ko"));

    assertThat(initramfs(Optional.of("build-1")).file(kernel)).isEqualTo(made);
    assertThat(initramfs(Optional.of("build-2")).file(kernel)).isNotEqualTo(made);
  }

  @Test
  void aFileThatWasRemovedIsMadeAgain() throws IOException {
    Path made = initramfs(Optional.of("build-1")).file(kernel);
    Files.delete(made);

    assertThat(initramfs(Optional.of("build-1")).file(kernel)).isEqualTo(made).exists();
  }

  @Test
  void onlyTheNewestFilesAreKeptAndNothingElseIsLeft() throws IOException {
    for (int i = 0; i < 20; i++) {
      Path file = initramfs(Optional.empty()).make(kernel, new byte[] {(byte) i});
      Files.createSymbolicLink(file.resolveSibling("kernel-build" + i), file.getFileName());
    }

    try (var files = Files.list(directory.resolve("initramfs"))) {
      List<Path> left = files.toList();
      assertThat(left).hasSize(16).allSatisfy(path -> assertThat(path.toRealPath()).exists());
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Initramfs initramfs(Optional<String> build) {
    return new Initramfs(directory.resolve("initramfs"), build);
  }
}
