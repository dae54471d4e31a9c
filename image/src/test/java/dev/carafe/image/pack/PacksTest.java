package dev.carafe.image.pack;

import static dev.carafe.image.pack.PackBuilder.LAYER;
import static dev.carafe.image.pack.PackBuilder.LAYER_HEX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import dev.carafe.image.ImageException;
import dev.carafe.image.Progress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PacksTest {
  private static final byte[] SECOND =
      PackBuilder.tar(out -> PackBuilder.file(out, "etc/second", "second\n"));
  private static final Map<String, byte[]> STORE =
      Map.of("sha256:one", LAYER, "sha256:two", SECOND);
  private static final ImageConfig CONFIG =
      new ImageConfig(
          List.of("PATH=/bin", "KEY=a=b"),
          Optional.of("/work"),
          Optional.of("node"),
          List.of("/entry"),
          List.of("cmd", "-x"),
          "amd64",
          "linux");
  private static final Instant NOW = Instant.parse("2026-11-22T10:11:12.5Z");

  @TempDir Path temp;
  private final Store store = new Store();

  /** Keeps what is imported into it, and its bytes. */
  private static final class Store {
    private final List<Image> images = new ArrayList<>();
    private final List<byte[]> layers = new ArrayList<>();

    Image importLayers(
        ImageConfig config, List<Path> files, Optional<String> name, Progress progress) {
      for (Path file : files) {
        try {
          layers.add(Files.readAllBytes(file));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      Image image = image(config, name.stream().toList(), List.of("x"));
      images.add(image);
      return image;
    }

    Optional<Image> find(String name) {
      return images.stream().filter(image -> image.names().contains(name)).findFirst();
    }
  }

  @Test
  void anImageComesBackOutOfItsPackAsItWentIn() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one", "sha256:two");

    LoadedPack loaded = load(pack, "amd64");

    assertThat(store.layers).containsExactly(LAYER, SECOND);
    assertThat(loaded.image().config()).isEqualTo(CONFIG);
    assertThat(loaded.manifest().cpus()).isEqualTo(3);
    assertThat(loaded.manifest().mem()).isEqualTo(1024);
    assertThat(loaded.manifest().created()).isEqualTo("2026-11-22T10:11:12Z");
  }

  @Test
  void aLayerThatAnImageHasTwiceIsStoredOnceAndLoadedTwice() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one", "sha256:two", "sha256:one");
    load(pack, "amd64");
    assertThat(store.layers).containsExactly(LAYER, SECOND, LAYER);
  }

  @Test
  void anEntrypointOfThePackReplacesTheImages() {
    PackDefaults defaults = new PackDefaults(1, 64, Optional.of(List.of("/other")));
    Path pack =
        Packs.create(
            image(CONFIG, List.of(), List.of("sha256:one")),
            digest -> new ByteArrayInputStream(STORE.get(digest)),
            defaults,
            temp.resolve("app"),
            NOW,
            Progress.silent());
    assertThat(Packs.inspect(pack).manifest().entrypoint()).containsExactly("/other");
    assertThat(Packs.inspect(pack).manifest().image()).isEqualTo("sha256:image");
  }

  @Test
  void whatIsWrittenIsTheFormatThatOthersRead() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one");
    byte[] bytes = Files.readAllBytes(pack);
    var footer =
        java.nio.ByteBuffer.wrap(bytes, bytes.length - 64, 64)
            .slice()
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    long assets = footer.getLong(28);
    int manifest = (int) footer.getLong(44);
    assertThat(new String(bytes, bytes.length - 64, 8, StandardCharsets.US_ASCII))
        .isEqualTo("SMOLPACK");
    assertThat(footer.getInt(8)).isEqualTo(1);
    assertThat(footer.getLong(12)).isZero();
    assertThat(footer.getLong(20)).isZero();
    assertThat(footer.getLong(36)).isEqualTo(assets);
    assertThat(assets + manifest + 64).isEqualTo(bytes.length);
    var crc = new java.util.zip.CRC32();
    crc.update(bytes, 0, bytes.length - 64);
    assertThat(footer.getInt(52)).isEqualTo((int) crc.getValue());
    assertThat(new String(bytes, (int) assets, manifest, StandardCharsets.UTF_8))
        .contains("\"mode\" : \"container\"", "\"layers/" + LAYER_HEX + ".tar\"");

    // Debian's own zstd and tar agree about the assets.
    Path zst = Files.write(temp.resolve("a.zst"), java.util.Arrays.copyOf(bytes, (int) assets));
    Process list =
        new ProcessBuilder("sh", "-c", "zstd -dc '" + zst + "' | tar -t")
            .redirectErrorStream(true)
            .start();
    String names = new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(list.waitFor()).isZero();
    assertThat(names).isEqualTo("agent-rootfs.tar\nlayers/" + LAYER_HEX + ".tar\n");
  }

  @Test
  void theScriptBesideThePackSaysHowItIsUsedAndThatItRanNothing() throws Exception {
    Path output = temp.resolve("my app");
    create(output, "sha256:one");
    Process script = new ProcessBuilder(output.toString()).start();
    assertThat(script.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(script.exitValue()).isEqualTo(2);
    assertThat(new String(script.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("carafe machine create --from '" + output + ".smolmachine'");
  }

  @Test
  void packingAgainReplacesThePackAndRemovesWhatAKilledProcessLeft() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one");
    Path leftover = Files.writeString(temp.resolve(".app.smolmachine.123.tmp"), "half");
    create(temp.resolve("app"), "sha256:two");
    assertThat(leftover).doesNotExist();
    assertThat(Packs.inspect(pack).layers().getFirst().size()).isEqualTo(SECOND.length);
    try (var files = Files.list(temp)) {
      assertThat(files).hasSize(2);
    }
  }

  @Test
  void aFailedPackLeavesNothingAndKeepsTheOldOne() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one");
    byte[] before = Files.readAllBytes(pack);
    var reads = new java.util.concurrent.atomic.AtomicInteger();
    assertThatThrownBy(
            () ->
                Packs.create(
                    image(CONFIG, List.of(), List.of("sha256:one")),
                    digest ->
                        new ByteArrayInputStream(
                            reads.incrementAndGet() == 1 ? LAYER : new byte[10]),
                    PackDefaults.SMOLVM,
                    temp.resolve("app"),
                    NOW,
                    Progress.silent()))
        .isInstanceOf(ImageException.class);
    assertThat(pack).hasBinaryContent(before);
    try (var files = Files.list(temp)) {
      assertThat(files).hasSize(2);
    }
  }

  @Test
  void aNameThatEndsInTheExtensionIsRefused() {
    assertThatThrownBy(() -> create(temp.resolve("app.smolmachine"), "sha256:one"))
        .hasMessageContaining("must not end in .smolmachine");
  }

  @Test
  void aPackThatIsInTheStoreIsNotUnpackedAgain() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one");
    Image first = load(pack, "amd64").image();
    Path copy = Files.copy(pack, temp.resolve("copy.smolmachine"));
    assertThat(load(copy, "amd64").image()).isSameAs(first);
    assertThat(store.images).hasSize(1);
    assertThat(first.names()).containsExactly("smolmachine:" + hexOf(pack));
  }

  @Test
  void aPackOfSmolvmsIsReadThoughItsDigestsAreOfSomethingElse() throws Exception {
    String foreign = "f".repeat(64);
    byte[] bytes =
        new PackBuilder()
            .manifest(
                json ->
                    json.replace("carafe 0.1.0", "0.8.0")
                        .replace(
                            "sha256:" + LAYER_HEX + "\", \"path",
                            "sha256:" + foreign + "\", \"path")
                        .replace("\"gpu\"", "\"cuda\": false, \"labels\": {\"a\": [1]}, \"gpu\""))
            .build();
    Path pack = Files.write(temp.resolve("p.smolmachine"), bytes);
    assertThat(Packs.inspect(pack).layers())
        .containsExactly(new PackLayer("sha256:" + foreign, "sha256:" + LAYER_HEX, LAYER.length));
    load(pack, "amd64");
    assertThat(store.layers).containsExactly(LAYER);
  }

  @Test
  void versionsTwoAndThreeAreReadToo() throws Exception {
    for (int version = 2; version <= 3; version++) {
      Path pack =
          Files.write(
              temp.resolve(version + ".smolmachine"), new PackBuilder().footer(8, version).build());
      assertThat(Packs.inspect(pack).version()).isEqualTo(version);
    }
  }

  @Test
  void packsThatCarafeCannotRunAreInspectedButNotLoaded() throws Exception {
    record Case(String from, String to, String says) {}
    for (Case c :
        List.of(
            new Case("\"container\"", "\"vm\"", "disk of a whole machine"),
            new Case("\"gpu\"", "\"secret_refs\": {\"A\": {}}, \"gpu\"", "wants secrets"),
            new Case("\"platform\": \"linux/amd64\"", "\"platform\": \"linux/s390x\"", "s390x"))) {
      Path pack =
          Files.write(
              temp.resolve("p.smolmachine"),
              new PackBuilder().manifest(json -> json.replaceFirst(c.from(), c.to())).build());
      Packs.inspect(pack);
      assertThatThrownBy(() -> load(pack, "amd64")).hasMessageContaining(c.says());
    }
  }

  @Test
  void loadingLeavesNoScratchBehindAlsoNotAnothersThatWasKilled() throws Exception {
    Path pack = create(temp.resolve("app"), "sha256:one");
    Path dead = Files.createDirectories(scratch().resolve("carafe-pack-dead"));
    Files.writeString(dead.resolve("lock"), "");
    Files.writeString(dead.resolve("layer-0.tar"), "half");
    load(pack, "amd64");
    assertThat(scratch()).isEmptyDirectory();
  }

  @Test
  void aMissingPackIsASentence() {
    Path missing = temp.resolve("none.smolmachine");
    assertThatThrownBy(() -> Packs.inspect(missing))
        .hasMessage("cannot read the pack '" + missing + "': there is no '" + missing + "'");
  }

  private LoadedPack load(Path pack, String architecture) throws IOException {
    return Packs.load(
        pack, store::find, store::importLayers, architecture, scratch(), Progress.silent());
  }

  private Path scratch() throws IOException {
    return Files.createDirectories(temp.resolve("scratch"));
  }

  private static String hexOf(Path pack) throws IOException {
    byte[] bytes = Files.readAllBytes(pack);
    return PackBuilder.sha256(java.util.Arrays.copyOf(bytes, bytes.length - 64));
  }

  private static Path create(Path output, String... layers) {
    return Packs.create(
        image(CONFIG, List.of("app:latest"), List.of(layers)),
        digest -> new ByteArrayInputStream(STORE.get(digest)),
        new PackDefaults(3, 1024, Optional.empty()),
        output,
        NOW,
        Progress.silent());
  }

  private static Image image(ImageConfig config, List<String> names, List<String> layers) {
    return new Image("sha256:image", names, config, Path.of("/none"), 0, layers, NOW);
  }
}
