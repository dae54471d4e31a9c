package dev.carafe.image;

import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.hardLink;
import static dev.carafe.image.testing.Tars.opaque;
import static dev.carafe.image.testing.Tars.tar;
import static dev.carafe.image.testing.Tars.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.testing.Tool;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others, and we ourselves, read of an exported image. */
class ImageExportTest {
  private static final Progress SILENT = Progress.silent();

  @TempDir Path directory;
  private StoreFixture fixture;
  private ImageStore store;
  private Image image;

  @BeforeEach
  void open() {
    fixture = new StoreFixture(directory.resolve("images"));
    store = fixture.store;
    Image base =
        store.importArchive(
            new ByteArrayInputStream(
                Samples.dockerArchive(
                    "amd64",
                    tar(
                        directory("d").mode(0750),
                        file("d/a", "a"),
                        directory("o"),
                        file("o/old", "old"),
                        file("gone", "x")))),
            "base",
            SILENT);
    image =
        store.addLayer(
            base,
            new ByteArrayInputStream(
                tar(
                    directory("d").mode(0700),
                    file("d/b", "b").mode(04755),
                    hardLink("d/c", "d/b"),
                    directory("o"),
                    opaque("o"),
                    whiteout("gone"))),
            "example.org/team/app:3",
            base.config(),
            "a test",
            SILENT);
  }

  private Path exported() {
    Path file = directory.resolve("app.tar");
    store.exportArchive("example.org/team/app:3", ArchiveForm.AS_KEPT, file, SILENT);
    return file;
  }

  @Test
  void comesBackWithTheSameDigest() throws Exception {
    Path file = exported();
    ImageStore other = new StoreFixture(directory.resolve("other")).store;
    Image back = other.importArchive(Files.newInputStream(file), "back", SILENT);
    assertThat(back.digest()).isEqualTo(image.digest());
    assertThat(back.config()).isEqualTo(image.config());
    assertThat(StoreFixture.listing(back))
        .containsExactly(
            "-rw-r--r-- 0/0 1 /d/a",
            "-rwsr-xr-x 0/0 1 /d/b",
            "-rwsr-xr-x 0/0 1 /d/c",
            "drwx------ 0/0 /d",
            "drwxr-xr-x 0/0 ",
            "drwxr-xr-x 0/0 /o");
    // In the store that has it already, it stays as it is stacked.
    assertThat(store.importArchive(Files.newInputStream(file), "back", SILENT).deltas())
        .isEqualTo(image.deltas());
    assertThat(other.pull("oci-archive:" + file, SILENT).digest()).isEqualTo(image.digest());
  }

  @Test
  void skopeoReadsItAsAnOciArchiveAndAsDockers() throws Exception {
    Path file = exported();
    for (String transport : List.of("oci-archive", "docker-archive")) {
      assertThat(Tool.run("skopeo", "inspect", transport + ":" + file))
          .contains("\"Architecture\": \"amd64\"", "\"A=1\"");
    }
    Tool.run(
        "skopeo",
        "copy",
        "--insecure-policy",
        "oci-archive:" + file + ":example.org/team/app:3",
        "dir:" + directory.resolve("copied"));
    assertThat(Tool.run("skopeo", "inspect", "--raw", "dir:" + directory.resolve("copied")))
        .isEqualTo(Files.readString(blob(image.digest())));
  }

  @Test
  void withGzipItHasAnotherDigestAndUmociUnpacksTheSame() throws Exception {
    Path file = directory.resolve("gzip.tar");
    store.exportArchive("example.org/team/app:3", ArchiveForm.GZIP, file, SILENT);
    Image back =
        new StoreFixture(directory.resolve("other"))
            .store.importArchive(Files.newInputStream(file), "back", SILENT);
    assertThat(back.digest()).isNotEqualTo(image.digest());
    assertThat(back.config()).isEqualTo(image.config());
    Path layout = Files.createDirectory(directory.resolve("layout"));
    Tool.run("tar", "-C", layout.toString(), "-xf", file.toString());
    Path unpacked = directory.resolve("unpacked");
    Tool.run(
        "umoci",
        "raw",
        "unpack",
        "--rootless",
        "--image",
        layout + ":example.org/team/app:3",
        unpacked.toString());
    assertThat(
            Tool.run("find", unpacked.toString(), "-printf", "%M %n /%P\\n")
                .lines()
                .sorted()
                .filter(line -> line.charAt(0) == '-' || line.contains("/d") || line.endsWith("o")))
        .containsExactly(
            "-rw-r--r-- 1 /d/a",
            "-rwsr-xr-x 2 /d/b",
            "-rwsr-xr-x 2 /d/c",
            "drwx------ 2 /d",
            "drwxr-xr-x 2 /o");
  }

  @Test
  void theTarIsTheSameEachTime() throws IOException {
    byte[] first = Files.readAllBytes(exported());
    ByteArrayOutputStream second = new ByteArrayOutputStream();
    store.exportArchive(image.digest(), ArchiveForm.AS_KEPT, second, SILENT);
    assertThat(second.toByteArray()).isEqualTo(first);
  }

  @Test
  void aDamagedOrLostBlobIsNoticedAndTheFileBeforeStays() throws IOException {
    Path file = exported();
    byte[] before = Files.readAllBytes(file);
    Path layer = blob(image.layers().getFirst());
    byte[] content = Files.readAllBytes(layer);
    content[20]++;
    Files.delete(layer);
    assertThatThrownBy(this::exported).hasMessageContaining("the store has lost its sha256:");
    Files.write(layer, content);
    assertThatThrownBy(this::exported)
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("is damaged");
    assertThat(file).hasBinaryContent(before);
    assertThat(directory).isDirectoryNotContaining("glob:**.app.tar*");
  }

  @Test
  void whatIsNotThereIsSaid() {
    assertThatThrownBy(
            () -> store.exportArchive("nothing", ArchiveForm.GZIP, directory.resolve("x"), SILENT))
        .hasMessageStartingWith("cannot export the image nothing: there is none");
    assertThatThrownBy(
            () -> store.exportArchive(image.digest(), ArchiveForm.GZIP, directory, SILENT))
        .hasMessageContaining("is in the way");
    assertThat(directory.resolve("x")).doesNotExist();
  }

  @Test
  void aReaderThatGoesAwayEndsTheExport() {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    assertThatThrownBy(
            () -> store.exportArchive(image.digest(), ArchiveForm.AS_KEPT, closed, SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessageEndingWith("Broken pipe");
    store.remove(image.digest(), Set.of());
  }

  private Path blob(String digest) {
    return fixture.root.resolve("blobs/sha256/" + digest.substring(7));
  }
}
