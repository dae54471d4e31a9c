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
import dev.carafe.image.tar.TarReader;
import dev.carafe.image.tar.TarWriter;
import dev.carafe.image.testing.Tars.Item;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerMergerTest {
  private static final Limits LIMITS = new Limits(1 << 20, 1_000, 1 << 20);

  @Test
  void laterLayersReplaceFiles() throws IOException {
    assertThat(merge(tar(file("a", "old"), file("b", "b")), tar(file("a", "new"))))
        .containsExactly("b b", "a new");
  }

  @Test
  void theLastOfTwoEntriesInOneLayerCounts() throws IOException {
    assertThat(merge(tar(file("a", "first"), file("./a", "second")))).containsExactly("a second");
  }

  @Test
  void missingParentsBecomePlainDirectories() throws IOException {
    assertThat(merge(tar(file("x/y/z", "z")))).containsExactly("x/ 755", "x/y/ 755", "x/y/z z");
  }

  @Test
  void aParentThatComesAfterItsChildStandsBeforeItInTheEnd() throws IOException {
    assertThat(merge(tar(file("d/f", "f"), directory("d").mode(0700))))
        .containsExactly("d/ 700", "d/f f");
  }

  @Test
  void aWhiteoutHidesWhatLowerLayersHave() throws IOException {
    assertThat(merge(tar(file("d/a", "a"), file("d/b", "b")), tar(whiteout("d/a"))))
        .containsExactly("d/ 755", "d/b b");
  }

  @Test
  void aWhiteoutHidesATree() throws IOException {
    assertThat(merge(tar(file("d/e/a", "a"), file("f", "f")), tar(whiteout("d"))))
        .containsExactly("f f");
  }

  @Test
  void aWhiteoutDoesNotHideItsOwnLayerWhateverTheOrder() throws IOException {
    byte[] lower = tar(file("d/old", "old"), file("f", "old"));
    List<String> expected = List.of("d/ 755", "d/new new", "f new");
    assertThat(
            merge(lower, tar(file("d/new", "new"), file("f", "new"), whiteout("d"), whiteout("f"))))
        .isEqualTo(expected);
    assertThat(
            merge(lower, tar(whiteout("d"), whiteout("f"), file("d/new", "new"), file("f", "new"))))
        .isEqualTo(expected);
  }

  @Test
  void anOpaqueDirectoryHidesWhatLowerLayersPutIntoIt() throws IOException {
    byte[] lower = tar(directory("d").mode(0700), file("d/a", "a"), file("d/e/b", "b"));
    List<String> expected = List.of("d/ 711", "d/e/ 755", "d/e/new new");
    assertThat(merge(lower, tar(directory("d").mode(0711), file("d/e/new", "new"), opaque("d"))))
        .isEqualTo(expected);
    assertThat(merge(lower, tar(opaque("d"), directory("d").mode(0711), file("d/e/new", "new"))))
        .isEqualTo(expected);
  }

  @Test
  void whatIsHiddenCanComeBackInAHigherLayer() throws IOException {
    assertThat(merge(tar(file("d/a", "1")), tar(whiteout("d")), tar(file("d/b", "3"))))
        .containsExactly("d/ 755", "d/b 3");
  }

  @Test
  void aWhiteoutOfNothingIsNothing() throws IOException {
    assertThat(merge(tar(whiteout("no"), whiteout("no/such"), opaque("nor/this"), file("a", "a"))))
        .containsExactly("a a");
  }

  @Test
  void otherNamesOfAufsAreIgnored() throws IOException {
    assertThat(merge(tar(file(".wh..wh.plnk", ""), file("a", "a")))).containsExactly("a a");
  }

  @Test
  void aFileReplacesADirectoryWithAllBelow() throws IOException {
    assertThat(merge(tar(file("d/a", "a")), tar(file("d", "file")))).containsExactly("d file");
  }

  @Test
  void aDirectoryReplacesAFile() throws IOException {
    assertThat(merge(tar(file("d", "file")), tar(directory("d").mode(0750))))
        .containsExactly("d/ 750");
  }

  @Test
  void aDirectoryReplacesALink() throws IOException {
    assertThat(merge(tar(directory("t"), link("d", "t")), tar(directory("d"), file("d/a", "a"))))
        .containsExactly("d/ 755", "t/ 755", "d/a a");
  }

  @Test
  void aDirectoryOnADirectoryChangesItsAttributesAndKeepsItsChildren() throws IOException {
    assertThat(merge(tar(file("d/a", "a")), tar(directory("d").mode(01777))))
        .containsExactly("d/ 1777", "d/a a");
  }

  @Test
  void parentsThatAreLinksAreFollowedInsideTheImage() throws IOException {
    byte[] lower =
        tar(
            directory("usr/lib"),
            link("lib", "usr/lib"),
            link("abs", "/usr/lib"),
            link("up", "../../../../usr/lib"));
    assertThat(merge(lower, tar(file("lib/a", "a"), file("abs/b", "b"), file("up/c", "c"))))
        .contains("usr/lib/a a", "usr/lib/b b", "usr/lib/c c")
        .contains("lib -> usr/lib");
  }

  @Test
  void linksInACircleAreRefused() {
    assertThatThrownBy(() -> merge(tar(link("a", "b"), link("b", "a"), file("a/x", "x"))))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("circle");
  }

  @Test
  void hardLinksShareOneFile() throws IOException {
    assertThat(merge(tar(file("b", "same"), hardLink("a", "b"), hardLink("c", "/a"))))
        .containsExactly("a same", "c = a", "b = a");
  }

  @Test
  void hardLinksReachIntoLowerLayers() throws IOException {
    assertThat(merge(tar(file("d/a", "same")), tar(hardLink("b", "d/a"))))
        .containsExactly("d/ 755", "b same", "d/a = b");
  }

  @Test
  void aHardLinkKeepsWhatItHadWhenItsTargetIsReplaced() throws IOException {
    assertThat(merge(tar(file("a", "old"), hardLink("b", "a")), tar(file("a", "new"))))
        .containsExactly("b old", "a new");
  }

  @Test
  void aHardLinkKeepsWhatItHadWhenItsTargetIsHidden() throws IOException {
    assertThat(merge(tar(file("a", "old"), hardLink("b", "a")), tar(whiteout("a"))))
        .containsExactly("b old");
  }

  @Test
  void aHardLinkInAHigherLayerSurvivesItsTarget() throws IOException {
    assertThat(merge(tar(file("a", "old")), tar(hardLink("b", "a")), tar(whiteout("a"))))
        .containsExactly("b old");
  }

  @Test
  void aHardLinkToItselfChangesNothing() throws IOException {
    assertThat(merge(tar(file("a", "a"), hardLink("a", "a")))).containsExactly("a a");
  }

  @Test
  void hardLinksToOtherKindsBecomeCopies() throws IOException {
    assertThat(
            merge(tar(link("a", "t"), hardLink("b", "a"), device("n", 1, 3), hardLink("m", "n"))))
        .containsExactlyInAnyOrder("a -> t", "b -> t", "n c 1,3", "m c 1,3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothing", "d", "../outside", "/"})
  void hardLinksToWhatIsNoFileOfTheImageAreRefused(String target) {
    assertThatThrownBy(() -> merge(tar(directory("d"), hardLink("a", target))))
        .isInstanceOf(BadArchiveException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../a", "a/../../b", "..", "d/..", "/../x"})
  void namesThatClimbAreRefused(String name) {
    assertThatThrownBy(() -> merge(tar(file(name, "x"))))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("leads upwards");
  }

  @Test
  void whiteoutsThatClimbAreRefused() {
    assertThatThrownBy(() -> merge(tar(file("d/.wh...", ""))))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("hides no name");
    assertThatThrownBy(() -> merge(tar(file(".wh.", "")))).isInstanceOf(BadArchiveException.class);
  }

  @Test
  void absoluteNamesAreInsideTheImage() throws IOException {
    assertThat(merge(tar(file("/etc/passwd", "p")))).containsExactly("etc/ 755", "etc/passwd p");
  }

  @Test
  void namesAreNotLimitedBeforeLinuxLimitsThem() throws IOException {
    String longest = "n".repeat(255);
    assertThat(merge(tar(file(longest, "x")))).containsExactly(longest + " x");
    assertThatThrownBy(() -> merge(tar(file(longest + "n", "x"))))
        .isInstanceOf(BadArchiveException.class);
    assertThatThrownBy(() -> merge(tar(file("d/".repeat(2_100) + "f", "x"))))
        .isInstanceOf(BadArchiveException.class);
  }

  @Test
  void pathsThatLinksMakeTooLongAreRefused() {
    String deep = "d/".repeat(1_500);
    assertThatThrownBy(
            () ->
                merge(
                    tar(
                        directory(deep),
                        link("l", deep),
                        file("l/" + "e/".repeat(1_500) + "f", ""))))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("longer than Linux allows");
  }

  @Test
  void namesComeThroughByteForByte() throws IOException {
    String latin = "caf\u00e9"; // one byte per character: not UTF-8
    assertThat(merge(tar(file(latin, "x")))).containsExactly(latin + " x");
  }

  @Test
  void ownersModesTimesAndKindsComeThrough() throws IOException {
    List<TarArchiveEntry> entries =
        entries(
            mergedTar(
                List.of(
                    tar(
                        file("s", "x")
                            .mode(04755)
                            .owner(4_000_000_000L, 70_000)
                            .mtime(4_294_967_295L),
                        fifo("p").owner(1, 2)))));
    assertThat(entries).extracting(TarArchiveEntry::getMode).containsExactly(04755, 0600);
    assertThat(entries)
        .extracting(TarArchiveEntry::getLongUserId)
        .containsExactly(4_000_000_000L, 1L);
    assertThat(entries).extracting(TarArchiveEntry::getLongGroupId).containsExactly(70_000L, 2L);
    assertThat(entries.getFirst().getLastModifiedTime().toMillis()).isEqualTo(4_294_967_295_000L);
    assertThat(entries.getLast().isFIFO()).isTrue();
  }

  @Test
  void attributesComeThroughExceptThoseForTheOverlay() throws IOException {
    String value = "a\nb\0c\u00ff";
    byte[] layer =
        tar(
            file("f", "x")
                .xattrs(
                    Map.of(
                        "user.one", value,
                        "security.capability", "c",
                        "trusted.overlay.redirect", "/etc",
                        "system.posix_acl_access", "x")),
            directory("d").xattrs(Map.of("user.two", "2")));
    TarReader reader = new TarReader(new ByteArrayInputStream(mergedTar(List.of(layer))));
    assertThat(reader.next().xattrs()).isEqualTo(Map.of("user.two", "2"));
    assertThat(reader.next().xattrs())
        .isEqualTo(Map.of("user.one", value, "security.capability", "c"));
  }

  @Test
  void theRootsOwnAttributesAreThoseOfTheLastLayerThatHasThem() throws IOException {
    LayerMerger merger = new LayerMerger(LIMITS);
    merger.index(in(tar(directory("./").mode(0700))));
    merger.index(in(tar(directory(".").mode(0711).owner(5, 6))));
    merger.index(in(tar(file("a", "a"))));
    assertThat(merger.rootAttributes().mode()).isEqualTo(0711);
    assertThat(merger.rootAttributes().uid()).isEqualTo(5);
  }

  @Test
  void noLayersAreAnEmptyImage() throws IOException {
    assertThat(merge()).isEmpty();
  }

  @Test
  void tooManyEntriesAreRefused() {
    List<Item> items = IntStream.range(0, 1_001).mapToObj(i -> file("same", "")).toList();
    assertThatThrownBy(() -> merge(tar(items.toArray(Item[]::new))))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("1000 entries");
  }

  @Test
  void tooManyBytesInAllLayersTogetherAreRefused() {
    byte[] layer = tar(file("a", "x".repeat(600_000)));
    assertThatThrownBy(() -> merge(layer, layer))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("1048576 bytes");
  }

  @Test
  void bytesAfterTheArchiveCountToo() {
    byte[] layer = new byte[1_100_000];
    assertThatThrownBy(() -> merge(layer))
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("1048576 bytes");
  }

  @Test
  void aTreeThatNeedsTooMuchMemoryIsRefused() {
    List<Item> items =
        IntStream.range(0, 200).mapToObj(i -> file(i + "n".repeat(200), "")).toList();
    assertThatThrownBy(
            () -> {
              LayerMerger merger = new LayerMerger(new Limits(1 << 20, 1_000, 20_000));
              merger.index(in(tar(items.toArray(Item[]::new))));
            })
        .isInstanceOf(BadArchiveException.class)
        .hasMessageContaining("memory");
  }

  private static ByteArrayInputStream in(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }

  private static byte[] mergedTar(List<byte[]> layers) throws IOException {
    LayerMerger merger = new LayerMerger(LIMITS);
    for (byte[] layer : layers) {
      merger.index(in(layer));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter out = new TarWriter(bytes)) {
      List<LayerMerger.Layer> again = new ArrayList<>();
      for (byte[] layer : layers) {
        again.add(() -> in(layer));
      }
      merger.write(again, out, done -> {});
    }
    return bytes.toByteArray();
  }

  /** Read back by somebody else's code. */
  private static List<TarArchiveEntry> entries(byte[] tar) throws IOException {
    List<TarArchiveEntry> entries = new ArrayList<>();
    try (TarArchiveInputStream in = new TarArchiveInputStream(in(tar), "ISO-8859-1")) {
      for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        entries.add(e);
      }
    }
    return entries;
  }

  private static List<String> merge(byte[]... layers) throws IOException {
    List<String> lines = new ArrayList<>();
    try (TarArchiveInputStream in =
        new TarArchiveInputStream(in(mergedTar(List.of(layers))), "ISO-8859-1")) {
      for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        lines.add(line(e, in));
      }
    }
    return lines;
  }

  private static String line(TarArchiveEntry e, TarArchiveInputStream in) throws IOException {
    if (e.isDirectory()) {
      return e.getName()
          + (e.getName().endsWith("/") ? " " : "/ ")
          + Integer.toOctalString(e.getMode());
    }
    if (e.isLink()) {
      return e.getName() + " = " + e.getLinkName();
    }
    if (e.isSymbolicLink()) {
      return e.getName() + " -> " + e.getLinkName();
    }
    if (e.isCharacterDevice()) {
      return e.getName() + " c " + e.getDevMajor() + "," + e.getDevMinor();
    }
    return e.getName() + " " + new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }
}
