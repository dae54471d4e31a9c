package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FirstPairTest {
  @TempDir Path directory;

  @Test
  void theFirstPairCanBeLoadedAndAllowsNothing() throws Exception {
    Tree tree = new Tree(directory);
    Tree.write(tree.places.bottles().resolve("claude.md"), FirstPair.bottle("claude"));
    Tree.write(tree.places.agents().resolve("claude.md"), FirstPair.agent("claude"));
    Manifest manifest = tree.load("claude");
    assertThat(manifest.bottle().egress().routes()).isEmpty();
    assertThat(manifest.bottle().provider().orElseThrow().template()).isEqualTo("claude");
    assertThat(manifest.agent().prompt()).startsWith("Work in small steps");
  }

  @ParameterizedTest
  @ValueSource(strings = {"claude", "codex", "shell", "other"})
  void itsExamplesAreRightToo(String provider) throws Exception {
    Tree tree = new Tree(directory);
    String all =
        FirstPair.bottle(provider)
            .replace("routes: []", "routes:")
            .replaceAll("(?m)^( *)#  - ", "$1  - ")
            .replaceAll("(?m)^( *)#    ", "$1    ")
            .replaceAll("(?m)^# (git-gate:|  .*)$", "$1")
            .replaceAll("(?m)^  # (auth_token: .*)$", "  $1");
    Tree.write(tree.places.bottles().resolve("first.md"), all);
    assertThat(tree.problems()).isEmpty();
    EffectiveBottle bottle = tree.bottles("first");
    assertThat(bottle.egress().routes()).hasSize(2);
    assertThat(bottle.repos()).hasSize(1);
    assertThat(bottle.gitUser().name()).isPresent();
    assertThat(bottle.provider().orElseThrow().template()).isEqualTo(provider);
    assertThat(bottle.provider().orElseThrow().authToken().isPresent())
        .isEqualTo(provider.startsWith("c"));
  }
}
