package dev.carafe.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carafe.bottle.provision.Change;
import dev.carafe.bottle.provision.Pull;
import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.cli.Caller.Outcome;
import dev.carafe.image.ArchiveForm;
import dev.carafe.image.Home;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus.State;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands for bottles say what is the matter with one, and what to do, in words of bottles. */
class BottleVerbsTest {
  private static final String SLUG = "work-0a1b2";

  @TempDir Path directory;
  private Path home;
  private final Caller caller = Caller.carafe();

  @BeforeEach
  void plant() throws IOException {
    home = Files.createDirectories(directory.toRealPath().resolve("home"));
    caller.env.put("HOME", home.toString());
    caller.rooms.env = Map.of("HOME", home.toString());
    declare("bottles/plain", "agent_provider: {template: shell, image: base}");
    declare("agents/plain", "bottle: plain");
  }

  private void declare(String name, String keys) throws IOException {
    Path file = home.resolve(".config/carafe/" + name + ".md");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "---\n" + keys + "\n---\n");
  }

  private BottleStates states() {
    return BottleStates.of(Home.of(caller.rooms.env));
  }

  private HeldBottle held(String slug, String agent, Phase phase) throws IOException {
    return states()
        .create(
            new BottleRecord(
                slug,
                agent,
                List.of(),
                home,
                Optional.empty(),
                false,
                "work",
                "",
                "qemu",
                "shell",
                "base",
                Optional.empty(),
                2,
                2048,
                Instant.parse("2026-11-27T12:00:00Z"),
                phase,
                List.of()));
  }

  private void left(String slug, Phase phase) throws IOException {
    held(slug, "plain", phase).close();
  }

  private void machine() {
    caller
        .machines
        .running(SLUG)
        .update(MachineSpec.builder(SLUG).labels(Map.of("carafe.bottle", SLUG)).build());
    caller.machines.calls.clear();
  }

  private String frozen(String slug) throws IOException {
    String reference = "bottle-" + slug + ":1";
    Path root = Files.createDirectories(directory.resolve("root"));
    Files.writeString(root.resolve("file"), slug);
    ImageStore images = ImageStore.open(Home.of(caller.rooms.env));
    String digest = images.pull("dir:" + root, Progress.silent()).digest();
    Path archive = directory.resolve("archive.tar");
    images.exportArchive(digest, ArchiveForm.AS_KEPT, archive, Progress.silent());
    try (InputStream in = Files.newInputStream(archive)) {
      images.importArchive(in, reference, Progress.silent());
    }
    Files.delete(archive);
    states().freezeDone(slug, reference);
    return reference;
  }

  // ---- one that is being started ----

  @Test
  void allWhoWouldUseOneThatIsBeingStartedAreToldToWait() throws IOException {
    machine();
    try (HeldBottle held = held(SLUG, "plain", Phase.MAKING)) {
      String said =
          "Error: bottle 'work-0a1b2' is still being started; wait for that ('carafe logs"
              + " work-0a1b2' shows how far it is)\n";
      for (String[] call :
          new String[][] {
            {"attach", SLUG},
            {"exec", SLUG, "--", "echo"},
            {"cp", SLUG + ":/etc/hostname", directory.resolve("to").toString()},
            {"diff", SLUG},
            {"pull", SLUG},
            {"freeze", SLUG},
            {"resume", SLUG}
          }) {
        assertThat(caller.call(call)).isEqualTo(new Outcome(1, "", said));
      }
      assertThat(caller.call("list").out()).contains("starting");
      assertThat(held.record().phase()).isEqualTo(Phase.MAKING);
    }
    assertThat(caller.machines.calls).isEmpty();
  }

  // ---- one whose session ends ----

  @Test
  void whoUsesOneWhoseSessionEndsIsToldThatAndHowToGoOn() throws IOException {
    machine();
    try (HeldBottle held = held(SLUG, "plain", Phase.RESUMED)) {
      assertThat(caller.call("exec", SLUG, "--", "end"))
          .isEqualTo(
              new Outcome(
                  129,
                  "",
                  "Error: the session of 'work-0a1b2' has ended; 'carafe resume work-0a1b2' goes on"
                      + " with it\n"));
      caller.machines.machines.get(SLUG).state = State.RUNNING;
      held.update(held.record().at(Phase.READY));
      assertThat(caller.call("exec", "-it", SLUG, "--", "end"))
          .isEqualTo(
              new Outcome(
                  129,
                  "",
                  "Error: the session of 'work-0a1b2' has ended, and nothing of it was kept\n"));
    }
  }

  @Test
  void whatGoesWrongInABottleIsNotSaidInSmolvmsWords() throws IOException {
    machine();
    try (HeldBottle held = held(SLUG, "plain", Phase.READY)) {
      caller.machines.machines.get(SLUG).freezeFails = null;
      Outcome lost = caller.call("exec", SLUG, "--", "lose");
      assertThat(lost.exitCode()).isEqualTo(129);
      assertThat(lost.err()).isEqualTo("Error: run a command: the machine went away\n");
      assertThat(held.record().phase()).isEqualTo(Phase.READY);
    }
  }

  // ---- pull ----

  @Test
  void whatAPullLeavesIsAnErrorThatSaysWhatToDo() {
    Change conflict = new Change(Change.Kind.CHANGED, Path.of("NOTES"), true);
    Change link = new Change(Change.Kind.ADDED, Path.of("link"), false);
    Context context =
        new Context(Program.CARAFE, null, caller.terminal, caller.signals, Map.of(), caller.rooms);
    assertThat(
            PullVerb.left(
                List.of(conflict, link),
                new Pull.Result(List.of(link), List.of("'NOTES' has been changed here, too")),
                List.of(SLUG, "NOTES"),
                context))
        .isEqualTo(
            "1 file was left as here; 'carafe pull work-0a1b2 NOTES --force' also replaces what has"
                + " been changed here, too");
    assertThat(
            PullVerb.left(
                List.of(conflict, link),
                new Pull.Result(List.of(conflict), List.of("'link' is a link that leads out")),
                List.of(SLUG),
                context))
        .isEqualTo("1 file was left as here");
  }

  @Test
  void whoAsksWhereNobodyAnswersSaysWhatDoesWithoutAsking() {
    Outcome outcome = caller.input("").call("start", "plain", "--quiet");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .startsWith("Start 'plain'? [y/N] \nNobody answers here; --yes does it without asking.\n");
  }

  // ---- bottle rm ----

  @Test
  void severalAreRemovedAndTheImagesThatStayAreNamed() throws IOException {
    left(SLUG, Phase.ENDED);
    left("more-3c4d5", Phase.KEPT);
    frozen(SLUG);
    assertThat(caller.call("bottle", "rm", "-y", SLUG, "none-00000", "more-3c4d5"))
        .isEqualTo(
            new Outcome(
                1,
                """
                Removed: work-0a1b2
                Its images stay: bottle-work-0a1b2:1 ('carafe image rm bottle-work-0a1b2:1' removes them)
                Removed: more-3c4d5
                """,
                "Error: there is no bottle 'none-00000'; 'carafe list' shows those that there are\n"));
    assertThat(states().list().bottles()).isEmpty();
  }

  @Test
  void nothingIsRemovedBeforeSomebodyHasSaidYes() throws IOException {
    left(SLUG, Phase.KEPT);
    assertThat(caller.input("\n").call("bottle", "rm", SLUG, "none-00000"))
        .isEqualTo(
            new Outcome(
                1,
                "Cancelled\n",
                "Error: there is no bottle 'none-00000'; 'carafe list' shows those that there are\n"
                    + "Remove work-0a1b2? [y/N] "));
    assertThat(states().list().bottles()).hasSize(1);
    assertThat(caller.input("y\n").call("bottle", "rm", SLUG).out())
        .isEqualTo("Removed: work-0a1b2\n");
    assertThat(states().list().bottles()).isEmpty();
  }

  @Test
  void whatWasRemovedIsSaidAsJsonToo() throws IOException {
    left(SLUG, Phase.ENDED);
    frozen(SLUG);
    assertThat(caller.call("bottle", "rm", "--json", SLUG).out())
        .isEqualTo(
            """
            {
              "removed" : [
                {
                  "slug" : "work-0a1b2",
                  "imagesLeft" : [
                    "bottle-work-0a1b2:1"
                  ]
                }
              ]
            }
            """);
  }

  // ---- export, import ----

  @Test
  void anImportSaysAtOnceWhatThisComputerLacks() throws IOException {
    held(SLUG, "plain", Phase.ENDED).close();
    frozen(SLUG);
    String file = directory.resolve("work.bottle").toString();
    assertThat(caller.call("bottle", "export", "-q", SLUG, "-o", file).exitCode()).isZero();
    caller.call("bottle", "rm", "-y", SLUG);
    assertThat(caller.call("bottle", "import", "-q", file))
        .isEqualTo(
            new Outcome(0, "Imported: work-0a1b2\nTo go on: carafe resume work-0a1b2\n", ""));
    caller.call("bottle", "rm", "-y", SLUG);
    Files.delete(home.resolve(".config/carafe/agents/plain.md"));
    ImageStore.open(Home.of(caller.rooms.env));
    Outcome outcome = caller.call("bottle", "import", "-q", file);
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.err())
        .isEqualTo(
            """
            Before that, this computer needs what it is declared by:
              there is no agent 'plain'; there are no agents yet; 'carafe init' makes a first pair
            Write the files of agent 'plain' and its bottle, or begin with 'carafe init plain'; \
            'carafe edit' opens them.
            """);
  }

  // ---- JSON ----

  @Test
  void theListNamesTheBottlesThatAreReallyUsed() throws IOException {
    left(SLUG, Phase.KEPT);
    assertThat(caller.call("list", "--json").out()).contains("\"bottles\" : [\n      \"plain\"");
    Files.delete(home.resolve(".config/carafe/agents/plain.md"));
    assertThat(caller.call("list", "--json").out()).contains("\"bottles\" : [ ]");
  }

  @Test
  void aDryRunThatFailsIsJsonToo() throws IOException {
    declare("agents/poor", "bottle: plain\nskills: [nowhere]");
    Outcome outcome = caller.call("start", "poor", "--dry-run", "--json");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out())
        .startsWith("{\n  \"valid\" : false,\n  \"problems\" : [")
        .contains("\"sentence\" : \"the agent 'poor' has the skill 'nowhere', which is in none of");
    assertThat(outcome.err()).startsWith("Error: agent 'poor' cannot be started:\n");
    assertThat(caller.call("start", "none", "--dry-run", "--json").out())
        .contains("\"valid\" : false", "there is no agent 'none'");
  }

  @Test
  void thePlanNamesThePortsOfARoute() throws IOException {
    declare(
        "bottles/web",
        "agent_provider: {template: shell, image: base}\n"
            + "egress: {routes: [{host: one.example.com}, {host: two.example.com, port: 8443}]}");
    declare("agents/web", "bottle: web");
    Outcome outcome = caller.call("start", "web", "--dry-run", "--json");
    assertThat(outcome.out())
        .startsWith("{\n  \"valid\" : true,")
        .contains(
            "\"ports\" : [\n        443,\n        80\n      ]", "\"ports\" : [\n        8443");
  }

  // ---- nobody was named ----

  @Test
  void withoutANameAndATerminalItIsSaidWhichThereAre() throws IOException {
    caller.env.put("TERM", "dumb");
    assertThat(caller.call("resume").err())
        .isEqualTo(
            "Error: no bottle was named, and there is none to choose; 'carafe list' shows all\n");
    left(SLUG, Phase.KEPT);
    String said =
        "Error: no bottle was named, and there is no terminal to ask on; name one of work-0a1b2\n";
    assertThat(caller.call("resume").err()).isEqualTo(said);
    assertThat(caller.call("logs").err()).isEqualTo(said);
    assertThat(caller.call("bottle", "rm").err()).isEqualTo(said);
    assertThat(caller.call("attach").err()).contains("there is none to choose");
    assertThat(caller.call("freeze").err()).contains("there is none to choose");
    assertThat(caller.call("edit").err()).contains("name an agent or a bottle: carafe edit NAME");
  }

  @Test
  void aBadLabelIsAnErrorOfTheCommandLine() {
    assertThat(caller.call("start", "plain", "--label", " ", "--dry-run"))
        .isEqualTo(
            new Outcome(
                2,
                "",
                "error: a label has 1 to 60 characters, without control characters and others that"
                    + " cannot be seen\n"));
  }

  // ---- agents that cannot start ----

  @Test
  void agentsThatCannotStartAreMarkedAndNotHidden() throws IOException {
    declare("agents/lost", "bottle: gone");
    declare("bottles/odd", "agent_provider: {template: shel}");
    declare("agents/odd", "bottle: odd");
    declare("agents/poor", "bottle: plain\nskills: [nowhere]");
    declare("agents/alone", "skills: []");
    String there = caller.call("list", "available", "--directory", home.toString()).out();
    assertThat(there.lines().toList())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .startsWith("alone  (cannot start: the agent 'alone' names no bottle"),
            line -> assertThat(line).startsWith("lost  (cannot start: there is no bottle 'gone'"),
            line ->
                assertThat(line)
                    .startsWith("odd  (cannot start: there is no provider 'shel'; did you mean"),
            line -> assertThat(line).isEqualTo("plain"),
            line ->
                assertThat(line)
                    .startsWith("poor  (cannot start: the agent 'poor' has the skill 'nowhere'"));
    Outcome info = caller.call("info", "--directory", home.toString());
    assertThat(info.out())
        .containsPattern("agent +alone +cannot start ")
        .containsPattern("agent +lost +cannot start ")
        .containsPattern("agent +odd +cannot start ")
        .containsPattern("agent +plain +ok ")
        .containsPattern("agent +poor +cannot start ")
        .containsPattern("bottle +odd +cannot start ");
    assertThat(info.err())
        .contains("Note: agent 'poor' cannot start: the agent 'poor' has the skill 'nowhere'")
        .contains("agents/lost.md:2:9: there is no bottle 'gone'")
        .doesNotContain("Note: agent 'lost'")
        .endsWith("Error: 1 mistake\n");
    assertThat(caller.call("info", "--directory", home.toString(), "--json").out())
        .contains("\"starts\" : false", "\"starts\" : true", "\"lacks\" : [");
  }
}
