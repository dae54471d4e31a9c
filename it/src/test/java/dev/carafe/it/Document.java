package dev.carafe.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One of the repository's Markdown files, as far as the tests read it: fenced blocks, headings,
 * links.
 *
 * @param path absolute
 */
record Document(Path path, List<String> lines) {
  /** The top of the checkout. */
  static final Path ROOT = Lab.checkout();

  private static final Pattern LINK = Pattern.compile("(?<!!)\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("`[^`]*`");

  /**
   * A fenced block.
   *
   * @param kind the word after the fence, or nothing
   * @param line the number of its first line in the document, from 1
   */
  record Block(String kind, int line, List<String> lines) {
    String text() {
      return String.join("\n", lines) + "\n";
    }
  }

  /**
   * A command of a {@code console} block, and what it prints. A line that starts with {@code > }
   * continues the command.
   *
   * @param line where it stands in the document, from 1
   */
  record Command(int line, String text, List<String> output) {}

  static Document read(Path path) throws IOException {
    return new Document(path, Files.readAllLines(path));
  }

  /** README.md first, then the others at the top, then those in docs, each sorted. */
  static List<Document> all() throws IOException {
    List<Document> all = new ArrayList<>(List.of(read(ROOT.resolve("README.md"))));
    for (String place : List.of("", "docs", "docs/decisions")) {
      try (Stream<Path> files = Files.list(ROOT.resolve(place))) {
        for (Path file : files.sorted().toList()) {
          String name = file.getFileName().toString();
          if (name.endsWith(".md") && !file.equals(ROOT.resolve("README.md"))) {
            all.add(read(file));
          }
        }
      }
    }
    return all;
  }

  String name() {
    return ROOT.relativize(path).toString();
  }

  List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    Block open = null;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (open == null && line.startsWith("```")) {
        open = new Block(line.substring(3).strip(), i + 2, new ArrayList<>());
      } else if (open != null && line.equals("```")) {
        blocks.add(open);
        open = null;
      } else if (open != null) {
        open.lines().add(line);
      }
    }
    if (open != null) {
      throw new IllegalStateException(name() + ":" + open.line() + ": this block has no end");
    }
    return blocks;
  }

  /** The commands of all {@code console} blocks, in order. */
  List<Command> commands() {
    List<Command> commands = new ArrayList<>();
    for (Block block : blocks()) {
      if (!block.kind().equals("console")) {
        continue;
      }
      int first = commands.size();
      for (int i = 0; i < block.lines().size(); i++) {
        String line = block.lines().get(i);
        if (line.startsWith("$ ")) {
          commands.add(new Command(block.line() + i, line.substring(2), new ArrayList<>()));
        } else if (commands.size() == first) {
          throw new IllegalStateException(
              name() + ":" + block.line() + ": a console block starts with a command, '$ …'");
        } else if (line.startsWith("> ") && commands.getLast().output().isEmpty()) {
          Command started = commands.removeLast();
          commands.add(
              new Command(
                  started.line(), started.text() + "\n" + line.substring(2), started.output()));
        } else {
          commands.getLast().output().add(line.stripTrailing());
        }
      }
    }
    return commands;
  }

  /** Where the links outside of blocks lead, as they are written. */
  List<String> links() {
    List<String> links = new ArrayList<>();
    for (String line : prose()) {
      LINK.matcher(CODE.matcher(line).replaceAll("`code`"))
          .results()
          .map((MatchResult link) -> link.group(1))
          .forEach(links::add);
    }
    return links;
  }

  /** The names by which headings can be linked to, formed as GitHub does. */
  Set<String> anchors() {
    Set<String> anchors = new HashSet<>();
    for (String line : prose()) {
      if (line.matches("#{1,6} .*")) {
        anchors.add(
            line.replaceFirst("#+ ", "")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-'));
      }
    }
    return anchors;
  }

  private List<String> prose() {
    List<String> prose = new ArrayList<>();
    boolean inBlock = false;
    for (String line : lines) {
      if (line.startsWith("```")) {
        inBlock = !inBlock;
      } else if (!inBlock) {
        prose.add(line);
      }
    }
    return prose;
  }
}
