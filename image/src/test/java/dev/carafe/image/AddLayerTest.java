package dev.carafe.image;

import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.tar;
import static dev.carafe.image.testing.Tars.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.testing.Tars;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Images of a base and layers on top of it. */
class AddLayerTest {
  private static final Progress SILENT = Progress.silent();

  @TempDir Path directory;
  private StoreFixture fixture;
  private ImageStore store;
  private Image base;

  @BeforeEach
  void open() throws IOException {
    fixture = new StoreFixture(directory.resolve("images"));
    store = fixture.store;
    base = imported("base:1", Samples.dockerArchive("amd64", Samples.rootFilesystem()));
  }

  private Image imported(String name, byte[] archive) {
    return store.importArchive(new ByteArrayInputStream(archive), name, SILENT);
  }

  private Image add(Image below, String name, byte[] layer) {
    return store.addLayer(
        below, new ByteArrayInputStream(layer), name, below.config(), "a test", SILENT);
  }

  private static byte[] layer(int number) {
    return tar(directory("etc"), file("etc/generation", "" + number), file("n" + number, "n"));
  }

  @Test
  void aLayerBecomesADeltaOnTheFilesOfTheImageBelow() throws Exception {
    Image added = add(base, "added", tar(directory("etc").mode(0700), whiteout("etc/name")));
    assertThat(added.rootfs()).isEqualTo(base.rootfs());
    assertThat(added.deltas()).hasSize(1);
    assertThat(added.names()).containsExactly("added:latest");
    assertThat(added.config()).isEqualTo(base.config());
    assertThat(added.layers()).startsWith(base.layers().getFirst()).hasSize(2);
    assertThat(StoreFixture.listing(added.deltas().getFirst()))
        .containsExactly("c--------- 0/0 0, 0 /etc/name", "drwx------ 0/0 /etc", "drwxr-xr-x 0/0 ");
    assertThat(added.deltas().getFirst()).hasSize(Image.DISK_BYTES);
    assertThat(store.find("added")).contains(added);
    assertThat(store.find(added.digest())).contains(added);
    assertThat(store.list()).containsExactly(added, base);
    ImageDetails details = store.inspect("added").orElseThrow();
    assertThat(details.layers()).hasSize(2);
    assertThat(details.layers().getLast().diffId())
        .isEqualTo(Samples.digest(tar(directory("etc").mode(0700), whiteout("etc/name"))));
  }

  @Test
  void theConfigurationIsTheOneBelowWithAnotherLineOfHistory() throws Exception {
    String config =
        """
        {"architecture":"amd64","os":"linux","created":"2001-01-01T00:00:00Z",
        "config":{"Env":["A=1"],"User":"u","Labels":{"a":"b"},"ExposedPorts":{"80/tcp":{}}},
        "history":[{"created_by":"first"},{"created_by":"ENV","empty_layer":true}],
        "rootfs":{"type":"layers","diff_ids":["%s"]}}"""
            .formatted(Samples.digest(Samples.rootFilesystem()));
    Image below =
        imported(
            "below",
            Tars.tarOf(
                Samples.layout(config.getBytes(StandardCharsets.UTF_8), Samples.rootFilesystem())));
    ImageConfig changed =
        new ImageConfig(
            List.of("A=1", "B=2"),
            Optional.of("/w"),
            Optional.of("u"),
            List.of(),
            List.of("run"),
            "amd64",
            "linux");
    Image added =
        store.addLayer(
            below, new ByteArrayInputStream(layer(1)), "added", changed, "a test", SILENT);
    assertThat(added.config()).isEqualTo(changed);
    JsonNode written = config(added);
    assertThat(written.path("config").toString())
        .isEqualTo(
            "{\"User\":\"u\",\"Labels\":{\"a\":\"b\"},\"ExposedPorts\":{\"80/tcp\":{}},"
                + "\"Env\":[\"A=1\",\"B=2\"],\"Cmd\":[\"run\"],\"WorkingDir\":\"/w\"}");
    assertThat(written.path("history").toString())
        .startsWith("[{\"created_by\":\"first\"},{\"created_by\":\"ENV\",\"empty_layer\":true},")
        .endsWith("\"created_by\":\"a test\"}]");
    assertThat(written.path("created").asString()).startsWith("1970-01-01T00:00:");
    assertThat(written.path("rootfs").path("diff_ids").size()).isEqualTo(2);
  }

