package dev.carafe.image.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packs between two real stores. */
class PackStoreTest {
  @TempDir Path temp;

  @Test
  void anImageMovesFromOneStoreToAnotherInAPack() throws Exception {
    Path root = Files.createDirectories(temp.resolve("root/etc"));
    Files.writeString(root.resolve("hello"), "hello\n");
    Path tar = temp.resolve("root.tar");
    Process make =
        new ProcessBuilder(
                "tar", "-c", "-f", tar.toString(), "-C", root.getParent().toString(), ".")
            .inheritIO()
            .start();
    assertThat(make.waitFor()).isZero();
    Image image;
    ImageStore first = store("first");
    try (var in = Files.newInputStream(tar)) {
      image = first.importArchive(in, "app", Progress.silent());
    }
    Path pack =
        Packs.create(
            image,
            first,
            new PackDefaults(2, 512, Optional.empty()),
            temp.resolve("app"),
            Progress.silent());
    assertThat(Packs.inspect(pack).layers()).hasSize(1);

    ImageStore second = store("second");
    LoadedPack loaded = Packs.load(pack, second, Progress.silent());
    assertThat(loaded.manifest().mem()).isEqualTo(512);
    assertThat(loaded.image().config()).isEqualTo(image.config());
    assertThat(loaded.image().rootfs()).exists();
    assertThat(loaded.image().layers()).hasSize(1);
    assertThat(Packs.load(pack, second, Progress.silent()).image()).isEqualTo(loaded.image());
    assertThat(second.list()).hasSize(1);
  }

  private ImageStore store(String name) {
    return ImageStore.open(Home.of(Map.of("HOME", temp.resolve(name).toString())));
  }
}
