package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class RecipeTest {
  private static final String GOOD =
      """
      base: base
      user: node
      env: {A: one}
      registries: [apt]
      steps:
        - root: apt-get install x
        - user: touch y
      routes:
        - host: files.example.com
      """;

  @TempDir Path directory;

  private static Recipe read(String text) throws ProviderException {
    return RecipeReader.read(
        Path.of("/r/recipe.yaml"), text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  @Test
  void aFileSaysAllOfIt() throws Exception {
    Path file = Files.writeString(directory.resolve("mine.yaml"), GOOD);
    Recipe recipe = RecipeReader.read(file, Map.of());
    assertThat(recipe.base()).isEqualTo("base");
    assertThat(recipe.user()).isEqualTo("node");
    assertThat(recipe.env()).containsExactly(Map.entry("A", "one"));
    assertThat(recipe.registries()).containsExactly(Recipe.Registry.APT);
    assertThat(recipe.steps())
        .containsExactly(
            new Recipe.Step(true, "apt-get install x"), new Recipe.Step(false, "touch y"));
    assertThat(recipe.routes().getFirst().route().host().text()).isEqualTo("files.example.com");
    assertThat(recipe.memoryMib()).isEqualTo(2048);
  }

  @Test
  @Timeout(20)
  void aPipeIsNoRecipeAndIsNotWaitedFor() throws Exception {
    Path pipe = directory.resolve("pipe.yaml");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> RecipeReader.read(pipe, Map.of()))
        .hasMessage("the recipe " + pipe + " is not a file");
  }

  @Test
  void whateverChangesTheImageChangesTheDigest() throws Exception {
    String digest = read(GOOD).digest();
    assertThat(digest).hasSize(64).isEqualTo(read(GOOD + "# a remark\n").digest());
    for (String[] change :
        List.of(
            new String[] {"base: base", "base: other"},
            new String[] {"user: node", "user: me"},
            new String[] {"A: one", "A: two"},
            new String[] {"[apt]", "[apt, npm]"},
            new String[] {"touch y", "touch z"},
            new String[] {"- user: touch", "- root: touch"},
            new String[] {"files.example", "other.example"})) {
      assertThat(read(GOOD.replace(change[0], change[1])).digest())
          .as(change[1])
          .isNotEqualTo(digest);
    }
  }

  @Test
  void allMistakesAreSaidWithTheirPlaces() {
    assertThatThrownBy(
            () ->
                read(
                    """
                    base: -x
                    usr: node
                    steps:
                      - run: x
                      - {root: a, user: b}
                    registries: [apk]
                    env: {A-B: c}
                    routes:
                      - {host: a.example, auth: {scheme: bearer, token: {env: TOKEN}}}
                    """))
        .isInstanceOf(ProviderException.class)
        .message()
        .contains("/r/recipe.yaml:1:7: an image has no blanks, and does not begin with '-'")
        .contains("/r/recipe.yaml:2:1: 'usr' is not a key here; did you mean 'user'?")
        .contains("/r/recipe.yaml:4:5: each of 'steps' must have one of 'root' and 'user'")
        .contains("/r/recipe.yaml:5:5: each of 'steps' must have only one of 'root' and 'user'")
        .contains("/r/recipe.yaml:6:14: each of 'registries' must be 'apt' or 'npm'")
        .contains("/r/recipe.yaml:7:7: this cannot be the name of a variable")
        .contains("a recipe has no credentials; take 'auth' away");
    assertThatThrownBy(() -> read("- a")).hasMessageContaining("must be keys with values");
    assertThatThrownBy(() -> RecipeReader.read(directory.resolve("none"), Map.of()))
        .hasMessage("the recipe " + directory.resolve("none") + " does not exist");
  }

  @Test
  void theOnesThatComeWithCarafeMakeAUserAndNameNoRegistry() {
    for (Provider each : List.of(new Claude(), new Codex(), new Shell())) {
      Recipe recipe = each.recipe().orElseThrow();
      assertThat(recipe.user()).isEqualTo("node");
      String steps =
          recipe.baseRecipe().map(below -> below.steps().toString()).orElse("") + recipe.steps();
      assertThat(steps).contains("--uid 1000", "ripgrep", "git").doesNotContain("://");
      assertThat(recipe.routes()).isEmpty();
    }
    assertThatThrownBy(() -> Recipe.builtIn("none")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatIsBegunWithDecidesWhatComesOfItToo() throws Exception {
    String steps = "user: node\nsteps: [{root: make}]";
    Recipe tools = read("base: recipe:tools\n" + steps);
    assertThat(tools.baseRecipe()).contains(Recipe.builtIn("tools"));
    assertThat(read("base: base\n" + steps).baseRecipe()).isEmpty();
    assertThat(tools.digest()).isNotEqualTo(read("base: base\n" + steps).digest());
    assertThatThrownBy(() -> read("base: recipe:claude\n" + steps))
        .hasMessageContaining("the only recipe that can be begun with is recipe:tools");
  }
}