  private JsonNode config(Image image) throws IOException {
    String digest = store.inspect(image.digest()).orElseThrow().configDigest();
    return new JsonMapper()
        .readTree(Files.readAllBytes(fixture.root.resolve("blobs/sha256/" + digest.substring(7))));
  }

  @Test
  void whereTheImageBelowHasNoHistoryEveryLayerGetsALine() throws Exception {
    JsonNode history = config(add(base, "added", layer(1))).path("history");
    assertThat(history.size()).isEqualTo(2);
    assertThat(history.get(1).path("created_by").asString()).isEqualTo("a test");
  }

  @Test
  void deltasStayFewHoweverManyGenerations() throws Exception {
    Image image = base;
    for (int i = 1; i <= 12; i++) {
      image = add(image, "work", layer(i));
      assertThat(image.deltas()).hasSizeBetween(1, Image.MOST_DELTAS);
      assertThat(image.rootfs()).isEqualTo(base.rootfs());
    }
    assertThat(image.layers()).hasSize(13);
    assertThat(store.find("work")).contains(image);
    List<String> names = new ArrayList<>();
    for (Path delta : image.deltas()) {
      names.addAll(StoreFixture.listing(delta));
    }
    for (int i = 1; i <= 12; i++) {
      assertThat(names).contains("-rw-r--r-- 0/0 1 /n" + i);
    }
    // All generations but the last have lost their name.
    store.prune(Set.of());
    assertThat(store.list()).containsExactly(image, base);
    assertThat(squashfs()).isEqualTo(1L + image.deltas().size());
  }

  @Test
  void aLargeDeltaStaysAsItIsUnderSmallOnes() {
    byte[] noise = new byte[2_000_000];
    new Random(1).nextBytes(noise);
    Image image = add(base, "work", Tars.tarOf(Map.of("noise", noise)));
    Path large = image.deltas().getFirst();
    for (int i = 1; i <= 9; i++) {
      image = add(image, "work", layer(i));
      assertThat(image.deltas().getFirst()).isEqualTo(large);
    }
  }

  @Test
  void layersStayFewerThanOtherToolsTake() throws Exception {
    Image image = base;
    for (int i = 1; i <= LayerAddition.MOST_LAYERS; i++) {
      image = add(image, "work", tar(file("n" + i, "n"), whiteout("n" + (i - 1))));
    }
    assertThat(image.layers()).hasSize(2);
    assertThat(image.deltas()).hasSize(1);
    assertThat(StoreFixture.listing(image.deltas().getFirst()))
        .contains("-rw-r--r-- 0/0 1 /n100", "c--------- 0/0 0, 0 /n1")
        .doesNotContain("-rw-r--r-- 0/0 1 /n99");
    assertThat(config(image).path("history").size()).isEqualTo(2);
    assertThat(add(image, "work", layer(1)).layers()).hasSize(3);
  }

  @Test
  void aLayerThatLeansOnWhatIsBelowGivesAWholeImage() throws Exception {
    Image lower = add(base, "lower", tar(directory("etc").mode(0750), file("etc/x", "x")));
    for (byte[] leaning :
        List.of(tar(file("etc/new", "n")), tar(file("./.wh..wh..opq", ""), file("etc/new", "n")))) {
      Image added = add(lower, "added", leaning);
      assertThat(added.deltas()).isEmpty();
      assertThat(added.rootfs()).isNotEqualTo(base.rootfs());
      assertThat(StoreFixture.listing(added)).contains("-rw-r--r-- 0/0 1 /etc/new");
      assertThat(store.find("added")).contains(added);
      assertThat(add(added, "again", layer(1)).rootfs()).isEqualTo(added.rootfs());
    }
    assertThat(StoreFixture.listing(add(lower, "attributes", tar(file("etc/new", "n")))))
        .contains("drwxr-x--- 0/0 /etc", "-rw-r--r-- 0/0 6 /etc/name");
  }

