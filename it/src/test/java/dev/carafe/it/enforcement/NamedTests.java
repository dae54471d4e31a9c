package dev.carafe.it.enforcement;

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

/**
 * The tests that a page names, each in backquotes: a class, then a colon and methods of it.
 *
 * @param count how many classes and methods are named
 * @param missing those that there are not
 */
record NamedTests(int count, List<String> missing) {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern QUOTED = Pattern.compile("`([^`]*)`");
  private static final String CLASS = "[A-Z][A-Za-z0-9]*(Test|Contract|Suite|Attacks)";

  /** Reads a page, and looks for the tests in the sources of all modules. */
  static NamedTests on(Path page) throws IOException {
    Map<String, String> tests = tests();
    List<String> missing = new ArrayList<>();
    int named = 0;
    for (String line : Files.readAllLines(page)) {
      String current = "";
      int end = 0;
      for (MatchResult quoted : QUOTED.matcher(line).results().toList()) {
        String word = quoted.group(1);
        String between = line.substring(end, quoted.start()).strip();
        end = quoted.end();
        if (word.matches(CLASS)) {
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
    return new NamedTests(named, List.copyOf(missing));
  }

  /** The sources of all tests, by the class's name; one name may be several packages'. */
  private static Map<String, String> tests() throws IOException {
    try (Stream<Path> all = Files.walk(ROOT, 12)) {
      return all.filter(path -> path.toString().contains("/src/test/java/"))
          .filter(path -> path.toString().endsWith(".java"))
          .collect(
              Collectors.toMap(
                  path -> path.getFileName().toString().replace(".java", ""),
                  NamedTests::read,
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

  /** Whether a class, or the one it extends, has a test of that name. */
  private static boolean has(Map<String, String> tests, String name, String method) {
    String source = tests.getOrDefault(name, "");
    if (Pattern.compile("\\bvoid " + Pattern.quote(method) + "\\(").matcher(source).find()) {
      return true;
    }
    var parent = Pattern.compile("class " + name + " extends (\\w+)").matcher(source);
    return parent.find() && has(tests, parent.group(1), method);
  }
}
