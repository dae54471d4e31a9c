package dev.carafe.it.enforcement;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What docs/security.md says of tests is so. */
class SecurityPageTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path PAGE = ROOT.resolve("docs/security.md");
  private static final String HEADING = "## Enforcement by enforcement";
  private static final Pattern QUOTED = Pattern.compile("`([^`]*)`");

  /** The sources of all tests, by the class's name; one name may be several packages'. */
  private static Map<String, String> tests() throws IOException {
    try (Stream<Path> all = Files.walk(ROOT, 12)) {
      return all.filter(path -> path.toString().contains("/src/test/java/"))
          .filter(path -> path.toString().endsWith(".java"))
          .collect(
              Collectors.toMap(
                  path -> path.getFileName().toString().replace(".java", ""),
                  SecurityPageTest::read,
                  String::concat,
                  TreeMap::new));
    }
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    Map<String, String> tests = tests();
    List<String> missing = new ArrayList<>();
    int named = 0;
    for (String line : Files.readAllLines(PAGE)) {
      String current = "";
      int end = 0;
      for (MatchResult quoted : QUOTED.matcher(line).results().toList()) {
        String word = quoted.group(1);
        String between = line.substring(end, quoted.start()).strip();
        end = quoted.end();
        if (word.matches("[A-Z][A-Za-z0-9]*Test")) {
          current = word;
          named++;
          if (!tests.containsKey(word)) {
            missing.add(word);
          }
        } else if (!current.isEmpty() && between.matches("[:,]") && word.matches("[a-z]\\w*")) {
          named++;
          if (!has(tests, current, word)) {
            missing.add(current + ": " + word);
          }
        } else {
          current = "";
        }
      }
    }
    assertThat(missing).isEmpty();
    assertThat(named).isGreaterThan(100);
  }

  /** Whether a class, or the one it extends, has a test of that name. */
  private static boolean has(Map<String, String> tests, String name, String method) {
    String source = tests.getOrDefault(name, "");
    if (Pattern.compile("\\bvoid " + Pattern.quote(method) + "\\(").matcher(source).find()) {
      return true;
    }
    var parent = Pattern.compile("class " + name + " extends (\\w+)").matcher(source);
    return parent.find() && has(tests, parent.group(1), method);
  }

  @Test
  void everyEnforcementIsOnThePage() throws IOException {
    List<String> expected =
        Enforcements.ROOMS.stream()
            .flatMap(room -> Enforcements.of(room).stream())
            .map(SecurityPageTest::row)
            .toList();
    List<String> rows =
        Files.readAllLines(PAGE).stream()
            .dropWhile(line -> !line.equals(HEADING))
            .skip(1)
            .takeWhile(line -> !line.startsWith("## "))
            .filter(line -> line.startsWith("| ") && !line.startsWith("| what"))
            .toList();
    assertThat(rows).containsExactlyElementsOf(expected);
  }

  private static String row(Enforcement each) {
    String owner = each.owner().substring(each.owner().lastIndexOf('.') + 1).replace('$', '.');
    String test = each.testClass().substring(each.testClass().lastIndexOf('.') + 1);
    String methods =
        each.methods().stream()
            .map(method -> method.equals("<init>") ? owner : owner + "." + method)
            .map(method -> "`" + method + "`")
            .collect(Collectors.joining(", "));
    return "| %s | %s | `%s`: `%s` |".formatted(each.says(), methods, test, each.testMethod());
  }

  /** Prints the rows, for the page. */
  public static void main(String[] arguments) {
    for (String room : Enforcements.ROOMS) {
      Enforcements.of(room).forEach(each -> System.out.println(row(each)));
    }
  }
}
