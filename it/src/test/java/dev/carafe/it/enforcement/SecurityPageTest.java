package dev.carafe.it.enforcement;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What docs/security.md says of tests is so. */
class SecurityPageTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path PAGE = ROOT.resolve("docs/security.md");
  private static final String HEADING = "## Enforcement by enforcement";

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    NamedTests named = NamedTests.on(PAGE);
    assertThat(named.missing()).isEmpty();
    assertThat(named.count()).isGreaterThan(100);
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
