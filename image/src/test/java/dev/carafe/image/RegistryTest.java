package dev.carafe.image;

import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.registry.RealRegistry;
import dev.carafe.image.testing.Tool;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls from a real registry what a real tool has pushed. */
class RegistryTest {
  private static final Progress SILENT = Progress.silent();

  @TempDir Path directory;
  private Path layout;

  @BeforeEach
  void layout() throws Exception {
    byte[] layer = Samples.rootFilesystem();
    byte[] upper = tar(file("etc/name", "upper"), file("big", "b".repeat(2_000_000)));
    layout = directory.resolve("layout");
    for (Map.Entry<String, byte[]> each :
        Samples.layout(Samples.config("amd64", List.of(layer, upper)), layer, upper).entrySet()) {
      Path file = layout.resolve(each.getKey());
      Files.createDirectories(file.getParent());
      Files.write(file, each.getValue());
    }
  }

  @Test
  void whatWasPushedIsPulled() throws Exception {
    try (RealRegistry registry = RealRegistry.start(directory, "")) {
      push(registry, "x/y:tag");
      String reference = registry.host() + "/x/y:tag";
      StoreFixture fixture = new StoreFixture(directory.resolve("images"));
      AtomicLong most = new AtomicLong();
      AtomicLong total = new AtomicLong();
      Image image =
          fixture.store.pull(
              reference,
              new Progress() {
                @Override
                public void step(String what) {}

                @Override
                public void bytes(long done, long all) {
                  most.accumulateAndGet(done, Math::max);
                  total.accumulateAndGet(all, Math::max);
                }
              });
      assertThat(StoreFixture.contents(image, "etc/name")).isEqualTo("upper");
      assertThat(image.names()).containsExactly(reference);
      assertThat(image.config().entrypoint()).containsExactly("/e");
      assertThat(most.get()).isEqualTo(total.get()).isPositive();
      assertThat(fixture.store.ensure("docker://" + reference, SILENT)).isEqualTo(image);

      String byDigest = registry.host() + "/x/y@" + image.digest();
      assertThat(fixture.store.pull(byDigest, SILENT).digest()).isEqualTo(image.digest());
      assertThat(fixture.store.find(byDigest)).isPresent();
    }
  }

  @Test
  void compressedLayersOfEveryKindArePulled() throws Exception {
    try (RealRegistry registry = RealRegistry.start(directory, "")) {
      for (String how : List.of("gzip", "zstd")) {
        push(registry, how + ":1", "--dest-compress-format", how);
        Image image =
            new StoreFixture(directory.resolve(how))
                .store.pull(registry.host() + "/" + how + ":1", SILENT);
        assertThat(StoreFixture.contents(image, "etc/name")).isEqualTo("upper");
      }
    }
  }

  @Test
  void dockersOwnManifestsArePulled() throws Exception {
    try (RealRegistry registry = RealRegistry.start(directory, "")) {
      push(registry, "d:1", "--format", "v2s2");
      StoreFixture fixture = new StoreFixture(directory.resolve("images"));
      Image image = fixture.store.pull(registry.host() + "/d:1", SILENT);
      assertThat(fixture.store.inspect(image.digest()).orElseThrow().mediaType())
          .isEqualTo("application/vnd.docker.distribution.manifest.v2+json");
    }
  }

  @Test
  void whatIsNotThereIsSaid() throws Exception {
    try (RealRegistry registry = RealRegistry.start(directory, "")) {
      StoreFixture fixture = new StoreFixture(directory.resolve("images"));
      assertThatThrownBy(() -> fixture.store.pull(registry.host() + "/no/such:1", SILENT))
          .isInstanceOf(ImageException.class)
          .hasMessage(
              "cannot pull %1$s/no/such:1: the registry %1$s has no no/such 1"
                  .formatted(registry.host()));
    }
  }

  @Test
  void aRegistryThatWantsALoginGetsIt() throws Exception {
    String passwords = Tool.run("htpasswd", "-Bbn", "me", "s3cret");
    try (RealRegistry registry = RealRegistry.start(directory, passwords)) {
      push(registry, "p:1", "--dest-creds", "me:s3cret");
      String reference = registry.host() + "/p:1";
      Path config = Files.createDirectory(directory.resolve("docker"));
      Map<String, String> environment = Map.of("DOCKER_CONFIG", config.toString());
      StoreFixture fixture =
          new StoreFixture(directory.resolve("images"), environment, StoreFixture.LIMITS);

      assertThatThrownBy(() -> fixture.store.pull(reference, SILENT))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("docker login " + registry.host())
          .hasMessageContaining(config.resolve("config.json").toString());

      login(config, registry, "me:wrong-s3cret");
      assertThatThrownBy(() -> fixture.store.pull(reference, SILENT))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("with the credentials it was given")
          .hasMessageNotContaining("s3cret");

      login(config, registry, "me:s3cret");
      assertThat(fixture.store.pull(reference, SILENT).names()).containsExactly(reference);

      Files.writeString(config.resolve("config.json"), "{ not json s3cret");
      assertThatThrownBy(() -> fixture.store.pull(reference, SILENT))
          .hasMessageContaining("cannot be read: is it JSON?")
          .hasMessageNotContaining("s3cret");
    }
  }

  private static void login(Path config, RealRegistry registry, String both) throws Exception {
    String auth = Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
    Files.writeString(
        config.resolve("config.json"),
        "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(registry.host(), auth));
  }

  private void push(RealRegistry registry, String name, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false"));
    command.addAll(List.of(options));
    command.addAll(List.of("oci:" + layout, "docker://" + registry.host() + "/" + name));
    Tool.run(command);
  }
}
