package dev.carafe.bottle.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes out when bottles extend others, and when several are chosen at once. */
class MergeTest {
  private static final String REPO =
      "git-gate: {repos: {NAME: {url: 'ssh://git@example.com/NAME', key: {provider: static, path: /KEY}}}}";

  @TempDir Path directory;
  private Tree tree;

  @BeforeEach
  void plant() {
    tree = new Tree(directory);
  }

  private static List<String> hosts(EffectiveBottle bottle) {
    return bottle.egress().routes().stream().map(r -> r.route().host().text()).toList();
  }

  private static Map<String, String> env(EffectiveBottle bottle) {
    return bottle.env().entrySet().stream()
        .collect(
            java.util.stream.Collectors.toMap(
                Map.Entry::getKey, e -> ((EnvValue.Literal) e.getValue()).value()));
  }

  // One bottle over another.

  @Test
  void aChildWithoutKeysIsItsParent() throws Exception {
    tree.bottle("base", "env: {A: a}\negress: {log: 1, routes: [{host: a.example}]}");
    tree.bottle("child", "extends: base");
    EffectiveBottle child = tree.bottles("child");
    assertThat(env(child)).containsOnly(Map.entry("A", "a"));
    assertThat(hosts(child)).containsExactly("a.example");
    assertThat(child.egress().log()).contains(1);
    assertThat(child.lineages()).containsExactly(List.of("base", "child"));
  }

  @Test
  void variablesAreTakenTogetherAndTheChildWins() throws Exception {
    tree.bottle("base", "env: {A: a, B: b}");
    tree.bottle("child", "extends: base\nenv: {B: child, C: c}");
    assertThat(env(tree.bottles("child")))
        .containsOnly(Map.entry("A", "a"), Map.entry("B", "child"), Map.entry("C", "c"));
  }

  @Test
  void repositoriesAreReplacedAsAWhole() throws Exception {
    tree.bottle("base", REPO.replace("NAME", "one"));
    tree.bottle("child", "extends: base\n" + REPO.replace("NAME", "two"));
    assertThat(tree.bottles("child").repos()).extracting(GitRepo::name).containsExactly("two");
  }

  @Test
  void theGitUserIsLaidOverFieldByField() throws Exception {
    tree.bottle("base", "git-gate: {user: {name: Ada, email: ada@example.com}}");
    tree.bottle("child", "extends: base\ngit-gate: {user: {email: bot@example.com}}");
    assertThat(tree.bottles("child").gitUser()).hasToString("Ada <bot@example.com>");
  }

  @Test
  void egressIsReplacedAsAWhole() throws Exception {
    tree.bottle(
        "base", "egress: {log: 1, allow: [10.0.0.0/8], ca: x.pem, routes: [{host: a.example}]}");
    tree.bottle("child", "extends: base\negress: {routes: [{host: b.example}]}");
    EffectiveBottle child = tree.bottles("child");
    assertThat(hosts(child)).containsExactly("b.example");
    assertThat(child.egress().log()).isEmpty();
    assertThat(child.egress().allow()).isEmpty();
    assertThat(child.egress().authorities()).isEmpty();
  }

  @Test
  void theProviderIsReplacedAsAWhole() throws Exception {
    tree.bottle("base", "agent_provider: {template: claude, image: a, auth_token: T}");
    tree.bottle("child", "extends: base\nagent_provider: {template: codex}");
    AgentProvider provider = tree.bottles("child").provider().orElseThrow();
    assertThat(provider.template()).isEqualTo("codex");
    assertThat(provider.image()).isEmpty();
    assertThat(provider.authToken()).isEmpty();
  }

  @Test
  void whatIsDeclaredEmptyClears() throws Exception {
    tree.bottle(
        "base",
        "env: {A: a}\n"
            + "egress: {routes: [{host: a.example}]}\n"
            + REPO.replace("NAME", "one").replace("}}}}", "}}}, user: {name: Ada}}"));
    tree.bottle("child", "extends: base\nenv: {}\negress: {}\ngit-gate: {user: {}, repos: {}}");
    EffectiveBottle child = tree.bottles("child");
    assertThat(child.env()).isEmpty();
    assertThat(child.egress()).isEqualTo(EgressPolicy.NOTHING);
    assertThat(child.repos()).isEmpty();
    assertThat(child.gitUser()).isEqualTo(GitUser.NOBODY);
    tree.bottle("quiet", "extends: base\negress: {routes: []}");
    assertThat(hosts(tree.bottles("quiet"))).isEmpty();
  }

  // Several parents.

