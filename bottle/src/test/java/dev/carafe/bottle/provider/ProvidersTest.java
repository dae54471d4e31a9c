package dev.carafe.bottle.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carafe.bottle.manifest.AgentProvider;
import dev.carafe.bottle.manifest.ManifestPlaces;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProvidersTest {
  private static final String PI =
      """
      command: [pi, --quiet]
      prompt_mode: append-file
      unattended: [--yes]
      resume: [--again]
      headless: {words: [-p]}
      env: {PI_MODE: plain}
      files:
        ~/.pi/config: 'trust={workspace} home={home}'
        /etc/pi: ''
      routes:
        - host: models.example.com
          auth: {scheme: bearer, token: {env: PI_TOKEN}}
      recipe: ../recipes/pi.yaml
      """;

  @TempDir Path directory;
  private ManifestPlaces places;

  @BeforeEach
  void places() throws Exception {
    Path user = Files.createDirectories(directory.toRealPath().resolve("carafe"));
    Files.createDirectories(user.resolve("providers"));
    places = new ManifestPlaces(user, directory.resolve("project"));
    Files.writeString(
        Files.createDirectories(user.resolve("recipes")).resolve("pi.yaml"),
        "base: base\nuser: me\nsteps: [{root: x}]\n");
  }

  private void file(String name, String keys) throws Exception {
    Files.writeString(places.providers().resolve(name + ".md"), "---\n" + keys + "---\nFor me.\n");
  }

  private Providers find(Provider... programmers) {
    return Providers.find(places, Map.of(), List.of(programmers).iterator());
  }

  @Test
  void threeAreBuiltIn() {
    assertThat(find().names()).containsExactly("claude", "codex", "shell");
  }

  @Test
  void aFileOfTheUsersIsAProvider() throws Exception {
    file("pi", PI);
    Provider pi = find().named("pi");
    assertThat(pi.name()).isEqualTo("pi");
    assertThat(pi.recipe().orElseThrow().user()).isEqualTo("me");
    assertThat(
            pi.program(Requests.NOTHING).headless(true, Optional.of("/p"), List.of("-v"), "do it"))
        .containsExactly(
            "pi",
            "--quiet",
            "-p",
            "--again",
            "--yes",
            "--append-system-prompt-file",
            "/p",
            "-v",
            "--",
            "do it");
    Provision provision = Requests.at(directory).of(pi);
    assertThat(provision.env()).containsExactly(Map.entry("PI_MODE", "plain"));
    assertThat(Requests.text(provision, "/home/node/.pi/config"))
        .isEqualTo("trust=/home/node/workspace home=/home/node");
    assertThat(Requests.text(provision, "/etc/pi")).isEmpty();
    assertThat(provision.routes().getFirst().route().host().text()).isEqualTo("models.example.com");
    assertThatThrownBy(() -> Requests.at(directory).settings(Map.of("a", 1L)).of(pi))
        .hasMessageContaining("the provider pi has no settings");
    assertThatThrownBy(() -> Requests.at(directory).forwarding().of(pi))
        .hasMessageContaining("has its credentials in its own routes");
  }

  @Test
  void aRepositoryBringsNone() throws Exception {
    Path repository = places.repository().resolve(".carafe/providers");
    Files.createDirectories(repository);
    Files.writeString(repository.resolve("evil.md"), "---\ncommand: [evil]\n---\n");
    assertThat(find().names()).doesNotContain("evil");
    assertThat(find().problems()).isEmpty();
  }

  @Test
  void noNameIsThereTwice() throws Exception {
    file("claude", "command: [mine]\n");
    file("lab", "command: [mine]\n");
    Providers found = find(new Lab("lab"), new Lab("shell"), new Lab("No Name"));
    assertThat(found.named("claude")).isInstanceOf(Claude.class);
    assertThat(found.named("lab")).isInstanceOf(Lab.class);
    assertThat(found.problems())
        .extracting(p -> p.toString().replaceAll(".*/providers/", ""))
        .containsExactlyInAnyOrder(
            "claude.md:1:1: this is not used: there is another provider 'claude' already; give the"
                + " file another name",
            "lab.md:1:1: this is not used: there is another provider 'lab' already; give the file"
                + " another name",
            "the class "
                + Lab.class.getName()
                + " is not used: there is another provider 'shell' already",
            "the class " + Lab.class.getName() + " is a provider without a name that can be one");
  }

  @Test
  void aClassThatCannotBeLoadedDoesNoHarmToOthers() {
    Providers found =
        Providers.find(
            places,
            Map.of(),
            new java.util.Iterator<>() {
              @Override
              public boolean hasNext() {
                throw new ServiceConfigurationError("lab.Missing not found");
              }

              @Override
              public Provider next() {
                throw new java.util.NoSuchElementException();
              }
            });
    assertThat(found.names()).contains("claude");
    assertThat(found.problems().getFirst().sentence())
        .isEqualTo("a provider's class cannot be loaded: lab.Missing not found");
  }

  @Test
  void oneThatThereIsNotIsAnsweredWithWhatThereIs() throws Exception {
    assertThatThrownBy(() -> find().named("cladue"))
        .isInstanceOf(ProviderException.class)
        .hasMessage("there is no provider 'cladue'; did you mean 'claude'?");
    assertThatThrownBy(() -> find().named("pi"))
        .hasMessage("there is no provider 'pi'; there are claude, codex, shell");
    file("broken", "comand: [x]\n");
    assertThatThrownBy(() -> find().named("broken"))
        .hasMessageContaining("broken.md:2:1: 'comand' is not a key here; did you mean 'command'?")
        .hasMessageContaining("a provider lacks 'command'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "command: [] | 'command' must have at least 1 in its list",
        "command: ['', a] | 'command' begins with the program",
        "command: [a]\\nprompt_mode: append | 'prompt_mode' must be",
        "command: [a]\\nheadless: {prompt: [-p]} | in 'prompt', exactly one argument must hold {prompt}",
        "command: [a]\\nfiles: {etc/x: y} | a file's path begins with ~/ or a slash",
        "command: [a]\\nfiles: {/etc/../x: y} | a file's path begins with ~/ or a slash",
        "command: [a]\\nfiles: {~/: y} | a file's path begins with ~/ or a slash",
        "command: [a]\\nenv: {A=B: y} | this cannot be the name of a variable",
        "command: [a]\\nimage: b\\nrecipe: ../recipes/pi.yaml | 'image' and 'recipe' exclude each other",
        "command: [a]\\nrecipe: none.yaml | this recipe cannot be used: the recipe",
        "command: [a]\\nrecipe: {base: b, user: U, steps: [{root: x}]} | a user's name has small letters",
        "command: [a]\\nenv: {A: ghp_16C7e42F292c6912E7710c838347Ae178B4a} | this looks like a secret itself",
        "command: [a]\\nroutes: [{host: '*'}] | '*' would allow every host",
        "command: [a]\\nauth_token: B | 'auth_token' belongs to bottles",
      })
  void mistakesAreSaid(String keys, String sentence) throws Exception {
    file("wrong", keys.replace("\\n", "\n") + "\n");
    assertThat(find().problems()).hasSizeGreaterThan(0);
    assertThat(find().problems().toString()).contains(sentence);
  }

  @Test
  void theExampleOfTheDocumentIsOneAndTheSchemaIsThere() throws Exception {
    String document = Files.readString(Path.of("../docs/providers.md"));
    int begin = document.indexOf("```yaml\n---\n") + 8;
    byte[] example =
        document.substring(begin, document.indexOf("```", begin)).getBytes(StandardCharsets.UTF_8);
    assertThat(ProviderFile.check(places.providers().resolve("example.md"), example, Map.of()))
        .isEmpty();
    assertThat(Files.readString(Path.of("../docs/provider.schema.json")))
        .as("make it anew: ./carafe manifest schema provider > docs/provider.schema.json")
        .isEqualTo(ProviderShape.schema());
  }

  /** A programmer's. */
  private record Lab(String name) implements Provider {
    @Override
    public Program program(AgentProvider declared) {
      return new Program(List.of("lab"), PromptMode.NONE, List.of(), List.of(), Optional.empty());
    }

    @Override
    public Optional<Recipe> recipe() {
      return Optional.empty();
    }

    @Override
    public Provision provision(ProvisionRequest request) {
      return Provision.none();
    }
  }
}
