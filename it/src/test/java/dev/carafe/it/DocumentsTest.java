package dev.carafe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import dev.carafe.it.Document.Block;
import dev.carafe.it.Document.Command;
import dev.carafe.machine.Machine;
import dev.carafe.machine.Machines;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the documents say is so. Every command in a {@code console} block is run, on real machines,
 * and prints what stands below it: standard output and standard error together, as on a terminal.
 * In that, {@code ...} and {@code …} stand for anything within a line, and alone on a line for any
 * lines.
 *
 * <p>The commands of one document run in one shell, one after the other, in a directory of their
 * own, where {@code ./carafe} leads to the launcher, and {@code smolvm}, which leads there too, is
 * on the PATH like {@code carafe}. A command that fails must be shown to fail: what it prints
 * starts with {@code error}.
 */
class DocumentsTest {
  private static final Path SCRATCH = Path.of("target", "documents").toAbsolutePath();
  private static final Path LAUNCHER = Lab.launcher();
  private static final int MINUTES = 10;

  /** Divides the outputs of commands; no document prints it. */
  private static final String MARK = "\u001e";

  @BeforeAll
  static void makeWhatIsMadeOnce() throws Exception {
    deleteTree(SCRATCH);
    Files.createDirectories(SCRATCH.resolve("bin"));
    for (String name : List.of("carafe", "smolvm")) {
      Files.createSymbolicLink(SCRATCH.resolve("bin").resolve(name), LAUNCHER);
    }
    // The first start on a host says more than the ones that the documents show.
    try (Machines machines = Lab.machines()) {
      Lab.started(machines, "first").delete();
    }
    shell(SCRATCH, "carafe --version");
    String once = "export XDG_CONFIG_HOME=\"$PWD/once\"; carafe init shell; ";
    shell(SCRATCH, once + "carafe start shell --image-only --quiet");
  }