  @Test
  void theFilesBelowStayWhileAnImageNeedsThem() throws Exception {
    Image added = add(base, "added", layer(1));
    store.remove("base:1", Set.of());
    assertThat(store.find("base:1")).isEmpty();
    assertThat(added.rootfs()).exists();
    store.prune(Set.of());
    assertThat(store.list()).containsExactly(added);
    assertThat(add(added, "more", layer(2)).rootfs()).isEqualTo(base.rootfs());

    Image back = imported("base:1", Samples.dockerArchive("amd64", Samples.rootFilesystem()));
    assertThat(back.digest()).isEqualTo(base.digest());
    assertThat(back.rootfs()).isEqualTo(base.rootfs());
    assertThat(back.bytes()).isEqualTo(base.bytes());

    for (String name : List.of("added", "more", "base:1")) {
      store.remove(name, Set.of());
    }
    assertThat(fixture.files()).containsExactly("index.json", "oci-layout");
  }

  @Test
  void imagesWithTheSameLayerShareItsDelta() throws Exception {
    Image one = add(base, "one", layer(1));
    Image two = add(imported("other", tar(file("other", ""))), "two", layer(1));
    assertThat(one.deltas()).isEqualTo(two.deltas());
    assertThat(squashfs()).isEqualTo(3);
    store.remove("one", Set.of());
    assertThat(two.deltas().getFirst()).exists();
  }

  private long squashfs() throws IOException {
    return fixture.files().stream().filter(file -> file.startsWith("squashfs/")).count();
  }

  @Test
  void anImageInUseStaysAlsoWhenItsNameMovesOn() {
    Image first = add(base, "work", layer(1));
    Image second = add(base, "work", layer(2));
    assertThat(store.find("work")).contains(second);
    store.prune(Set.of(first.digest()));
    assertThat(store.find(first.digest()).orElseThrow().deltas().getFirst()).exists();
    assertThat(add(store.find(first.digest()).orElseThrow(), "work", layer(3)).layers())
        .startsWith(first.layers().toArray(String[]::new));
  }

  @Test
  void anImageThatIsGoneIsNoBase() throws IOException {
    store.remove("base:1", Set.of());
    assertThatThrownBy(() -> add(base, "added", layer(1)))
        .isInstanceOf(ImageException.class)
        .hasMessage(
            "cannot store added:latest: the image that it is to stand on is not in the store any"
                + " more");
    assertThat(fixture.files()).containsExactly("index.json", "oci-layout");
  }

  @Test
  void aLayerThatBreaksOffOrIsDamagedLeavesNothing() throws IOException {
    List<String> before = fixture.files();
    InputStream breaking =
        new SequenceInputStream(
            new ByteArrayInputStream(layer(1), 0, 700),
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw new IOException("the machine has stopped");
              }
            });
    assertThatThrownBy(
            () -> store.addLayer(base, breaking, "added", base.config(), "a test", SILENT))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot store added:latest: the machine has stopped");
    assertThatThrownBy(() -> add(base, "added", tar(file("../x", "x"))))
        .hasMessageContaining("leads upwards");
    assertThatThrownBy(() -> add(base, "added", "no tar".repeat(200).getBytes()))
        .hasMessageContaining("not a tar archive");
    assertThat(fixture.files()).isEqualTo(before);
    assertThat(fixture.root.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void aToolThatFailsLeavesNothing() throws IOException {
    List<String> before = fixture.files();
    ImageStore failing =
        new StoreFixture(fixture.root, Map.of(), StoreFixture.LIMITS, "/bin/false").store;
    assertThatThrownBy(
            () ->
                failing.addLayer(
                    base, new ByteArrayInputStream(layer(1)), "a", base.config(), "t", SILENT))
        .isInstanceOf(ImageException.class);
    assertThat(fixture.files()).isEqualTo(before);
  }

  @Test
  void manyAddAtOnce() throws Exception {
    List<Callable<Image>> adding = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int number = i;
      adding.add(() -> add(base, "n" + number / 2, layer(number / 2)));
    }
    List<Image> added = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (var each : pool.invokeAll(adding)) {
        added.add(each.get());
      }
    }
    for (Image image : added) {
      assertThat(store.find(image.digest())).isPresent();
      assertThat(image.deltas().getFirst()).exists();
    }
    assertThat(squashfs()).isEqualTo(5);
  }
}
