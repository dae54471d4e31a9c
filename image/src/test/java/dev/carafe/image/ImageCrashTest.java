package dev.carafe.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.testing.Tars;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCrashTest {
  @TempDir Path directory;

  @Test
  void whatAKilledImportLeftIsGoneAfterTheNext() throws Exception {
    StoreFixture fixture = new StoreFixture(directory.resolve("images"));
    byte[] tar = Tars.tarOf(Map.of("noise", noise(3_000_000)));
    Process process = ImportingProcess.start(fixture.root);
    try (BufferedReader said = reader(process);
        OutputStream in = process.getOutputStream()) {
      in.write(Arrays.copyOf(tar, 1_000_000));
      in.flush();
      assertThat(said.readLine()).isEqualTo("open");
      assertThat(said.readLine()).isEqualTo("reading");
      process.destroyForcibly().waitFor();
    } catch (IOException closed) {
      // closing the pipe to a process that is gone
    }
    assertThat(fixture.root.resolve("tmp")).isNotEmptyDirectory();
    assertThat(fixture.store.list()).isEmpty();
    assertThat(fixture.store.find("a")).isEmpty();

    fixture.store.importArchive(new ByteArrayInputStream(tar), "a", Progress.silent());
    assertThat(fixture.root.resolve("tmp")).isEmptyDirectory();
    assertThat(fixture.store.find("a")).isPresent();
  }

  @Test
  void whatAKilledAdditionLeftIsGoneAfterTheNext() throws Exception {
    StoreFixture fixture = new StoreFixture(directory.resolve("images"));
    Image below =
        fixture.store.importArchive(
            new ByteArrayInputStream(Samples.rootFilesystem()), "below", Progress.silent());
    byte[] tar = Tars.tarOf(Map.of("noise", noise(3_000_000)));
    Process process = ImportingProcess.startAdding(fixture.root, "below");
    try (BufferedReader said = reader(process);
        OutputStream in = process.getOutputStream()) {
      in.write(Arrays.copyOf(tar, 1_000_000));
      in.flush();
      assertThat(said.readLine()).isEqualTo("open");
      assertThat(said.readLine()).isEqualTo("reading");
      process.destroyForcibly().waitFor();
    } catch (IOException closed) {
      // closing the pipe to a process that is gone
    }
    assertThat(fixture.root.resolve("tmp")).isNotEmptyDirectory();
    assertThat(fixture.store.list()).containsExactly(below);

    Image added =
        fixture.store.addLayer(
            below, new ByteArrayInputStream(tar), "a", below.config(), "a test", Progress.silent());
    assertThat(fixture.root.resolve("tmp")).isEmptyDirectory();
    assertThat(fixture.store.list()).containsExactly(added, below);
  }

  @Test
  void aFullDiskIsNamedAndTheImageBelowStays() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    Path rootFilesystem = Files.write(directory.resolve("r.tar"), Samples.rootFilesystem());
    byte[] tar = Tars.tarOf(Map.of("noise", noise(3_000_000)));
    for (int kibibytes : new int[] {1_000, 4_500}) { // too small for the layer; for both
      Process process =
          ImportingProcess.startAdding(
              disk.resolve("images"),
              "tar:" + rootFilesystem,
              "unshare",
              "--user",
              "--map-root-user",
              "--mount",
              "sh",
              "-c",
              "mount -t tmpfs -o size=" + kibibytes + "k none " + disk + " && exec \"$@\"",
              "sh");
      try (BufferedReader said = reader(process);
          OutputStream in = process.getOutputStream()) {
        Thread feeder = Thread.ofVirtual().start(() -> feed(in, tar));
        List<String> lines = said.lines().filter(line -> !line.equals("reading")).toList();
        assertThat(lines)
            .startsWith(
                "open",
                "cannot store a:latest: the disk is full; `carafe image prune` frees what no"
                    + " machine needs");
        assertThat(lines.getLast())
            .matches(
                "left: \\[(blobs/sha256/[0-9a-f]{64}, ){3}index.json, "
                    + "names/[^ ,]+, oci-layout, records/[0-9a-f]{64}, "
                    + "squashfs/[0-9a-f]{64}.squashfs\\]");
        feeder.join();
      }
    }
  }

  @Test
  void aFullDiskIsNamedAndLeavesNothing() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    byte[] tar = Tars.tarOf(Map.of("noise", noise(3_000_000)));
    // A disk of its own in a mount namespace of its own: goes with the process.
    for (int kibibytes : new int[] {1_000, 4_500}) { // too small for the layer; for both
      Process process =
          ImportingProcess.start(
              disk.resolve("images"),
              "unshare",
              "--user",
              "--map-root-user",
              "--mount",
              "sh",
              "-c",
              "mount -t tmpfs -o size=" + kibibytes + "k none " + disk + " && exec \"$@\"",
              "sh");
      try (BufferedReader said = reader(process);
          OutputStream in = process.getOutputStream()) {
        Thread feeder = Thread.ofVirtual().start(() -> feed(in, tar));
        assertThat(said.lines().filter(line -> !line.equals("reading")))
            .containsExactly(
                "open",
                "cannot import a:latest: the disk is full; `carafe image prune` frees what no"
                    + " machine needs",
                "left: [oci-layout]");
        feeder.join();
      }
    }
  }

  private static void feed(OutputStream in, byte[] tar) {
    try (in) {
      in.write(tar);
    } catch (IOException gone) {
      // it has failed, as it should
    }
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  private static byte[] noise(int length) {
    byte[] noise = new byte[length];
    new Random(1).nextBytes(noise);
    return noise;
  }
}