  static List<Document> documentsWithCommands() throws IOException {
    return Document.all().stream().filter(document -> !document.commands().isEmpty()).toList();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("documentsWithCommands")
  @Timeout(value = 20, unit = TimeUnit.MINUTES) // an agent's image is made, if it is not there yet
  void everyCommandPrintsWhatIsShown(Document document) throws Exception {
    List<String> before = Lab.traces();
    Set<String> machinesBefore = machines();
    List<Command> commands = document.commands();
    Path directory = Files.createDirectories(SCRATCH.resolve(document.name()));
    Files.createSymbolicLink(directory.resolve("carafe"), LAUNCHER);
    try {
      String[] parts = shell(directory, script(commands)).split(MARK, -1);
      List<String> problems = new ArrayList<>();
      for (int i = 0; i < commands.size(); i++) {
        problems.addAll(problem(commands.get(i), i + 1 < parts.length ? parts[i + 1] : ""));
      }
      if (!problems.isEmpty()) {
        fail(document.name() + " is not what happens:\n" + String.join("\n", problems));
      }
      // A deletion waits for QEMU; the bubblewrap around it ends a moment later.
      await()
          .atMost(30, TimeUnit.SECONDS)
          .untilAsserted(
              () ->
                  assertThat(Lab.traces())
                      .as("what %s leaves behind", document.name())
                      .isEqualTo(before));
    } finally {
      deleteMachinesBut(machinesBefore);
    }
  }

  /** A shell script that prints, for each command, the mark, what it prints, and its exit code. */
  private static String script(List<Command> commands) {
    StringBuilder script = new StringBuilder();
    for (Command command : commands) {
      script.append("printf '\\036'\n").append(command.text()).append("\nprintf '\\037%d' $?\n");
    }
    return script.toString();
  }

  private static List<String> problem(Command command, String part) {
    int end = part.lastIndexOf('\u001f');
    String printed = end < 0 ? part : part.substring(0, end);
    String exitCode = end < 0 ? "none, the shell ended" : part.substring(end + 1);
    List<String> lines = printed.lines().map(String::stripTrailing).toList();
    boolean saysItFails = command.output().stream().anyMatch(line -> line.matches("(?i)error: .*"));
    if (pattern(command.output()).matcher(String.join("\n", lines)).matches()
        && (exitCode.equals("0") || saysItFails)) {
      return List.of();
    }
    List<String> problem = new ArrayList<>();
    problem.add("line " + command.line() + ": $ " + command.text());
    problem.add("exit code: " + exitCode);
    int same = 0;
    while (same < lines.size()
        && same < command.output().size()
        && pattern(command.output().subList(same, same + 1)).matcher(lines.get(same)).matches()) {
      same++;
    }
    for (int i = 0; i < command.output().size(); i++) {
      problem.add((i < same ? "    " : "  - ") + command.output().get(i));
    }
    for (String line : lines.subList(same, lines.size())) {
      problem.add("  + " + line);
    }
    return problem;
  }

  /** What matches these lines, joined by line feeds. */
  private static Pattern pattern(List<String> shown) {
    if (!shown.isEmpty() && shown.stream().allMatch(line -> line.matches("\\.\\.\\.|…"))) {
      return Pattern.compile("(?s).*");
    }
    StringBuilder regex = new StringBuilder();
    boolean divided = true;
    for (String line : shown) {
      if (line.equals("...") || line.equals("…")) {
        // Also no lines, at the beginning, in the middle, and at the end.
        regex.append(divided ? "(?:.*\n)*?" : "(?:\n.*)*?");
        continue;
      }
      regex.append(divided ? "" : "\n");
      divided = false;
      String[] pieces = line.split("\\.\\.\\.|…", -1);
      for (int i = 0; i < pieces.length; i++) {
        regex.append(i == 0 ? "" : ".*").append(Pattern.quote(pieces[i]));
      }
    }
    return Pattern.compile(regex.toString());
  }

  @Test
  void linesAreComparedAsTheDocumentsOfThisTestSay() {
    assertThat("a\nb").matches(pattern(List.of("a", "b")));
    assertThat("a\nb").doesNotMatch(pattern(List.of("a")));
    assertThat("pid 17, ok").matches(pattern(List.of("pid ..., ok")));
    assertThat("pid 17, no").doesNotMatch(pattern(List.of("pid …, ok")));
    for (String between : List.of("a\nb", "a\nx\nb", "a\nx\ny\nb")) {
      assertThat(between).matches(pattern(List.of("a", "...", "b")));
    }
    assertThat("a\nx").matches(pattern(List.of("a", "...")));
    assertThat("x\na").matches(pattern(List.of("...", "a")));
    for (String anything : List.of("", "a", "a\nb")) {
      assertThat(anything).matches(pattern(List.of("...")));
    }
    assertThat("a").doesNotMatch(pattern(List.of()));
    assertThat("a.c").doesNotMatch(pattern(List.of("abc")));
    assertThat(problem(new Command(1, "x", List.of()), "\u001f1")).isNotEmpty();
    assertThat(problem(new Command(1, "x", List.of("Error: no")), "Error: no\n\u001f1")).isEmpty();
    assertThat(problem(new Command(1, "x", List.of("y")), "y\n")).isNotEmpty();
  }

  /** Runs a script as the documents' reader would; returns all it printed. */
  private static String shell(Path directory, String script) throws Exception {
    Path output = Files.createTempFile(SCRATCH, "output", "");
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", script);
    Map<String, String> env = builder.environment();
    env.clear();
    env.putAll(Lab.environment());
    env.put("CARAFE_JAVA_HOME", System.getProperty("java.home"));
    env.put("PATH", SCRATCH.resolve("bin") + ":" + env.get("PATH"));
    env.put("LC_ALL", "C.UTF-8");
    Process process =
        builder
            .directory(directory.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        fail("after %d minutes still running; so far:\n%s", MINUTES, Files.readString(output));
      }
      return Files.readString(output);
    } finally {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroyForcibly();
    }
  }

  private static Set<String> machines() {
    try (Machines machines = Lab.machines()) {
      Set<String> names = new HashSet<>();
      machines.list().forEach(machine -> names.add(machine.name()));
      return names;
    }
  }

  private static void deleteMachinesBut(Set<String> others) {
    try (Machines machines = Lab.machines()) {
      for (Machine machine : machines.list()) {
        if (!others.contains(machine.name())) {
          machine.delete();
        }
      }
    }
  }

  /**
   * A {@code java} block is a whole class; the {@code text} block after it is what it prints. One
   * with tests is run by {@link JUnitRun}. A block {@code java compiled} is not run: it needs what
   * its document's reader has made before.
   */
  @Test
  void theJavaExamplesCompileAndPrintWhatIsShown() throws Exception {
    int examples = 0;
    for (Document document : Document.all()) {
      List<Block> blocks = document.blocks();
      for (int i = 0; i < blocks.size(); i++) {
        if (blocks.get(i).kind().equals("java compiled")) {
          compile(document, blocks.get(i));
        } else if (blocks.get(i).kind().equals("java")) {
          examples++;
          boolean printed = i + 1 < blocks.size() && blocks.get(i + 1).kind().equals("text");
          assertThat(printed).as("what %s's example prints", document.name()).isTrue();
          checkExample(document, blocks.get(i), blocks.get(i + 1));
        }
      }
    }
    assertThat(examples).isPositive();
  }

  private static void checkExample(Document document, Block code, Block shown) throws Exception {
    Path directory = compile(document, code);
    String classPath = System.getProperty("java.class.path");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String printed =
        shell(
            directory,
            java
                + " -cp '"
                + directory
                + ":"
                + classPath
                + "' "
                + (code.text().contains("@BottleTest") ? JUnitRun.class.getName() + " " : "")
                + className(document, code));
    assertThat(printed.strip()).matches(pattern(shown.lines()));
  }

