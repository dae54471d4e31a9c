package dev.carafe.egress.scan;

import com.google.re2j.Pattern;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads the data files of patterns: blocks of {@code name: value} lines between empty ones. */
final class PatternFile {
  static final List<TokenPattern> TOKENS = read("token-patterns.txt");
  static final List<TokenPattern> INJECTIONS = read("injection-markers.txt");

  private PatternFile() {}

  private static List<TokenPattern> read(String name) {
    try (InputStream in = PatternFile.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("The data file " + name + " is missing from this build.");
      }
      return parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<TokenPattern> parse(String name, String text) {
    List<TokenPattern> patterns = new ArrayList<>();
    Map<String, String> block = new HashMap<>();
    int number = 0;
    for (String line : (text + "\n\n").split("\n", -1)) {
      number++;
      if (line.startsWith("#")) {
        continue;
      }
      if (line.isBlank()) {
        if (!block.isEmpty()) {
          patterns.add(pattern(name, number, block));
          block.clear();
        }
        continue;
      }
      int colon = line.indexOf(": ");
      if (colon <= 0 || block.put(line.substring(0, colon), line.substring(colon + 2)) != null) {
        throw wrong(name, number, "not a line 'name: value', or a second one of that name");
      }
    }
    return List.copyOf(patterns);
  }

  private static TokenPattern pattern(String name, int line, Map<String, String> block) {
    for (String key : List.of("id", "keyword", "pattern", "about", "example")) {
      if (!block.containsKey(key)) {
        throw wrong(name, line, "the block above has no '" + key + "'");
      }
    }
    TokenPattern.Shape shape =
        TokenPattern.Shape.valueOf(block.getOrDefault("shape", "token").toUpperCase(Locale.ROOT));
    boolean anyCase = shape == TokenPattern.Shape.PHRASE || shape == TokenPattern.Shape.ASSIGNMENT;
    int before = Integer.parseInt(block.getOrDefault("before", "0"));
    String keyword = block.get("keyword");
    if (keyword.length() < 3 || keyword.length() > Scanner.LONGEST_KEYWORD) {
      throw wrong(name, line, "a keyword has 3 to " + Scanner.LONGEST_KEYWORD + " bytes");
    }
    return new TokenPattern(
        block.get("id"),
        anyCase ? keyword.toLowerCase(Locale.ROOT) : keyword,
        anyCase,
        shape,
        block.getOrDefault("alone", "no").equals("yes"),
        before,
        Math.min(Integer.parseInt(block.getOrDefault("span", "512")), Scanner.LONGEST_TOKEN),
        Pattern.compile(
            "\\A(?s:.{0," + before + "}?)(" + block.get("pattern") + ")",
            anyCase ? Pattern.CASE_INSENSITIVE : 0),
        block.get("about"),
        block.get("example"));
  }

  private static IllegalStateException wrong(String name, int line, String what) {
    return new IllegalStateException(name + ", line " + line + ": " + what + ".");
  }
}
