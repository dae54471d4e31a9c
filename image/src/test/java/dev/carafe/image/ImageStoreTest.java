package dev.carafe.image;

import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.tar;
import static dev.carafe.image.testing.Tars.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.store.Catalog;
import dev.carafe.image.store.StoreLayout;
import dev.carafe.image.testing.Tars;
import dev.carafe.image.testing.Tool;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageStoreTest {
  private static final Progress SILENT = Progress.silent();

  @TempDir Path directory;
  private StoreFixture fixture;
  private ImageStore store;

  @BeforeEach
  void open() {
    fixture = new StoreFixture(directory.resolve("images"));
    store = fixture.store;
  }

  @Test
  void whoNeedsTheBaseImageWaitsForTheOneWhoMakesIt() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    Progress progress =
        step -> {
          assertThat(step).isEqualTo("Waiting for another process that makes it");
          waiting.countDown();
        };
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<Image> second;
      Image made;
      try (Closeable _ = new Catalog(new StoreLayout(fixture.root)).makingBase(() -> {})) {
        second = other.submit(() -> store.ensure("base", progress));
        waiting.await();
        made =
            store.importArchive(new ByteArrayInputStream(Samples.rootFilesystem()), "base", SILENT);
      }
      assertThat(second.get().digest()).isEqualTo(made.digest());
    }
  }

  @Test
  void aRootFilesystemTarBecomesAnImage() throws Exception {
    Path tar = write("root.tar", Samples.rootFilesystem());
    Image image = store.pull("tar:" + tar, SILENT);
    assertThat(StoreFixture.listing(image))
        .containsExactly(
            "-rw-r--r-- 0/0 6 /etc/name",
            "-rwxr-xr-x 0/0 9 /bin/tool",
            "drwxr-xr-x 0/0 ",
            "drwxr-xr-x 0/0 /bin",
            "drwxr-xr-x 0/0 /etc");
    assertThat(StoreFixture.contents(image, "etc/name")).isEqualTo("sample");
    assertThat(image.names()).containsExactly("tar:" + tar);
    assertThat(image.config().architecture()).isEqualTo("amd64");
    assertThat(store.find("tar:" + tar)).contains(image);
  }

  @Test
  void theDiskHasItsFixedSizeTakesLittleRoomAndCannotBeWritten() throws Exception {
    Image image = imported("a", Samples.rootFilesystem());
    assertThat(image.rootfs()).hasSize(Image.DISK_BYTES);
    assertThat(image.bytes()).isLessThan(10_000);
    long blocks = Long.parseLong(Tool.run("stat", "-c", "%b", image.rootfs().toString()).strip());
    assertThat(blocks * 512).isLessThan(64_000);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image.rootfs())))
        .isEqualTo("r--r--r--");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x.tar", "x.tar.gz", "x.tgz"})
  void aPathAloneIsFoundOutByContent(String name) throws Exception {
    Path tar = write(name, gzip(Samples.rootFilesystem()));
    assertThat(StoreFixture.contents(store.ensure(tar.toString(), SILENT), "etc/name"))
        .isEqualTo("sample");
    Path docker = write("d" + name, Samples.dockerArchive("amd64", Samples.rootFilesystem()));
    assertThat(store.ensure(docker.toString(), SILENT).config().cmd()).containsExactly("c", "d");
  }

  @Test
  void aDirectoryIsARootFilesystem() throws Exception {
    Path root = Files.createDirectories(directory.resolve("rootfs/etc")).getParent();
    Files.writeString(root.resolve("etc/one"), "1");
    Files.createLink(root.resolve("etc/two"), root.resolve("etc/one"));
    Files.createSymbolicLink(root.resolve("out"), Path.of("/etc/passwd"));
    Image image = store.pull("dir:" + root, SILENT);
    assertThat(StoreFixture.listing(image))
        .contains("lrwxrwxrwx 0/0 11 /out -> /etc/passwd")
        .anyMatch(line -> line.endsWith("0/0 1 /etc/one"))
        .anyMatch(line -> line.endsWith("0/0 1 /etc/two"));
    Files.writeString(root.resolve("etc/one"), "changed");
    assertThat(StoreFixture.contents(store.ensure(root + "/", SILENT), "etc/two"))
        .isEqualTo("changed");
  }

  @Test
  void whatDockerSavesIsImportedWithItsConfiguration() throws Exception {
    byte[] archive =
        Samples.dockerArchive(
            "amd64", Samples.rootFilesystem(), tar(whiteout("etc/name"), file("etc/new", "n")));
    Image image = store.pull("docker-archive:" + write("d.tar", archive), SILENT);
    assertThat(image.config())
        .isEqualTo(
            new ImageConfig(
                List.of("A=1"),
                Optional.of("/w"),
                Optional.of("u:g"),
                List.of("/e"),
                List.of("c", "d"),
                "amd64",
                "linux"));
    assertThat(StoreFixture.listing(image)).noneMatch(line -> line.contains("name"));
    assertThat(StoreFixture.contents(image, "etc/new")).isEqualTo("n");
    assertThat(store.find("debian:12")).as("an archive must not choose its own name").isEmpty();
  }

  @Test
  void anOciArchiveAndALayoutGiveTheSameImage() throws Exception {
    byte[] layer = Samples.rootFilesystem();
    Map<String, byte[]> layout = Samples.layout(Samples.config("amd64", List.of(layer)), layer);
    for (Map.Entry<String, byte[]> each : layout.entrySet()) {
      write("layout/" + each.getKey(), each.getValue());
    }
    Image fromLayout = store.pull("oci:" + directory.resolve("layout"), SILENT);
    Image fromArchive = store.pull("oci-archive:" + write("o.tar", Tars.tarOf(layout)), SILENT);
    assertThat(fromArchive.digest()).isEqualTo(fromLayout.digest());
    assertThat(fromArchive.names()).hasSize(2);
    assertThat(fromArchive.layers()).containsExactly(Samples.digest(layer));
    assertThat(store.ensure(directory.resolve("layout").toString(), SILENT).digest())
        .isEqualTo(fromLayout.digest());
  }

  @Test
  void aStreamIsFoundOutWhileItComes() throws Exception {
    byte[] layer = Samples.rootFilesystem();
    Map<String, byte[]> layout = Samples.layout(Samples.config("amd64", List.of(layer)), layer);
    for (byte[] archive :
        List.of(
            layer, gzip(layer), Samples.dockerArchive("amd64", layer), gzip(Tars.tarOf(layout)))) {
      Image image = store.importArchive(new ByteArrayInputStream(archive), "my/app", SILENT);
      assertThat(StoreFixture.contents(image, "etc/name")).isEqualTo("sample");
      assertThat(store.find("my/app:latest")).contains(image);
      assertThat(store.find("my/app")).contains(image);
    }
  }

  @Test
  void theSameContentIsOneImageUnderTwoNames() {
    Image one = imported("one", Samples.rootFilesystem());
    Image two = imported("two", Samples.rootFilesystem());
    assertThat(two.digest()).isEqualTo(one.digest());
    assertThat(two.names()).containsExactly("one:latest", "two:latest");
    assertThat(store.list()).containsExactly(two);
  }

  @Test
  void aNameMovesToWhatItNamesNow() {
    Image old = imported("a", Samples.rootFilesystem());
    Image now = imported("a", tar(file("x", "x")));
    assertThat(store.find("a")).contains(now);
    assertThat(store.find(old.digest()).orElseThrow().names()).isEmpty();
    assertThat(store.list()).extracting(Image::digest).containsExactly(now.digest(), old.digest());
  }

  @Test
  void aDigestOrItsBeginningNamesTheImage() {
    Image image = imported("a", Samples.rootFilesystem());
    assertThat(store.find(image.digest())).contains(image);
    assertThat(store.find(image.digest().substring(7, 19))).contains(image);
    assertThat(store.find(image.digest().substring(7, 18))).isEmpty();
  }

  @Test
  void theLongSpellingOfANameFindsTheShortOne() {
    Image image = imported("debian:12", Samples.rootFilesystem());
    assertThat(store.find("docker://debian:12")).contains(image);
    assertThat(store.find("library/debian:12")).contains(image);
  }

  @Test
  void aFileThatHasChangedIsImportedAgain() throws Exception {
    Path tar = write("x.tar", tar(file("a", "1")));
    Image first = store.ensure(tar.toString(), SILENT);
    assertThat(store.ensure(tar.toString(), SILENT)).isEqualTo(first);
    write("x.tar", tar(file("a", "22")));
    assertThat(StoreFixture.contents(store.ensure(tar.toString(), SILENT), "a")).isEqualTo("22");
  }

  @Test
  void layersAreImportedAndComeBackUncompressed() throws Exception {
    byte[] lower = Samples.rootFilesystem();
    byte[] upper = tar(file("etc/name", "upper"));
    ImageConfig config =
        new ImageConfig(
            List.of("B=2"),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of("sh"),
            "amd64",
            "linux");
    Image image =
        store.importLayers(
            config,
            List.of(write("1.tar", lower), write("2.tar", upper)),
            Optional.of("frozen"),
            SILENT);
    assertThat(image.config()).isEqualTo(config);
    assertThat(StoreFixture.contents(image, "etc/name")).isEqualTo("upper");
    assertThat(image.layers()).hasSize(2);
    try (InputStream layer = store.openLayer(image.layers().getLast())) {
      assertThat(layer.readAllBytes()).isEqualTo(upper);
    }
    ImageDetails details = store.inspect("frozen").orElseThrow();
    assertThat(details.image()).isEqualTo(image);
    assertThat(details.layers())
        .extracting(ImageDetails.Layer::diffId)
        .containsExactly(Samples.digest(lower), Samples.digest(upper));
  }

  @Test
  void anImageWithoutLayersIsAnEmptyRoot() throws Exception {
    Image image =
        store.importLayers(
            new ImageConfig(
                List.of(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                "amd64",
                "linux"),
            List.of(),
            Optional.empty(),
            SILENT);
    assertThat(StoreFixture.listing(image)).containsExactly("drwxr-xr-x 0/0 ");
  }

  @Test
  void removingTheLastNameRemovesTheImageAndItsBlobs() throws Exception {
    imported("a", Samples.rootFilesystem());
    imported("b", Samples.rootFilesystem());
    store.remove("a", Set.of());
    assertThat(store.find("b").orElseThrow().names()).containsExactly("b:latest");
    store.remove("b", Set.of());
    assertThat(store.list()).isEmpty();
    assertThat(fixture.files()).containsExactly("index.json", "oci-layout");
  }

  @Test
  void blobsThatAnotherImageNeedsStay() throws Exception {
    byte[] shared = Samples.rootFilesystem();
    imported("a", Samples.dockerArchive("amd64", shared));
    Image other = imported("b", Samples.dockerArchive("amd64", shared, tar(file("x", "x"))));
    store.remove("a", Set.of());
    for (String layer : other.layers()) {
      store.openLayer(layer).close();
    }
  }

  @Test
  void anImageInUseIsNotRemoved() {
    Image image = imported("a", Samples.rootFilesystem());
    for (String reference : List.of("a", image.digest(), image.digest().substring(7, 20))) {
      assertThatThrownBy(() -> store.remove(reference, Set.of(image.digest())))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining(image.digest());
    }
    assertThat(store.find("a")).contains(image);
  }

  @Test
  void removingWhatIsNotThereSaysSo() {
    for (String reference : List.of("nothing", "sha256:" + "0".repeat(64))) {
      assertThatThrownBy(() -> store.remove(reference, Set.of()))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("there is none");
    }
  }

  @Test
  void pruneRemovesWhatHasNoNameAndIsNotInUse() throws Exception {
    Image named = imported("a", Samples.rootFilesystem());
    Image used = imported("", tar(file("used", "x")));
    Image lost = imported("", tar(file("lost", "x")));
    Path stray = Files.writeString(fixture.root.resolve("names/.1.new"), "half");
    Path strayImage =
        Files.writeString(fixture.root.resolve("squashfs/" + "0".repeat(64) + ".squashfs"), "x");
    assertThat(store.prune(Set.of(used.digest()))).isGreaterThanOrEqualTo(lost.bytes());
    assertThat(store.list())
        .extracting(Image::digest)
        .containsExactly(used.digest(), named.digest());
    assertThat(stray).doesNotExist();
    assertThat(strayImage).doesNotExist();
    assertThat(store.prune(Set.of(used.digest()))).isZero();
  }

  @Test
  void manyAtOnceAllHaveTheImage() throws Exception {
    byte[] archive = Samples.dockerArchive("amd64", Samples.rootFilesystem());
    List<Callable<Image>> work = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      // A store of its own each, as another process would have.
      ImageStore each = new StoreFixture(directory.resolve("images")).store;
      String name = "n" + i;
      work.add(() -> each.importArchive(new ByteArrayInputStream(archive), name, SILENT));
    }
    try (ExecutorService pool = Executors.newFixedThreadPool(6)) {
      for (var each : pool.invokeAll(work)) {
        assertThat(StoreFixture.contents(each.get(), "etc/name")).isEqualTo("sample");
      }
    }
    assertThat(store.list()).hasSize(1);
    assertThat(store.list().getFirst().names()).hasSize(6);
    assertThat(fixture.root.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void otherToolsCanReadTheStore() throws Exception {
    Image image = imported("my/app:1", Samples.dockerArchive("amd64", Samples.rootFilesystem()));
    String seen = Tool.run("skopeo", "inspect", "oci:" + fixture.root + ":my/app:1");
    assertThat(seen).contains(image.digest()).contains("amd64");
  }

  @Test
  void aLowerLayersDirectoryKeepsItsOwnersWhenAnUpperOneAddsToIt() throws Exception {
    Image image =
        imported(
            "a",
            Samples.dockerArchive(
                "amd64",
                tar(directory("home").mode(02750).owner(1000, 1001)),
                tar(file("home/f", "x").owner(5, 6))));
    assertThat(StoreFixture.listing(image))
        .contains("drwxr-s--- 1000/1001 /home", "-rw-r--r-- 5/6 1 /home/f");
  }

  private Image imported(String name, byte[] archive) {
    return store.importArchive(new ByteArrayInputStream(archive), name, SILENT);
  }

  private Path write(String name, byte[] bytes) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(plain);
    }
    return bytes.toByteArray();
  }
}
