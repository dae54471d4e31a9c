package dev.carafe.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real launcher in a small checkout of its own, with JDKs that print what they are given and a
 * Maven that only says it was there.
 */
class LauncherTest {
  private static final String AGENT =
      "mkdir -p guest/target/agent; echo x >guest/target/agent/carafe-agent";

  @TempDir Path temporary;

  private Path checkout;
  private Path programs;
  private Path jvms;
  private final Map<String, String> env = new HashMap<>();

  @BeforeEach
  void makeCheckout() throws IOException {
    Path repository = Path.of("").toAbsolutePath().getParent();
    checkout = Files.createDirectory(temporary.resolve("checkout"));
    programs = Files.createDirectory(temporary.resolve("programs"));
    jvms = Files.createDirectory(temporary.resolve("jvms"));
    Files.copy(repository.resolve("carafe"), checkout.resolve("carafe"));
    Files.createDirectory(checkout.resolve("setup"));
    try (var files = Files.list(repository.resolve("setup"))) {
      for (Path file : files.toList()) {
        Files.copy(file, checkout.resolve("setup").resolve(file.getFileName()));
      }
    }
    Files.writeString(checkout.resolve("setup/requirements"), "sh dash runs this test\n");
    for (String directory : List.of("cli/src/main", "cli/picocli", "guest/src")) {
      Files.createDirectories(checkout.resolve(directory));
    }
    for (String file :
        List.of("guest/pom.xml", "cli/pom.xml", "cli/picocli/pom.xml", "guest/Makefile")) {
      Files.writeString(checkout.resolve(file), "");
    }
    Files.writeString(
        checkout.resolve("pom.xml"),
        """
        <modules>
          <module>guest</module>
          <module>cli/picocli</module>
          <module>cli</module>
        </modules>
        """);
    age(checkout);
    program(
        "mvn",
        "echo called >>mvn.log",
        "mkdir -p cli/target/app",
        "echo >cli/target/app/a.jar",
        "echo >cli/target/cli-1.jar",
        AGENT);
    env.put("PATH", programs + ":/usr/bin:/bin");
    env.put("HOME", temporary.toString());
    env.put("LANG", "C.UTF-8");
    env.put("CARAFE_JVM_DIRECTORY", jvms.toString());
  }

  @Test
  void theJdkItIsToldOfComesFirst() throws IOException {
    env.put("CARAFE_JAVA_HOME", jdk("told", "25.0.1").toString());
    env.put("JAVA_HOME", jdk("home", "26").toString());

    assertThat(run().out()).startsWith("jdk told\n");
  }

