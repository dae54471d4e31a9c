package dev.carafe.machine.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bounds of a copy out of a guest. */
class TreeTest {
  @TempDir Path temp;

  private Tree tree(Entries entries, Tree.Bounds bounds) {
    return new Tree(
        temp.resolve("top"),
        new Attributes(false),
        new EntryReader(Channels.newChannel(new ByteArrayInputStream(entries.end().bytes()))),
        bounds);
  }

  private static Entries directories(int depth) {
    Entries entries = Entries.tree();
    StringBuilder path = new StringBuilder("d");
    for (int i = 0; i < depth; i++) {
      entries.entry(Entry.DIRECTORY, path.toString());
      path.append("/d");
    }
    return entries;
  }

  @Test
  void directoriesMayBeSoDeepAndNoDeeper() throws IOException {
    Tree.Bounds bounds = new Tree.Bounds(5, 100, 100, 10_000);
    tree(directories(5), bounds).grow();
    assertThat(temp.resolve("top/d/d/d/d/d")).isDirectory();
    Files.move(temp.resolve("top"), temp.resolve("first"));
    assertThatThrownBy(() -> tree(directories(6), bounds).grow())
        .isInstanceOf(Violation.class)
        .hasMessageContaining("more than 5 deep");
  }

  @Test
  void theDeepestThatIsAllowedFitsIntoThisProcess() throws Exception {
    Tree tree = tree(directories(1_000), Tree.Bounds.ofData(100));
    tree.grow();
    tree.root().settleBelow(temp.resolve("top"), new Attributes(false));
    // JUnit needs a quarter of a minute to remove this.
    assertThat(new ProcessBuilder("rm", "-r", temp + "/top").start().waitFor()).isZero();
  }

  @Test
  void thereMayBeSoManyEntriesAndNoMore() {
    Entries entries = Entries.tree().file("a", "").file("b", "").file("c", "");
    assertThatThrownBy(() -> tree(entries, new Tree.Bounds(5, 2, 100, 10_000)).grow())
        .isInstanceOf(Violation.class)
        .hasMessageContaining("more than 2 files");
  }

  @Test
  void thereMayBeSoMuchDataAndNoMore() throws IOException {
    Tree.Bounds bounds = new Tree.Bounds(5, 100, 100, 10_000);
    tree(Entries.tree().file("a", "x".repeat(50)).file("b", "x".repeat(50)), bounds).grow();
    Files.move(temp.resolve("top"), temp.resolve("first"));
    Entries more = Entries.tree().file("a", "x".repeat(50)).file("b", "x".repeat(51));
    assertThatThrownBy(() -> tree(more, bounds).grow())
        .isInstanceOf(Violation.class)
        .hasMessageContaining("more than 100 bytes");
  }

  @Test
  void directoriesMayTakeSoMuchMemoryAndNoMore() {
    Entries entries = Entries.tree();
    for (int i = 0; i < 5; i++) {
      entries.entry(Entry.DIRECTORY, i + "x".repeat(200));
    }
    assertThatThrownBy(() -> tree(entries, new Tree.Bounds(5, 100, 100, 2_000)).grow())
        .isInstanceOf(Violation.class)
        .hasMessageContaining("more directories than fit");
  }
}
