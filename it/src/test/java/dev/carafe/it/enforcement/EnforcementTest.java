package dev.carafe.it.enforcement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/**
 * No enforcement can be taken away without a test that fails. Each of {@link Enforcements} is taken
 * away for a moment, in a running JVM, by changing the one method that decides it; the test that is
 * named for it must be green before, and red then. Nothing in Carafe itself can do that: there is
 * no switch.
 *
 * <p>The rooms' own tests are run, from their {@code target/test-classes}, which Maven has made in
 * the same build.
 */
class EnforcementTest {
  private static final Path PLACE = Path.of("target", "enforcement").toAbsolutePath();

  @TestFactory
  List<DynamicNode> withoutAnyOneOfTheseItsTestFails() throws Exception {
    Files.createDirectories(PLACE);
    Path agent = agent();
    Map<String, Process> forks = new LinkedHashMap<>();
    for (String room : Enforcements.ROOMS) {
      forks.put(room, fork(agent, room));
    }
    List<DynamicNode> rooms = new ArrayList<>();
    for (var fork : forks.entrySet()) {
      int exit = fork.getValue().waitFor();
      rooms.add(dynamicContainer(fork.getKey(), judged(fork.getKey(), exit)));
    }
    return rooms;
  }

  private static List<DynamicNode> judged(String room, int exit) throws IOException {
    List<Enforcement> all = Enforcements.of(room);
    Path file = results(room);
    List<String> said = Files.exists(file) ? Files.readAllLines(file) : List.of();
    return IntStream.range(0, all.size())
        .<DynamicNode>mapToObj(
            i ->
                dynamicTest(
                    all.get(i).says(),
                    () -> assertThat(i < said.size() ? said.get(i) : ended(room, exit)).isEmpty()))
        .toList();
  }

  private static String ended(String room, int exit) {
    return "the process ended before, with exit code " + exit + "; see " + log(room);
  }

  private static Path results(String room) {
    return PLACE.resolve(room + ".results");
  }

  private static Path log(String room) {
    return PLACE.resolve(room + ".log");
  }

  /** An agent that has nothing in it but the name of {@link Fork}, which is on the class path. */
  private static Path agent() throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue("Premain-Class", Fork.class.getName());
    main.putValue("Can-Retransform-Classes", "true");
    Path jar = PLACE.resolve("agent.jar");
    try (OutputStream out = Files.newOutputStream(jar)) {
      new JarOutputStream(out, manifest).close();
    }
    return jar;
  }

  private static Process fork(Path agent, String room) throws IOException {
    Files.deleteIfExists(results(room));
    Path module = Path.of("..", room).toAbsolutePath().normalize();
    Path tests = module.resolve("target").resolve("test-classes");
    assertThat(tests).as("the tests of %s, which Maven makes before this one", room).isDirectory();
    String path = tests + ":" + System.getProperty("java.class.path");
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-javaagent:" + agent,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            path,
            Fork.class.getName(),
            room,
            results(room).toString())
        .directory(module.toFile())
        .redirectErrorStream(true)
        .redirectOutput(Redirect.to(log(room).toFile()))
        .start();
  }
}
