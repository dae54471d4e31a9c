package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.carafe.bottle.Bottle;
import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.BottleSpec;
import dev.carafe.bottle.Carafe;
import dev.carafe.bottle.Plan;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates.Found;
import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is left of a bottle, and what can be done with it, when its launch or its session is killed,
 * interrupted, fails, or is in somebody's way.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LaunchTest {
  /** What the worker says; its command, which the plan shows, does not have these words. */
  private static final String AT_WORK = "at 42";

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Asks the sidecar for what it refuses, and prints what it answers. */
  private static final String WAY_OUT =
      "bash -c 'exec 3<>/dev/tcp/10.91.0.1/9099 && printf \"CONNECT other.example:443 HTTP/1.1\\r\\n"
          + "Host: other.example:443\\r\\n\\r\\n\" >&3 && head -c 12 <&3'";

  @TempDir static Path directory;

  private static Map<String, String> environment;
  private static Path config;
  private static Path project;
  private static Carafe carafe;
  private static List<String> before;

  @BeforeAll
  static void make() throws Exception {
    environment = new HashMap<>(Lab.environment());
    environment.put("XDG_CONFIG_HOME", directory.resolve("config").toString());
    environment.put("XDG_STATE_HOME", directory.resolve("state").toString());
    config = Home.of(environment).config();
    Path recipe = Files.createDirectories(config).resolve("user.yaml");
    Files.writeString(
        recipe, "base: base\nuser: node\nsteps:\n  - root: useradd -m -u 1000 -s /bin/bash node\n");
    declare("plain", "recipe: " + recipe, "env: {GREETING: hello}");
    declare(
        "worker",
        "recipe: "
            + recipe
            + ", settings: {command: [sh, -c, 'echo at $((40 + 2)); exec sleep 1000']}",
        "");
    project = Files.createDirectory(directory.resolve("project"));
    Files.writeString(project.resolve("NOTES"), "an idea\n");
    carafe = Carafe.open(environment, what -> System.out.println("· " + what), note -> {});
    carafe.image(carafe.prepare(spec("plain")));
    // All that is made once is there when the host is first looked at.
    carafe.launch(carafe.prepare(spec("plain"))).close();
    before = Lab.traces();
  }

  @AfterAll
  static void end() {
    carafe.close();
  }

  @AfterEach
  void nothingIsLeftForTheNext() throws IOException {
    try {
      nothingIsLeft();
    } finally {
      cleanUp();
      for (Found found : carafe.list().bottles()) {
        carafe.remove(found.record().slug());
      }
    }
  }

  private static void nothingIsLeft() throws IOException {
    assertThat(Lab.traces()).isEqualTo(before);
    assertThat(bottleDirectories()).isEmpty();
    assertThat(carafe.leftovers()).isEmpty();
  }

  /** An agent of the provider {@code shell} in a bottle of its own. */
  private static void declare(String name, String provider, String more) throws IOException {
    Path bottles = Files.createDirectories(config.resolve("bottles"));
    Path agents = Files.createDirectories(config.resolve("agents"));
    Files.writeString(
        bottles.resolve(name + ".md"),
        "---\nagent_provider: {template: shell, " + provider + "}\n" + more + "\n---\n");
    Files.writeString(agents.resolve(name + ".md"), "---\nbottle: " + name + "\n---\n");
  }

  private static BottleSpec spec(String agent) {
    return LaunchChild.spec(agent);
  }

  private static BottleSpec inProject() {
    return spec("plain").withWorkspace(project, false);
  }

  private static Bottle launched(BottleSpec spec) {
    return carafe.launch(carafe.prepare(spec));
  }

  private static List<Path> bottleDirectories() throws IOException {
    Path bottles = Home.of(environment).state().resolve("bottles");
    if (!Files.exists(bottles)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(bottles)) {
      return all.filter(Files::isDirectory).toList();
    }
  }

  private static void cleanUp() {
    for (Leftover leftover : carafe.leftovers()) {
      leftover.removal().run();
    }
  }

  private static Found only() {
    List<Found> all = carafe.list().bottles();
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static Process start(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(Lab.launcher().toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** Reads until a line has this in it. */
  private static void until(BufferedReader lines, String text) throws IOException {
    StringBuilder seen = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      seen.append(line).append('\n');
      if (line.contains(text)) {
        return;
      }
    }
    throw new AssertionError("'" + text + "' was not said, but:\n" + seen);
  }

  private static void signal(Process process, String name) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  private static String rest(BufferedReader lines) throws IOException {
    return String.join("\n", lines.lines().toList());
  }

  // ---- the handle ----

  @Test
  void aBottleDoesWhatItIsToldAsAnOrdinaryUserAndLeavesNothing() throws Exception {
    Path file = Files.writeString(directory.resolve("given"), "given\n");
    Bottle bottle = launched(inProject());
    try (bottle) {
      assertThat(carafe.leftovers()).as("a live bottle is no leftover").isEmpty();
      assertThat(bottle.exec("echo $HOME $USER $(id -un) $GREETING").out())
          .isEqualTo("/home/node node node hello\n");
      assertThat(bottle.exec("pwd; cat NOTES").out()).isEqualTo(Bottle.WORKSPACE + "\nan idea\n");
      assertThat(bottle.exec("exit 7").exitCode()).isEqualTo(7);
      assertThat(bottle.exec("id -un; echo $GREETING", "root").out()).isEqualTo("root\nhello\n");
      bottle.copyIn(file, Bottle.WORKSPACE + "/given");
      assertThat(bottle.exec("stat -c %U NOTES given .").out()).isEqualTo("node\nnode\nnode\n");
      bottle.copyOut(Bottle.WORKSPACE + "/given", directory.resolve("back"));
      assertThat(directory.resolve("back")).hasContent("given");
      assertThat(bottle.execAgent(List.of("-c", "exit 3"), false)).isEqualTo(3);
      assertThat(bottle.agentArgv(List.of("-c", "true"), true))
          .containsExactly("carafe", "exec", "--agent", "-it", bottle.name(), "--", "-c", "true");
    }
    bottle.close();
    assertThat(project.resolve("given")).doesNotExist();
  }

  @Test
  void twoLaunchesOfOnePlannedLabelAtOnceGetLabelsOfTheirOwn() throws Exception {
    Plan first = carafe.prepare(spec("plain"));
    Plan second = carafe.prepare(spec("plain"));
    assertThat(second.label()).isEqualTo(first.label());
    List<Object> ended =
        atOnce(() -> carafe.launch(first), () -> carafe.launch(second)).stream().toList();
    assertThat(ended).allMatch(Bottle.class::isInstance);
    assertThat(ended.stream().map(each -> ((Bottle) each).label()))
        .containsExactlyInAnyOrder("plain", "plain-2");
    ended.forEach(each -> ((Bottle) each).close());
  }

  /** What comes of both: a result, or what was thrown. */
  private static List<Object> atOnce(Callable<?> one, Callable<?> other) throws Exception {
    List<Object> ended = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<?> each : List.of(threads.submit(one), threads.submit(other))) {
        try {
          ended.add(each.get());
        } catch (ExecutionException e) {
          ended.add(e.getCause());
        }
      }
    }
    return ended;
  }

  // ---- killed ----

  @Test
  void whateverStepALaunchIsKilledAtWhatItLeavesIsFoundAndRemoved() throws Exception {
    for (String step :
        List.of(
            "Getting the image",
            "Making the machine",
            "Starting the machine",
            "Setting it up",
            "Copying ",
            "Setting the author")) {
      Process child = LaunchChild.start(environment, List.of(), "step", project.toString(), step);
      try (BufferedReader lines = child.inputReader()) {
        until(lines, LaunchChild.WAITING);
        assertThat(only().live()).as(step).isTrue();
        assertThat(carafe.leftovers()).as("it is at work").isEmpty();
      } finally {
        child.destroyForcibly().waitFor();
      }
      Found left = only();
      assertThat(left.live()).as(step).isFalse();
      assertThat(left.record().phase()).as(step).isEqualTo(Phase.MAKING);
      assertThat(carafe.leftovers()).as(step).hasSize(1);
      cleanUp();
      nothingIsLeft();
    }
  }

  @Test
  void aLaunchThatWasKilledBeforeItWasReadyBeginsAnewWhenItIsResumed() throws Exception {
    Process child =
        LaunchChild.start(environment, List.of(), "step", project.toString(), "Copying");
    try (BufferedReader lines = child.inputReader()) {
      until(lines, LaunchChild.WAITING);
    } finally {
      child.destroyForcibly().waitFor();
    }
    String slug = only().record().slug();
    Plan plan = carafe.prepareResume(slug, true);
    assertThat(plan.beginning()).isEqualTo(Plan.Beginning.NEW);
    try (Bottle bottle = carafe.launch(plan)) {
      assertThat(bottle.name()).isEqualTo(slug);
      assertThat(bottle.exec("cat NOTES").out()).isEqualTo("an idea\n");
    }
  }

  @Test
  void aKilledSessionHasNoWayOutAndIsResumedByOneOfTwoWithAllThatWasInIt() throws Exception {
    Process child =
        LaunchChild.start(environment, List.of(), "step", project.toString(), "no step");
    try (BufferedReader lines = child.inputReader()) {
      until(lines, LaunchChild.WAITING);
    } finally {
      child.destroyForcibly().waitFor();
    }
    String slug = only().record().slug();
    Program list = Program.carafe(environment, "list");
    assertThat(list.out()).containsPattern(slug + " +plain +crashed");
    Bottle orphan = carafe.attach(slug);
    assertThat(orphan.exec(WAY_OUT).out()).as("nobody answers").isEmpty();
    Plan first = carafe.prepareResume(slug, true);
    Plan second = carafe.prepareResume(slug, true);
    List<Object> ended = atOnce(() -> carafe.launch(first), () -> carafe.launch(second));
    assertThat(ended)
        .filteredOn(BottleException.class::isInstance)
        .singleElement()
        .satisfies(
            refused -> assertThat((BottleException) refused).hasMessageContaining("somebody else"));
    Bottle bottle =
        ended.stream()
            .filter(Bottle.class::isInstance)
            .map(Bottle.class::cast)
            .findFirst()
            .orElseThrow();
    try (bottle) {
      assertThat(bottle.exec("cat NOTES made").out()).isEqualTo("an idea\nwritten\n");
      assertThat(bottle.exec(WAY_OUT).out()).isEqualTo("HTTP/1.1 403");
      assertThatThrownBy(() -> carafe.prepareResume(slug, true))
          .hasMessageContaining("is running; 'carafe attach " + slug + "'");
      assertThatThrownBy(() -> carafe.remove(slug)).hasMessageContaining("is running");
    }
    assertThat(only().record().phase()).as("nobody has said that it may go").isEqualTo(Phase.KEPT);
    carafe.remove(slug);
  }

  // ---- interrupted ----

  @Test
  void anInterruptWhileTheImageIsMadeUndoesTheLaunch() throws Exception {
    Path recipe = config.resolve("slow.yaml");
    Files.writeString(recipe, "base: base\nuser: node\nsteps:\n  - root: sleep 1000\n");
    declare("slow", "recipe: " + recipe, "");
    for (String signal : List.of("INT", "TERM")) {
      Process process = start("start", "slow", "--yes");
      try (BufferedReader errors = process.errorReader()) {
        until(errors, "step 1 of 1");
        signal(process, signal);
        assertThat(rest(errors)).contains("was not started").doesNotContain("Exception");
        assertThat(process.waitFor()).isEqualTo(signal.equals("INT") ? 130 : 143);
      }
      nothingIsLeft();
    }
  }

  @Test
  void anInterruptWhileTheMachineIsSetUpUndoesTheLaunch() throws Exception {
    Process process = start("start", "worker", "--yes", "--mem", "2048");
    try (BufferedReader errors = process.errorReader()) {
      until(errors, "Starting the machine");
      signal(process, "INT");
      rest(errors);
      assertThat(process.waitFor()).isEqualTo(130);
    }
  }

  @Test
  void anInterruptDuringTheSessionEndsItAndLeavesNothing() throws Exception {
    Process process = start("start", "worker", "--yes", "--quiet", "--mem", "2048");
    try (BufferedReader lines = process.inputReader()) {
      until(lines, AT_WORK);
      signal(process, "TERM");
      assertThat(process.waitFor()).isEqualTo(143);
    }
  }

  @Test
  void aTerminalThatGoesAwayEndsTheSessionAndTheWorkIsKept(@TempDir Path socket) throws Exception {
    List<String> command = new ArrayList<>(List.of("env"));
    for (String name : List.of("XDG_CONFIG_HOME", "XDG_STATE_HOME")) {
      command.add(name + "=" + environment.get(name));
    }
    command.addAll(List.of(Lab.launcher().toString(), "start", "worker", "--yes", "--mem", "2048"));
    try (Screen screen = new Screen(socket, 80, 24, command)) {
      screen.until(AT_WORK, PATIENCE);
    }
    await().atMost(PATIENCE).until(() -> !only().live());
    assertThat(only().record().phase()).isEqualTo(Phase.KEPT);
    assertThat(carafe.leftovers()).isEmpty();
    carafe.remove(only().record().slug());
  }

  // ---- frozen ----

  @Test
  void itIsFrozenOnceAtATimeAndItsEndWaitsForThat() throws Exception {
    Bottle bottle = launched(inProject());
    String slug = bottle.name();
    CountDownLatch freezing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Progress held =
        what -> {
          freezing.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    bottle.exec("echo one > made");
    // As the distribution's own tool does, at a hundredth of the cost.
    assertThat(
            bottle.exec(
                """
                cat /etc/carafe/ca.crt >>/etc/ssl/certs/ca-certificates.crt
                ln -s /usr/local/share/ca-certificates/carafe.crt /etc/ssl/certs/carafe.pem
                ln -s carafe.pem /etc/ssl/certs/6ea7da84.1
                """,
                "root"))
        .satisfies(made -> assertThat(made.exitCode()).isZero());
    String first = bottle.freeze(Progress.silent());
    bottle.exec("echo two > made");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> second = threads.submit(() -> bottle.freeze(held));
      freezing.await();
      assertThatThrownBy(() -> carafe.attach(slug).freeze(Progress.silent()))
          .isInstanceOf(BottleException.class)
          .hasMessageContaining("being frozen");
      Future<?> end = threads.submit(bottle::close);
      goOn.countDown();
      assertThat(second.get()).isNotEqualTo(first);
      end.get();
      assertThat(only().frozen()).contains(second.get());
      assertThat(only().record().phase()).isEqualTo(Phase.ENDED);
    }
    assertThat(carafe.leftovers()).isEmpty();
    assertThat(certificates(only().frozen().orElseThrow()))
        .startsWith("none of ours\n")
        .isEqualTo(certificates(only().record().image()));
    Plan plan = carafe.prepareResume(slug, true);
    assertThat(plan.beginning()).isEqualTo(Plan.Beginning.FROZEN);
    try (Bottle again = carafe.launch(plan)) {
      assertThat(again.exec("cat NOTES made").out()).isEqualTo("an idea\ntwo\n");
      assertThat(again.exec("ls /etc/carafe/ca.crt", "root").exitCode()).isZero();
    }
    assertThat(only().frozen()).as("it stays frozen").isPresent();
    carafe.remove(slug);
  }

  /** What is left of the sidecar's certificate in an image, compared with what it began with. */
  private static String certificates(String image) {
    String look =
        """
        ls -d /etc/carafe /usr/local/share/ca-certificates/carafe.crt /etc/ssl/certs/6ea7da84.0
        grep -rl carafe /etc/ssl || echo none of ours
        ls /etc/ssl/certs/carafe.pem /etc/ssl/certs/6ea7da84.1
        cksum </etc/ssl/certs/ca-certificates.crt
        """;
    try (Machines machines = Machines.open(Home.of(environment), what -> {})) {
      Machine machine =
          machines.create(
              MachineSpec.builder(MachineSpec.randomName()).image(image).ephemeral(true).build());
      try {
        machine.start();
        return machine.run(ExecSpec.shell(look)).out();
      } finally {
        machine.delete();
      }
    }
  }

  // ---- what is missing, full or unreadable ----

  @Test
  void aFullDiskIsSaidAndNothingIsHalfMade() throws Exception {
    Path state = Files.createDirectory(directory.resolve("full"));
    Map<String, String> elsewhere = new HashMap<>(environment);
    elsewhere.put("XDG_STATE_HOME", state.toString());
    List<String> images = imageNames();
    Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Object gid = Files.getAttribute(Path.of("/proc/self"), "unix:gid");
    String mount = "mount -t tmpfs -o size=1m none " + state + " && exec ";
    List<String> apart = new ArrayList<>(List.of("unshare", "--mount"));
    if (uid.equals(0)) {
      apart.addAll(List.of("sh", "-c", mount + "\"$@\"", "sh"));
    } else {
      // To mount it takes a root of one's own; the rest is done by the user that it is.
      String back = "unshare --user --map-user=" + uid + " --map-group=" + gid + " \"$@\"";
      apart.addAll(List.of("--user", "--map-root-user", "sh", "-c", mount + back, "sh"));
    }
    Process child = LaunchChild.start(elsewhere, apart, "full");
    try (BufferedReader lines = child.inputReader()) {
      String said = rest(lines);
      assertThat(said)
          .containsPattern("bottle 'plain-.*' was not started.* failed: .*No space left on device")
          .contains("bottles: 0\ndamaged: 0\n")
          .containsPattern("bottle 'plain-.*' was not frozen: .*No space left on device")
          .contains("still at work")
          .endsWith("bottles: 0");
      assertThat(child.waitFor()).isZero();
    }
    assertThat(imageNames()).isEqualTo(images);
  }

  private static List<String> imageNames() {
    return ImageStore.open(Home.of(environment)).list().stream()
        .map(Image::names)
        .flatMap(List::stream)
        .sorted()
        .toList();
  }

  @Test
  void anImageWithoutTheUserIsRefusedBeforeAnythingIsMade() {
    assertThatThrownBy(() -> carafe.prepare(spec("plain").withImage("base")))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("'base' has no user 'node'")
        .hasMessageContaining("useradd");
  }

  @Test
  void anImageWithoutAShellIsNamedWithWhatItLacks() throws Exception {
    Path root = Files.createDirectories(directory.resolve("empty/etc")).getParent();
    Files.writeString(root.resolve("etc/passwd"), "node:x:1000:1000::/home/node:/bin/sh\n");
    assertThatThrownBy(() -> launched(spec("plain").withImage("dir:" + root)))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("was not started")
        .hasMessageContaining("/bin/sh: command not found; its image needs sh, ")
        .hasMessageContaining("Undone: ");
    // By now it is in the store, and known for what it is.
    String digest =
        ImageStore.open(Home.of(environment)).find("dir:" + root).orElseThrow().digest();
    assertThatThrownBy(() -> carafe.prepare(spec("plain").withImage(digest)))
        .hasMessageContaining("has no shell at /bin/sh")
        .hasMessageNotContaining("no user");
  }

  @Test
  void aStepThatFailsIsNamedWithWhatWasUndone() throws Exception {
    Path gone = Files.createDirectory(directory.resolve("gone"));
    Plan plan = carafe.prepare(spec("plain").withWorkspace(gone, false));
    Files.delete(gone);
    assertThatThrownBy(() -> carafe.launch(plan))
        .isInstanceOf(BottleException.class)
        .hasMessageContaining("Copying " + gone + " failed: ")
        .hasMessageContaining(
            "Undone: its way out was closed; its machine was removed; its state was removed.")
        .hasMessageContaining("start it again")
        .hasMessageNotContaining("..");
  }

  @Test
  void aRecipeThatFailsEndsTheCommandWithASentence() throws Exception {
    Path recipe = config.resolve("failing.yaml");
    Files.writeString(
        recipe, "base: base\nuser: node\nsteps:\n  - root: echo it does not work >&2; exit 9\n");
    declare("failing", "recipe: " + recipe, "");
    Program program = Program.carafe(environment, "start", "failing", "--yes", "--quiet");
    assertThat(program.exitCode()).isEqualTo(1);
    assertThat(program.stderr())
        .contains("step 1 of 1", "ended with 9", "it does not work", "Undone: ")
        .doesNotContain("Exception", "\tat ");
  }

  @Test
  void aPlanThatIsOnlyShownLeavesNothing() throws Exception {
    Program program =
        Program.carafe(environment, "start", "plain", "--cwd", project.toString(), "--dry-run");
    assertThat(program.exitCode()).as(program.stderr()).isZero();
    assertThat(program.out()).contains("Agent:       plain", "made already");
  }

  @Test
  void theStateOfABottleIsTheUsersAlone() throws Exception {
    try (Bottle bottle = launched(spec("plain"))) {
      Path state = bottleDirectories().getFirst();
      assertThat(state).hasFileName(bottle.name());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state)))
          .isEqualTo("rwx------");
    }
  }
}
