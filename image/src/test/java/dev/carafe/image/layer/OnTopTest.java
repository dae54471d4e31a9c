package dev.carafe.image.layer;

import static dev.carafe.image.testing.Tars.device;
import static dev.carafe.image.testing.Tars.directory;
import static dev.carafe.image.testing.Tars.fifo;
import static dev.carafe.image.testing.Tars.file;
import static dev.carafe.image.testing.Tars.hardLink;
import static dev.carafe.image.testing.Tars.link;
import static dev.carafe.image.testing.Tars.opaque;
import static dev.carafe.image.testing.Tars.tar;
import static dev.carafe.image.testing.Tars.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarWriter;
import dev.carafe.image.testing.Tars.Item;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers that become a tree of their own, to be stacked on an image that is not looked at. */
class OnTopTest {
  private static final Limits LIMITS = new Limits(1 << 20, 10_000, 1 << 22);

  private static final byte[] BELOW =
      tar(
          directory("d").mode(0750).owner(3, 4),
          file("d/a", "old a"),
          file("d/b", "old b"),
          directory("d/sub"),
          file("d/sub/c", "old c"),
          file("was-file", "old"),
          directory("was-directory"),
          file("was-directory/x", "old x"),
          link("was-link", "d"),
          directory("gone"),
          file("gone/deep", "old"));

  @Test
  void filesAreAddedReplacedAndTakenAway() throws IOException {
    same(
        tar(
            directory("d").mode(0700),
            file("d/a", "new a").mode(04755).owner(1000, 1001),
            whiteout("d/b"),
            file("d/n", "new").xattrs(Map.of("security.capability", "\1\0\0\2", "user.x", "y")),
            hardLink("d/m", "d/n"),
            device("null", 1, 3),
            whiteout("gone")));
  }

  @Test
  void kindsChange() throws IOException {
    same(
        tar(
            directory("was-file").mode(0711),
            file("was-file/inside", "i"),
            file("was-directory", "now a file"),
            directory("was-link"),
            file("was-link/inside", "i"),
            link("d", "was-link"),
            fifo("gone")));
  }

  @Test
  void aDirectoryThatReplacesAFileOfItsOwnLayerShowsNothingFromBelow() throws IOException {
    same(tar(file("d", "for a moment"), directory("d"), file("d/n", "new")));
  }

  @Test
  void anOpaqueDirectoryShowsNothingFromBelowWhereverItIsSaid() throws IOException {
    same(tar(directory("d").mode(0711), opaque("d"), file("d/n", "new")));
    same(tar(directory("d").mode(0711), file("d/n", "new"), opaque("d")));
    same(tar(directory("d"), directory("d/sub"), file("d/sub/n", "new"), opaque("d")));
  }

  @Test
  void aWhiteoutBesideADirectoryOfItsNameEmptiesIt() throws IOException {
    same(tar(whiteout("d"), directory("d"), file("d/n", "new")));
    same(tar(directory("d"), file("d/n", "new"), whiteout("d")));
    same(tar(whiteout("d"), file("d/sub/n", "parents nobody described")));
  }

  @Test
  void aWhiteoutBesideAFileOfItsNameIsTheFile() throws IOException {
    same(tar(whiteout("gone"), file("gone", "new")));
    same(tar(file("gone", "new"), whiteout("gone")));
  }

  @Test
  void whatOneLayerTakesAwayAHigherOneBringsBack() throws IOException {
    same(
        tar(whiteout("d"), whiteout("was-file")),
        tar(directory("d").mode(0700), file("d/again", "3"), file("was-file", "3")));
    same(tar(file("d", "2")), tar(directory("d"), file("d/again", "3")));
    same(tar(file("n", "2")), tar(whiteout("n")));
    same(tar(directory("n"), file("n/x", "2")), tar(whiteout("n")), tar(directory("n")));
    same(tar(directory("d"), file("d/n", "2")), tar(directory("d"), opaque("d")));
    same(tar(directory("d"), whiteout("d/a")), tar(whiteout("d"), directory("d")));
  }

