package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstPairTest {
  @TempDir Path directory;

  @Test
  void theFirstPairCanBeLoadedAndAllowsNothing() throws Exception {
    Tree tree = new Tree(directory);
    Tree.write(tree.places.bottles().resolve("claude.md"), FirstPair.bottle());
    Tree.write(tree.places.agents().resolve("claude.md"), FirstPair.agent("claude"));
    Manifest manifest = tree.load("claude");
    assertThat(manifest.bottle().egress().routes()).isEmpty();
    assertThat(manifest.bottle().provider().orElseThrow().template()).isEqualTo("claude");
    assertThat(manifest.agent().prompt()).startsWith("Work in small steps");
  }

  @Test
  void itsExamplesAreRightToo() throws Exception {
    Tree tree = new Tree(directory);
    String all =
        FirstPair.bottle()
            .replace("routes: []", "routes:")
            .replaceAll("(?m)^( *)#  - ", "$1  - ")
            .replaceAll("(?m)^( *)#    ", "$1    ")
            .replaceAll("(?m)^# (git-gate:|  .*)$", "$1");
    Tree.write(tree.places.bottles().resolve("claude.md"), all);
    assertThat(tree.problems()).isEmpty();
    EffectiveBottle bottle = tree.bottles("claude");
    assertThat(bottle.egress().routes()).hasSize(2);
    assertThat(bottle.repos()).hasSize(1);
    assertThat(bottle.gitUser().name()).isPresent();
  }
}