  @Test
  void ofSeveralParentsTheLaterWinsAndTheChildOverAll() throws Exception {
    tree.bottle("one", "env: {A: one, B: one, C: one}\nagent_provider: {template: claude}");
    tree.bottle("two", "env: {B: two, C: two}\nagent_provider: {template: codex}");
    tree.bottle("child", "extends: [one, two]\nenv: {C: child}");
    EffectiveBottle child = tree.bottles("child");
    assertThat(env(child))
        .containsOnly(Map.entry("A", "one"), Map.entry("B", "two"), Map.entry("C", "child"));
    assertThat(child.provider().orElseThrow().template()).isEqualTo("codex");
    assertThat(child.lineages()).containsExactly(List.of("one", "two", "child"));
  }

  @Test
  void theGitUsersOfParentsAreTakenTogetherFieldByField() throws Exception {
    tree.bottle("one", "git-gate: {user: {name: One, email: one@example.com}}");
    tree.bottle("two", "git-gate: {user: {name: Two}}");
    tree.bottle("child", "extends: [one, two]");
    assertThat(tree.bottles("child").gitUser()).hasToString("Two <one@example.com>");
  }

  @Test
  void theRepositoriesOfParentsAreUnitedAndLaterFieldsWin() throws Exception {
    tree.bottle("one", REPO.replace("NAME", "project").replace("KEY", "one"));
    tree.bottle(
        "two",
        "git-gate: {repos: {project: {key: {provider: static, path: /two}}, more: {url: 'ssh://git@example.com/more', key: {provider: static, path: /more}}}}");
    tree.bottle("child", "extends: [one, two]");
    assertThat(tree.bottles("child").repos())
        .extracting(repo -> repo.url() + " " + repo.key().words())
        .containsExactly(
            "ssh://git@example.com/project the key in /two",
            "ssh://git@example.com/more the key in /more");
  }

  @Test
  void theRoutesOfParentsAreOneListAndTheLaterLogWins() throws Exception {
    tree.bottle("one", "egress: {log: 1, allow: [10.0.0.0/8], routes: [{host: a.example}]}");
    tree.bottle("two", "egress: {log: 2, allow: [10.0.0.0/8], routes: [{host: b.example}]}");
    tree.bottle("three", "egress: {routes: [{host: c.example}]}");
    tree.bottle("child", "extends: [one, two, three]");
    EffectiveBottle child = tree.bottles("child");
    assertThat(hosts(child)).containsExactly("a.example", "b.example", "c.example");
    assertThat(child.egress().log()).contains(2);
    assertThat(child.egress().allow()).hasSize(1);
  }

  @Test
  void aDiamondIsPutTogetherOnce() throws Exception {
    tree.bottle("top", "egress: {routes: [{host: a.example}]}");
    tree.bottle("left", "extends: top\nenv: {L: l}");
    tree.bottle("right", "extends: top\nenv: {R: r}");
    tree.bottle("bottom", "extends: [left, right]");
    EffectiveBottle bottom = tree.bottles("bottom");
    assertThat(hosts(bottom)).containsExactly("a.example");
    assertThat(bottom.lineages()).containsExactly(List.of("top", "left", "right", "bottom"));
  }

  @Test
  void manyDiamondsCostNoMoreThanTheirNumber() throws Exception {
    tree.bottle("d0", "egress: {routes: [{host: a.example}]}");
    for (int i = 1; i < 10; i++) {
      tree.bottle("l" + i, "extends: d" + (i - 1));
      tree.bottle("r" + i, "extends: d" + (i - 1));
      tree.bottle("d" + i, "extends: [l" + i + ", r" + i + "]");
    }
    assertThat(tree.bottles("d9").lineages().getFirst()).hasSize(28);
  }

  @Test
  void aRouteThatTwoParentsDeclareAlikeIsOneAndOtherwiseAMistakeUnlessTheChildDecides()
      throws Exception {
    tree.bottle("one", "egress: {routes: [{host: a.example, matches: [{method: GET}]}]}");
    tree.bottle("same", "env: {}\negress: {routes: [{host: a.example, matches: [{method: GET}]}]}");
    tree.bottle("other", "egress: {routes: [{host: a.example}]}");
    tree.bottle("alike", "extends: [one, same]");
    assertThat(hosts(tree.bottles("alike"))).containsExactly("a.example");
    tree.bottle("decided", "extends: [one, other]\negress: {routes: [{host: a.example}]}");
    assertThat(hosts(tree.bottles("decided"))).containsExactly("a.example");
    assertThat(tree.problems()).isEmpty();
    tree.bottle("unclear", "extends: [one, other]");
    assertThat(tree.problems())
        .containsExactly(
            "unclear.md:2:16: the route to a.example is in one.md:2:26 and, with other content, in"
                + " other.md:2:26; make them the same, or say in a bottle that extends both what is"
                + " meant, by an 'egress' of its own");
  }