  @Test
  void randomLayersShowWhatTheyShowWhenMergedWithAllBelow() throws IOException {
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      List<byte[]> layers = new ArrayList<>(List.of(BELOW));
      int count = 1 + random.nextInt(5);
      for (int i = 0; i < count; i++) {
        layers.add(randomLayer(random));
      }
      compare(layers, random);
    }
  }

  /** Whole trees in random order, but for parents, which come first. */
  private static byte[] randomLayer(Random random) {
    List<Item> items = new ArrayList<>();
    List<String> directories = new ArrayList<>();
    directories.add("");
    for (int i = 0; i < 12; i++) {
      String parent = directories.get(random.nextInt(directories.size()));
      String name = parent + List.of("d", "a", "b", "sub", "gone", "n").get(random.nextInt(6));
      switch (random.nextInt(8)) {
        case 0 -> items.add(whiteout(name));
        case 1 -> {
          if (!parent.isEmpty()) {
            items.add(opaque(parent.substring(0, parent.length() - 1)));
          }
        }
        case 2, 3 -> items.add(file(name, "x" + random.nextInt(100)).mode(random.nextInt(4096)));
        case 4 -> items.add(fifo(name).owner(random.nextInt(9), random.nextInt(9)));
        default -> {
          items.add(directory(name).mode(random.nextInt(512)));
          directories.add(name + "/");
        }
      }
      // What became something else is no parent any more.
      directories.removeIf(
          each ->
              !each.isEmpty()
                  && items.stream()
                      .map(Item::entry)
                      .filter(e -> (each).startsWith(e.name() + "/"))
                      .reduce((first, second) -> second)
                      .filter(e -> !e.type().name().equals("DIRECTORY"))
                      .isPresent());
    }
    return tar(items);
  }

  @ParameterizedTest
  @ValueSource(strings = {"d/n", "d/sub/n"})
  void aLayerThatDoesNotDescribeItsDirectoriesIsRefused(String name) {
    assertThatThrownBy(() -> delta(List.of(tar(file(name, "n")))))
        .isInstanceOf(UnknownBelowException.class);
    assertThatThrownBy(() -> delta(List.of(tar(whiteout(name)))))
        .isInstanceOf(UnknownBelowException.class);
    assertThatThrownBy(() -> delta(List.of(tar(file("x", ""), hardLink("y", name)))))
        .isInstanceOf(UnknownBelowException.class);
  }

  @Test
  void linksToWhatTheLayerTookAwayAreRefused() {
    assertThatThrownBy(() -> delta(List.of(tar(whiteout("f"), hardLink("y", "f")))))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("not a file of the image");
  }

  @Test
  void anOpaqueRootIsRefused() {
    assertThatThrownBy(() -> delta(List.of(tar(file("./.wh..wh..opq", "")))))
        .isInstanceOf(UnknownBelowException.class);
  }

  @Test
  void aLayerCannotSpeakToTheOverlayItself() throws IOException {
    byte[] hostile =
        tar(directory("d").xattrs(Map.of("trusted.overlay.opaque", "y", "user.kept", "1")));
    assertThat(Stacked.lines(List.of(BELOW, delta(List.of(hostile)))))
        .anyMatch(line -> line.startsWith("/d/a "))
        .anyMatch(line -> line.startsWith("/d ") && line.contains("user.kept"));
  }

  private static void same(byte[]... upper) throws IOException {
    List<byte[]> layers = new ArrayList<>(List.of(BELOW));
    Collections.addAll(layers, upper);
    compare(layers, new Random(1));
  }

  /** One delta for each, one for all, and layers made of several, against the merge of all. */
  private static void compare(List<byte[]> layers, Random random) throws IOException {
    List<String> expected = Stacked.lines(List.of(write(new LayerMerger(LIMITS), layers, false)));
    List<byte[]> each = new ArrayList<>(List.of(layers.getFirst()));
    for (byte[] layer : layers.subList(1, layers.size())) {
      each.add(delta(List.of(layer)));
    }
    assertThat(Stacked.lines(each)).isEqualTo(expected);

    int split = 1 + random.nextInt(layers.size() - 1);
    List<byte[]> two = new ArrayList<>(each.subList(0, split));
    two.add(delta(layers.subList(split, layers.size())));
    assertThat(Stacked.lines(two)).isEqualTo(expected);

    List<byte[]> fewer = new ArrayList<>(layers.subList(0, split));
    fewer.add(write(LayerMerger.onTop(LIMITS), layers.subList(split, layers.size()), true));
    assertThat(Stacked.lines(List.of(write(new LayerMerger(LIMITS), fewer, false))))
        .isEqualTo(expected);
  }

  private static byte[] delta(List<byte[]> layers) throws IOException {
    return write(LayerMerger.onTop(LIMITS), layers, false);
  }

  private static byte[] write(LayerMerger merger, List<byte[]> layers, boolean asLayer)
      throws IOException {
    List<LayerMerger.Layer> again = new ArrayList<>();
    for (byte[] layer : layers) {
      merger.index(new ByteArrayInputStream(layer));
      again.add(() -> new ByteArrayInputStream(layer));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter out = new TarWriter(bytes)) {
      if (asLayer) {
        merger.writeLayer(again, out, done -> {});
      } else {
        merger.write(again, out, done -> {});
      }
    }
    return bytes.toByteArray();
  }
}