  private static String className(Document document, Block code) {
    var name = Pattern.compile("class (\\w+)").matcher(code.text());
    assertThat(name.find()).as("a class in %s:%d", document.name(), code.line()).isTrue();
    return name.group(1);
  }

  /** Compiles a block into a directory of its own. */
  private static Path compile(Document document, Block code) throws Exception {
    Path directory = Files.createTempDirectory(SCRATCH, "example");
    Path source = directory.resolve(className(document, code) + ".java");
    Files.writeString(source, code.text());
    String classPath = System.getProperty("java.class.path");
    var compiler = ToolProvider.getSystemJavaCompiler();
    var messages = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      boolean compiled =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  List.of("-cp", classPath, "-d", directory.toString(), "-Xlint:all", "-Werror"),
                  null,
                  files.getJavaFileObjects(source))
              .call();
      assertThat(compiled).as("%s:%d\n%s", document.name(), code.line(), messages).isTrue();
    }
    return directory;
  }

  @Test
  void everyLinkBetweenDocumentsLeadsSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Document document : Document.all()) {
      for (String link : document.links()) {
        if (!link.matches("[a-z]+:.*") && !leadsSomewhere(document, link)) {
          broken.add(document.name() + ": " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  private static boolean leadsSomewhere(Document document, String link) throws IOException {
    String[] parts = link.split("#", 2);
    Path target =
        parts[0].isEmpty()
            ? document.path()
            : document.path().resolveSibling(URI.create(parts[0]).getPath()).normalize();
    if (!target.startsWith(Document.ROOT) || !Files.exists(target)) {
      return false;
    }
    return parts.length == 1 || Document.read(target).anchors().contains(parts[1]);
  }

  /** Where a build fetches things from is this host's own affair, and may be nobody else's. */
  @Test
  void noFileNamesARegistryOfThisHost() throws Exception {
    Set<String> hosts = registryHosts();
    List<String> found = new ArrayList<>();
    List<String> tracked = List.of(shell(Document.ROOT, "git ls-files -z").split("\0"));
    assertThat(tracked).contains("carafe", "pom.xml");
    for (String name : tracked) {
      Path file = Document.ROOT.resolve(name);
      if (Files.isRegularFile(file)) {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        hosts.stream().filter(text::contains).forEach(host -> found.add(name + ": " + host));
      }
    }
    assertThat(found).as("files that name %s", hosts).isEmpty();
  }

  @Test
  void theHostsOfAConfigurationAreFound() {
    assertThat(
            hosts(
                """
                <url>https://someone:secret@maven.example:8443/m2</url>
                deb [trusted=yes] http://debian.example/debian bookworm main
                registry=https://npm.example
                proxy = http://localhost:3128
                """))
        .containsExactly("debian.example", "maven.example", "npm.example");
  }

  private static Set<String> registryHosts() throws IOException {
    Path home = Path.of(System.getProperty("user.home"));
    List<Path> places =
        List.of(
            Path.of("/etc/apt/sources.list"),
            Path.of("/etc/apt/sources.list.d"),
            Path.of("/etc/apt/apt.conf.d"),
            home.resolve(".npmrc"),
            Path.of("/etc/npmrc"),
            home.resolve(".m2/settings.xml"),
            Path.of("/etc/maven/settings.xml"));
    Set<String> hosts = new TreeSet<>();
    for (Path place : places) {
      if (Files.isReadable(place)) {
        try (Stream<Path> files = Files.walk(place)) {
          for (Path file : files.filter(Files::isReadable).filter(Files::isRegularFile).toList()) {
            hosts.addAll(hosts(withoutNamesOfFormats(Files.readString(file))));
          }
        }
      }
    }
    for (String variable : List.of("npm_config_registry", "MAVEN_ARGS", "MAVEN_OPTS")) {
      hosts.addAll(hosts(System.getenv().getOrDefault(variable, "")));
    }
    return hosts;
  }

  /** Comments hold examples; and Maven's settings name their own format by an address. */
  private static String withoutNamesOfFormats(String text) {
    return text.replaceAll("(?m)^\\s*(#|//).*$", "")
        .replaceAll("(?s)<settings\\b[^>]*>|<!--.*?-->", "");
  }

  private static Set<String> hosts(String text) {
    Set<String> hosts = new TreeSet<>();
    Pattern.compile("[a-z+]+://(?:[^/@\\s]*@)?([A-Za-z0-9.-]+)")
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .filter(host -> !host.matches("localhost|0\\.0\\.0\\.0|127\\..*"))
        .forEach(hosts::add);
    return hosts;
  }

  private static void deleteTree(Path root) throws IOException {
    if (Files.exists(root)) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