  // What cannot be put together.

  @Test
  void aCircleIsNamed() {
    tree.bottle("a", "extends: b");
    tree.bottle("b", "extends: [c]");
    tree.bottle("c", "extends: a");
    assertThat(tree.problems())
        .containsExactly(
            "c.md:2:10: these extend one another in a circle: a -> b -> c -> a; take one of them away");
    for (String name : List.of("a", "b", "c")) {
      assertThatThrownBy(() -> tree.bottles(name)).hasMessageContaining("a -> b -> c -> a");
    }
  }

  @Test
  void nothingExtendsItselfOrWhatIsNotThere() {
    tree.bottle("base", "extends: base");
    tree.bottle("child", "extends: [bsae, nowhere]");
    assertThat(tree.problems())
        .containsExactly(
            "base.md:2:10: 'base' cannot extend itself; take it away",
            "child.md:2:11: there is no bottle 'bsae' to extend; did you mean 'base'?",
            "child.md:2:17: there is no bottle 'nowhere' to extend; there are base");
  }

  @Test
  void aMistakeInAParentIsAMistakeOfTheChildAndSaidOnce() {
    tree.bottle("base", "evn: {}");
    tree.bottle("child", "extends: base");
    tree.bottle("good", "env: {A: a}");
    assertThat(tree.problems())
        .containsExactly("base.md:2:1: 'evn' is not a key here; did you mean 'env'?");
    assertThatThrownBy(() -> tree.bottles("child")).hasMessageContaining("base.md:2:1: 'evn'");
    assertThat(tree.index().bottles())
        .filteredOn(ManifestIndex.FoundBottle::usable)
        .extracting(ManifestIndex.FoundBottle::name)
        .containsExactly("good");
  }

  @Test
  void depthAndSizesHaveLimits() {
    tree.bottle("b0", "env: {}");
    for (int i = 1; i <= 20; i++) {
      tree.bottle("b" + i, "extends: b" + (i - 1));
    }
    assertThatThrownBy(() -> tree.bottles("b20"))
        .hasMessageContaining("more than 20 bottles extend one another in a row; extend fewer");
    assertThat(tree.problems()).singleElement().asString().startsWith("b20.md:2:10: ");
    StringBuilder many = new StringBuilder("env:");
    StringBuilder more = new StringBuilder("env:");
    for (int i = 0; i < 150; i++) {
      many.append("\n  A").append(i).append(": a");
      more.append("\n  B").append(i).append(": b");
    }
    tree.bottle("many", many.toString());
    tree.bottle("more", "extends: many\n" + more);
    assertThatThrownBy(() -> tree.bottles("more"))
        .hasMessageContaining("together these bottles have more than 200 variables in 'env'");
  }

  // Several bottles at once.

  @Test
  void bottlesThatAreChosenTogetherFollowTheSameRules() throws Exception {
    tree.bottle("base", "env: {A: base}");
    tree.bottle("one", "extends: base\negress: {log: 0, routes: [{host: a.example}]}");
    tree.bottle("two", "env: {A: two}\negress: {log: 1, routes: [{host: b.example}]}");
    EffectiveBottle both = tree.bottles("one", "two");
    assertThat(env(both)).containsOnly(Map.entry("A", "two"));
    assertThat(hosts(both)).containsExactly("a.example", "b.example");
    assertThat(both.egress().log()).contains(1);
    assertThat(both.names()).containsExactly("one", "two");
    assertThat(both.lineages()).containsExactly(List.of("base", "one"), List.of("two"));
    assertThat(env(tree.bottles("two", "one"))).containsOnly(Map.entry("A", "base"));
  }

  @Test
  void bottlesThatDoNotFitTogetherAreRefused() {
    tree.bottle("one", "egress: {routes: [{host: a.example, git: fetch}]}");
    tree.bottle("two", "egress: {routes: [{host: a.example}]}");
    assertThatThrownBy(() -> tree.bottles("one", "two"))
        .hasMessageStartingWith("the route to a.example is in ");
  }

  // The agent.

  @Test
  void theAgentsGitUserIsLaidOverTheBottles() throws Exception {
    tree.bottle("base", "git-gate: {user: {name: Ada, email: ada@example.com}}");
    tree.agent("bot", "bottle: base\ngit-gate: {user: {name: Bot}}");
    Manifest manifest = tree.load("bot");
    assertThat(manifest.gitUser()).hasToString("Bot <ada@example.com>");
    assertThat(manifest.bottle().gitUser()).hasToString("Ada <ada@example.com>");
  }
}