  @Test
  void aJdkItIsToldOfThatIsTooOldIsRefused() throws IOException {
    env.put("CARAFE_JAVA_HOME", jdk("told", "17.0.9").toString());
    jdk("jvms/new", "25");

    Outcome outcome = run();

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err())
        .isEqualTo(
            "carafe: CARAFE_JAVA_HOME is "
                + temporary.resolve("told")
                + ", where there is no JDK of version 25 or newer.\n");
  }

  @Test
  void javaHomeComesBeforeThePath() throws IOException {
    env.put("JAVA_HOME", jdk("home", "25").toString());
    onPath(jdk("path", "25"));

    assertThat(run().out()).startsWith("jdk home\n");
  }

  @Test
  void aJavaHomeThatIsTooOldIsPassedOver() throws IOException {
    env.put("JAVA_HOME", jdk("home", "1.8.0_400").toString());
    onPath(jdk("path", "25"));

    assertThat(run().out()).startsWith("jdk path\n");
  }

  @Test
  void aJavaOnThePathThatIsTooOldIsPassedOver() throws IOException {
    onPath(jdk("path", "17.0.9"));
    jdk("jvms/a-old", "21");
    jdk("jvms/b-new", "25.0.3");

    assertThat(run().out()).startsWith("jdk b-new\n");
  }

  @Test
  void aRuntimeWithoutCompilerIsPassedOver() throws IOException {
    Files.delete(jdk("jvms/a-runtime", "25").resolve("bin/javac"));
    jdk("jvms/b-jdk", "25");

    assertThat(run().out()).startsWith("jdk b-jdk\n");
  }

  @Test
  void aJdkWithoutReleaseFileIsAsked() throws IOException {
    Files.delete(jdk("jvms/a-old", "21").resolve("release"));
    Files.delete(jdk("jvms/b-new", "27-ea").resolve("release"));

    assertThat(run().out()).startsWith("jdk b-new\n");
  }

  @Test
  void withoutAnyJdkItSaysWhatToInstall() throws IOException {
    onPath(jdk("path", "17.0.9"));

    Outcome outcome = run();

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .startsWith("carafe: there is no JDK of version 25 or newer here")
        .contains("CARAFE_JAVA_HOME")
        .hasLineCount(1);
  }

  @Test
  void theNameOfALinkIsTheNameOfTheProgram() throws IOException {
    jdk("jvms/jdk", "25");
    Path first = Files.createSymbolicLink(temporary.resolve("other"), checkout.resolve("carafe"));
    Path link = Files.createSymbolicLink(programs.resolve("smolvm"), first);

    assertThat(run(link.toString()).out()).contains("\n-Dcarafe.program=smolvm\n");
    assertThat(run("smolvm").out()).contains("\n-Dcarafe.program=smolvm\n");
    assertThat(run().out()).contains("\n-Dcarafe.program=carafe\n");
  }

  @Test
  void argumentsArriveAsTheyAre() throws IOException {
    jdk("jvms/jdk", "25");

    assertThat(run(checkout + "/carafe", "a b", "", "*", "$HOME", "--", "-x", "é\nz").out())
        .endsWith("dev.carafe.cli.Main\na b\n\n*\n$HOME\n--\n-x\né\nz\n");
  }

  @Test
  void theJvmAlwaysHasALocaleThatKeepsNamesWholeAndTheUsersIsKeptAside() throws IOException {
    jdk("jvms/jdk", "25");

    env.put("LANG", "en_US.UTF-8");
    assertThat(run().out()).contains("\nLC_ALL=C.UTF-8 CARAFE_LC_ALL=\n");
    env.put("LC_ALL", "de_DE.UTF-8");
    assertThat(run().out()).contains("\nLC_ALL=C.UTF-8 CARAFE_LC_ALL=de_DE.UTF-8\n");
  }

  @Test
  void theLocaleOfTheUserIsTheOneThatIsPassedOn() {
    assertThat(Main.environment(Map.of("LC_ALL", "C.UTF-8", "CARAFE_LC_ALL", "", "A", "b")))
        .isEqualTo(Map.of("A", "b"));
    assertThat(Main.environment(Map.of("LC_ALL", "C.UTF-8", "CARAFE_LC_ALL", "de_DE")))
        .isEqualTo(Map.of("LC_ALL", "de_DE"));
    assertThat(Main.environment(Map.of("LC_ALL", "de_DE"))).isEqualTo(Map.of("LC_ALL", "de_DE"));
  }

  @Test
  void aStandardStreamThatIsClosedBecomesNoOtherFile() throws IOException {
    Path jdk = jdk("jvms/jdk", "25");
    run();
    script(jdk.resolve("bin/java"), "echo $(readlink /proc/$$/fd/0) $(readlink /proc/$$/fd/2)");

    assertThat(run("sh", "-c", "exec \"$0\" <&- 2>&-", checkout + "/carafe").out())
        .isEqualTo("/dev/null /dev/null\n");

    // The output can still not be written, and whoever tries is told so.
    Outcome closed = run("sh", "-c", "exec \"$0\" >&-", checkout + "/carafe");
    assertThat(closed.exitCode()).isNotZero();
    assertThat(closed.err()).contains("echo: I/O error");
  }

  @Test
  void aDirectoryThatWasDeletedIsToldInOneSentence() throws IOException {
    jdk("jvms/jdk", "25");

    Outcome outcome =
        run(
            "sh",
            "-c",
            "mkdir gone && cd gone && rmdir ../gone && exec \"$0\"",
            checkout + "/carafe");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err())
        .endsWith(
            "carafe: the current directory does not exist any more;"
                + " change to one that does and try again.\n");
    assertThat(builds()).isZero();
  }

  @Test
  void buildsOnceAndAgainWhenASourceIsNewer() throws IOException {
    jdk("jvms/jdk", "25");

    assertThat(run().err()).contains("carafe: building");
    Outcome second = run();
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).contains("/build/app/lib/a.jar:", "/build/app/lib/cli-1.jar\n");
    assertThat(builds()).isEqualTo(1);

    Path source = Files.writeString(checkout.resolve("cli/src/main/New.java"), "");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
    assertThat(run().exitCode()).isZero();
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void anotherProjectInTheCheckoutIsNoSource() throws IOException {
    jdk("jvms/jdk", "25");
    run();

    Files.createDirectories(checkout.resolve("project/src/main"));
    Path pom = Files.writeString(checkout.resolve("project/pom.xml"), "");
    Files.setLastModifiedTime(pom, FileTime.from(Instant.now().plusSeconds(100_000)));

    assertThat(run().err()).isEmpty();
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void aBuildWithoutAgentIsNotUsed() throws IOException {
    jdk("jvms/jdk", "25");
    program("mvn", "mkdir -p cli/target/app", "echo >cli/target/cli-1.jar");

    for (int i = 0; i < 2; i++) {
      Outcome outcome = run();
      assertThat(outcome.exitCode()).isEqualTo(1);
      assertThat(outcome.err()).contains("the build failed: it left no guest agent");
    }
    assertThat(checkout.resolve("build/app")).doesNotExist();
  }

  @Test
  void aCheckoutWithASpaceInItsNameIsBuiltAndStarted() throws IOException {
    jdk("jvms/jdk", "25");
    checkout = Files.move(checkout, temporary.resolve("check out"));

    assertThat(run().out()).contains("/check out/build/app/lib/a.jar:");
    assertThat(run().err()).isEmpty();
  }

  @Test
  void buildsAgainWhenTheCheckoutWasMoved() throws IOException {
    jdk("jvms/jdk", "25");
    run();

    checkout = Files.move(checkout, temporary.resolve("moved"));

    assertThat(run().err()).contains("carafe: building");
    assertThat(run().err()).isEmpty();
  }

  @Test
  void manyAtOnceBuildOnce() throws Exception {
    jdk("jvms/jdk", "25");
    List<Callable<Outcome>> many = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      many.add(this::run);
    }

    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Outcome> one : threads.invokeAll(many)) {
        assertThat(one.get().exitCode()).isZero();
        assertThat(one.get().out()).startsWith("jdk jdk\n");
      }
    }
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void aFailedBuildIsExplainedAndNotUsed() throws IOException {
    jdk("jvms/jdk", "25");
    program("mvn", "echo '[ERROR] it is broken'", "exit 1");

    Outcome outcome = run();

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).contains("the build failed", "[ERROR] it is broken");
    assertThat(checkout.resolve("build/app")).doesNotExist();
  }

  @Test
  void aBuildThatWasKilledIsNotUsedAndDoesNotBlockTheNext() throws IOException {
    jdk("jvms/jdk", "25");
    // The shell that runs the build, and all around it, are gone at once.
    program("mvn", "kill -9 0");
    assertThat(run(List.of("setsid", "--wait", checkout + "/carafe")).exitCode()).isNotZero();
    program(
        "mvn",
        "mkdir -p cli/target/app",
        "echo >cli/target/app/b.jar",
        "echo >cli/target/cli-1.jar",
        AGENT);

    Outcome outcome = run();

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out()).contains("/build/app/lib/b.jar:").doesNotContain("a.jar");
  }

  @Test
  void anOrdinaryUserIsToldOneLineWithAllThatIsMissing() throws IOException {
    jdk("jvms/jdk", "25");
    program("id", "echo 1000");
    Files.writeString(
        checkout.resolve("setup/requirements"),
        """
        # a comment
        sh             dash     runs this test
        no-such-one    first    is missing
        /no/such/file  second   is missing too
        no-such-two    first    is in the same package
        """);

    Outcome outcome = run();

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .isEqualTo(
            "carafe: packages are missing."
                + " Run: sudo apt-get install -y --no-install-recommends first second\n");
    assertThat(builds()).isZero();
  }

  @Test
  void rootInstallsWhatIsMissing() throws IOException {
    jdk("jvms/jdk", "25");
    program("id", "echo 0");
    program(
        "apt-get",
        "echo \"$*\" >>" + temporary + "/apt.log",
        "case \"$*\" in *install*) touch " + temporary + "/installed ;; esac");
    Files.writeString(
        checkout.resolve("setup/requirements"), temporary + "/installed package for the test\n");

    Outcome outcome = run();

    assertThat(outcome.err()).contains("carafe: installing package\n");
    assertThat(outcome.exitCode()).isZero();
    assertThat(Files.readAllLines(temporary.resolve("apt.log")))
        .satisfiesExactly(
            line -> assertThat(line).endsWith(" update"),
            line -> assertThat(line).endsWith(" install -y --no-install-recommends package"));
  }

  @Test
  void aCacheOfClassesIsUsedOnlyWithTheJvmThatMadeIt() throws IOException {
    Path jdk = jdk("jvms/jdk", "25.0.1");
    assertThat(run().err()).contains("preparing a quick start with jdk");
    Outcome second = run();
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).contains("\n-XX:AOTCache=" + checkout + "/build/app/carafe.aot\n");

    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.2\"\n");
    assertThat(run().err()).contains("preparing a quick start with jdk");
    assertThat(run().err()).isEmpty();
  }

  @Test
  void withoutACacheOfClassesItStartsAllTheSame() throws IOException {
    jdk("jvms/jdk", "25");
    run();
    Files.delete(checkout.resolve("build/app/carafe.aot"));

    Outcome outcome = run();

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).doesNotContain("AOTCache").endsWith("dev.carafe.cli.Main\n");
  }

  /** A JDK whose java prints its name, two variables, and its arguments. */
  private Path jdk(String name, String version) throws IOException {
    Path home = temporary.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    script(home.resolve("bin/javac"), "exit 0");
    script(
        home.resolve("bin/java"),
        "case $* in",
        "--version) echo openjdk " + version + " 2026-01-01; exit ;;",
        "*-XX:AOTCacheOutput=*) ",
        "  for word; do case $word in -XX:AOTCacheOutput=*) echo x >${word#*=} ;; esac; done",
        "  exit ;;",
        "esac",
        "echo jdk " + home.getFileName(),
        "echo LC_ALL=${LC_ALL:-} CARAFE_LC_ALL=${CARAFE_LC_ALL:-}",
        "printf '%s\\n' \"$@\"");
    return home;
  }

  private void onPath(Path jdk) throws IOException {
    Files.createSymbolicLink(programs.resolve("java"), jdk.resolve("bin/java"));
  }

  private void program(String name, String... lines) throws IOException {
    script(programs.resolve(name), lines);
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Makes all files old enough that a build is newer whatever the clock's grain. */
  private static void age(Path tree) throws IOException {
    FileTime old = FileTime.from(Instant.now().minusSeconds(60));
    try (var all = Files.walk(tree)) {
      for (Path path : all.toList()) {
        Files.setLastModifiedTime(path, old);
      }
    }
  }

  /** How often Maven was called. */
  private long builds() throws IOException {
    Path log = checkout.resolve("mvn.log");
    return Files.exists(log) ? Files.readAllLines(log).size() : 0;
  }

  private Outcome run() {
    return run(List.of(checkout + "/carafe"));
  }

  private Outcome run(String... command) {
    return run(List.of(command));
  }

  private Outcome run(List<String> command) {
    try {
      Path err = Files.createTempFile(temporary, "stderr", "");
      // Looked up in the PATH that is passed on, not in this process's.
      List<String> argv = new ArrayList<>(List.of("/usr/bin/env", "-i"));
      env.forEach((name, value) -> argv.add(name + "=" + value));
      argv.addAll(command);
      Process process =
          new ProcessBuilder(argv)
              .directory(temporary.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectError(err.toFile())
              .start();
      String out = new String(process.getInputStream().readAllBytes(), UTF_8);
      int exitCode = process.waitFor();
      return new Outcome(exitCode, out, Files.readString(err));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private record Outcome(int exitCode, String out, String err) {}
}
