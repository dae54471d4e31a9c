package dev.carafe.image;

import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.fifo;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.hardLink;
import static dev.carafe.image.testing.Tars.link;
import static dev.carafe.image.testing.Tars.opaque;
import static dev.carafe.image.testing.Tars.tar;
import static dev.carafe.image.testing.Tars.whiteout;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.image.testing.Tars.Item;
import dev.carafe.image.testing.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same layers, unpacked by umoci and by us. */
class MergeOracleTest {
  @TempDir Path directory;

  @Test
  void layersMergeAsUmociMergesThem() throws Exception {
    byte[] first =
        tar(
            directory("./").mode(0755),
            directory("usr").mode(0755),
            directory("usr/lib").mode(0750),
            link("lib", "usr/lib"),
            file("usr/lib/a", "a").mode(04755),
            hardLink("usr/lib/b", "usr/lib/a"),
            directory("gone"),
            file("gone/x", "x"),
            directory("opaque"),
            file("opaque/old", "old"),
            directory("opaque/sub"),
            file("opaque/sub/old", "old"),
            file("was-file", "f"),
            directory("was-directory"),
            file("was-directory/x", "x"),
            fifo("pipe"),
            directory("tmp").mode(01777),
            file("n".repeat(200), "long"),
            file("ümläut", "u"));
    byte[] second =
        tar(
            whiteout("gone"),
            opaque("opaque"),
            file("opaque/new", "new"),
            directory("was-file").mode(0711),
            file("was-file/inside", "i"),
            file("was-directory", "now a file"),
            file("usr/lib/a", "changed"),
            whiteout("pipe"));
    byte[] third =
        tar(directory("gone").mode(0700), file("gone/again", "y"), whiteout("opaque/new"));
    compare(first, second, third);
  }

  @Test
  void randomLayersMergeAsUmociMergesThem() throws Exception {
    Random random = new Random(20);
    for (int round = 0; round < 4; round++) {
      byte[][] layers = new byte[4][];
      List<String> directories = new ArrayList<>(List.of("d0", "d0/d1", "d0/d1/d2", "d3"));
      for (int i = 0; i < layers.length; i++) {
        List<Item> items = new ArrayList<>();
        // Every layer begins with its directories, as builders write them; whiteouts come first.
        for (String each : directories) {
          if (i > 0 && random.nextInt(4) == 0) {
            items.add(
                random.nextBoolean() ? opaque(each) : whiteout(each + "/f" + random.nextInt(4)));
          }
        }
        for (String each : directories) {
          items.add(directory(each).mode(0700 | random.nextInt(64)));
        }
        for (int j = 0; j < 12; j++) {
          String name =
              directories.get(random.nextInt(directories.size())) + "/f" + random.nextInt(8);
          if (items.stream().anyMatch(item -> item.entry().name().equals(name))) {
            continue;
          }
          items.add(
              switch (random.nextInt(3)) {
                case 0 -> link(name, "target" + random.nextInt(100));
                case 1 -> fifo(name).mode(random.nextInt(512));
                default ->
                    file(name, "x".repeat(random.nextInt(100))).mode(0600 | random.nextInt(64));
              });
        }
        layers[i] = tar(items);
      }
      compare(layers);
    }
  }

  private void compare(byte[]... layers) throws Exception {
    Path work = Files.createTempDirectory(directory, "oracle");
    Path layout = work.resolve("layout");
    umoci("init", "--layout", layout.toString());
    umoci("new", "--image", layout + ":x");
    for (int i = 0; i < layers.length; i++) {
      Path layer = Files.write(work.resolve(i + ".tar"), layers[i]);
      umoci("raw", "add-layer", "--image", layout + ":x", layer.toString());
    }
    umoci("unpack", "--rootless", "--image", layout + ":x", work.resolve("bundle").toString());
    List<String> expected =
        Tool.run(
                "find",
                work.resolve("bundle/rootfs").toString(),
                "-mindepth",
                "1",
                "-type",
                "d",
                "-printf",
                "%M /%P\\n",
                "-o",
                "-mindepth",
                "1",
                "-type",
                "l",
                "-printf",
                "%M %s /%P -> %l\\n",
                "-o",
                "-mindepth",
                "1",
                "-printf",
                "%M %s /%P\\n")
            .lines()
            .sorted()
            .toList();
    StoreFixture fixture = new StoreFixture(work.resolve("images"));
    Image image = fixture.store.pull("oci:" + layout + ":x", Progress.silent());
    assertThat(
            StoreFixture.listing(image).stream()
                .map(line -> line.replaceFirst(" [0-9]+/[0-9]+", ""))
                .filter(line -> line.contains("/"))
                .sorted())
        .isEqualTo(expected);
    assertThat(expected).hasSizeGreaterThan(3);
  }

  private static void umoci(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("umoci"));
    command.addAll(List.of(arguments));
    Tool.run(command);
  }
}
