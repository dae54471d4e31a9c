package dev.carafe.image;

import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.layer.Limits;
import dev.carafe.image.testing.Tars;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever goes wrong ends in a sentence, and leaves nothing that looks like an image. */
class ImageFaultsTest {
  private static final Progress SILENT = Progress.silent();

  @TempDir Path directory;
  private StoreFixture fixture;

  @BeforeEach
  void open() {
    fixture = new StoreFixture(directory.resolve("images"));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    assertThat(fixture.store.list()).isEmpty();
    fixture.store.prune(Set.of());
    assertThat(fixture.files()).containsExactly("index.json", "oci-layout");
    assertThat(fixture.root.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void aLayerWhoseDigestDiffers() {
    byte[] layer = Samples.rootFilesystem();
    byte[] config = Samples.config("amd64", List.of(tar(file("other", ""))));
    refused(Tars.tarOf(Samples.layout(config, layer)), "the digest of layer 1 of 1 differs");
  }

  @Test
  void aBlobWhoseDigestDiffers() {
    refused(
        layoutWith(
            files -> {
              byte[] layer = Samples.rootFilesystem();
              byte[] changed = layer.clone();
              changed[600]++;
              files.put(Samples.blob(layer), changed);
              return files;
            }),
        "the digest differs");
  }

  @Test
  void aBlobThatIsLongerThanItSays() {
    refused(
        layoutWith(
            files -> {
              byte[] layer = Samples.rootFilesystem();
              files.put(Samples.blob(layer), Arrays.copyOf(layer, layer.length + 1));
              return files;
            }),
        "is larger than its");
  }

  @Test
  void aBlobThatIsMissing() {
    refused(
        layoutWith(
            files -> {
              files.remove(Samples.blob(Samples.rootFilesystem()));
              return files;
            }),
        "it has no blob sha256:");
  }

  @Test
  void anImageForAnotherProcessor() {
    refused(
        Samples.dockerArchive("arm64", Samples.rootFilesystem()),
        "it is made for linux/arm64, and machines here run linux/amd64");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../escape", "a/../../escape"})
  void aPathThatEscapes(String name) {
    refused(tar(file("ok", ""), file(name, "x")), "leads upwards");
    assertThat(directory.resolve("escape")).doesNotExist();
    assertThat(fixture.root.resolve("escape")).doesNotExist();
  }

  @Test
  void anImageArchiveWhoseOwnFilesEscape() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("oci-layout", Samples.utf8("{}"));
    files.put("../../escape", Samples.utf8("x"));
    refused(Tars.tarOf(files), "leads upwards");
  }

  @Test
  void linksInAnImageArchiveReachNothingOfTheHost() {
    refused(
        tar(
            file("oci-layout", "{}"),
            Tars.link("index.json", "/etc/passwd"),
            Tars.link("manifest.json", "../../../../../../etc/passwd")),
        "it is no image archive");
  }

  @Test
  void damagedArchives() {
    refused(new byte[0], "it is empty");
    byte[] whole = Samples.rootFilesystem();
    refused(Arrays.copyOf(whole, 1_300), "ends in the middle");
    refused(
        "not an archive at all, but long enough".repeat(50).getBytes(StandardCharsets.UTF_8),
        "not a tar archive");
  }

  @Test
  void aStreamThatBreaks() {
    InputStream breaking =
        new SequenceInputStream(
            new ByteArrayInputStream(Arrays.copyOf(Samples.rootFilesystem(), 1_024)),
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw new IOException("the other end is gone");
              }
            });
    assertThatThrownBy(() -> fixture.store.importArchive(breaking, "a", SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot import a:latest: the other end is gone");
  }

  @Test
  void filesThatAreNotThere() {
    for (String reference :
        List.of("tar:/no/such.tar", "oci:/no/such", "dir:/no/such", "/no/such.tar", "./nothing")) {
      assertThatThrownBy(() -> fixture.store.pull(reference, SILENT))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("there is no ");
    }
  }

  @Test
  void namesThatAreNone() {
    for (String reference : List.of("", "Upper Case!", "a\nb", "x:y:z:")) {
      assertThatThrownBy(() -> fixture.store.pull(reference, SILENT))
          .isInstanceOf(ImageException.class);
    }
  }

  @Test
  void moreThanTheLimits() {
    StoreFixture small =
        new StoreFixture(directory.resolve("images"), Map.of(), new Limits(10_000, 3, 1 << 20));
    assertThatThrownBy(
            () ->
                small.store.importArchive(
                    new ByteArrayInputStream(Samples.rootFilesystem()), "a", SILENT))
        .hasMessageContaining("more than 3 entries");
    assertThatThrownBy(
            () ->
                small.store.importArchive(
                    new ByteArrayInputStream(tar(file("a", "x".repeat(20_000)))), "a", SILENT))
        .hasMessageContaining("10000 bytes");
  }

  @Test
  void aMissingTool() {
    StoreFixture without = with("/no/such/sqfstar");
    assertThatThrownBy(() -> importInto(without))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("install squashfs-tools");
  }

  @Test
  void aToolThatFailsInTheMiddle() throws IOException {
    Path script = directory.resolve("failing");
    Files.writeString(script, "#!/bin/sh\nhead -c 100 >/dev/null\necho broken tool >&2\nexit 3\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    assertThatThrownBy(() -> importInto(with(script.toString())))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("failed: broken tool");
  }

  @Test
  void aToolThatCannotWrite() throws IOException {
    Path script = directory.resolve("limited");
    Files.writeString(script, "#!/bin/sh\ntrap '' XFSZ\nulimit -f 1\nexec sqfstar \"$@\"\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    StoreFixture limited = with(script.toString());
    byte[] noise = new byte[200_000];
    new Random(1).nextBytes(noise);
    byte[] tar = Tars.tarOf(Map.of("noise", noise));
    assertThatThrownBy(
            () -> limited.store.importArchive(new ByteArrayInputStream(tar), "a", SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("Failed to write to output filesystem");
  }

  private StoreFixture with(String sqfstar) {
    return new StoreFixture(directory.resolve("images"), Map.of(), StoreFixture.LIMITS, sqfstar);
  }

  private static void importInto(StoreFixture other) {
    other.store.importArchive(new ByteArrayInputStream(Samples.rootFilesystem()), "a", SILENT);
  }

  private static byte[] layoutWith(UnaryOperator<Map<String, byte[]>> change) {
    byte[] layer = Samples.rootFilesystem();
    return Tars.tarOf(change.apply(Samples.layout(Samples.config("amd64", List.of(layer)), layer)));
  }

  private void refused(byte[] archive, String because) {
    assertThatThrownBy(
            () -> fixture.store.importArchive(new ByteArrayInputStream(archive), "a", SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("cannot import a:latest: ")
        .hasMessageContaining(because);
  }
}
