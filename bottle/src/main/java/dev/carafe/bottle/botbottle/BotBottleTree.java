package dev.carafe.bottle.botbottle;

import dev.carafe.bottle.manifest.FrontMatter;
import dev.carafe.bottle.manifest.ManifestCheck;
import dev.carafe.bottle.manifest.ManifestName;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.egress.yaml.Problem;
import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.YamlText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory of bot-bottle's, {@code ~/.bot-bottle}, and what its files become here. Only reads.
 */
public final class BotBottleTree {
  private static final int MOST_FILES = 500;
  private static final String SUFFIX = ".md";

  private final Path directory;
  private final Map<String, String> env;
  private final List<Planned> files = new ArrayList<>();
  private final List<String> left = new ArrayList<>();

  /**
   * A file, and what becomes of it.
   *
   * @param target where it belongs
   * @param content empty when it cannot be carried over at all
   * @param notes what of it could not be carried over, each {@code FILE:LINE:COLUMN: sentence}
   */
  public record Planned(Path source, Path target, Optional<String> content, List<String> notes) {}

  private BotBottleTree(Path directory, Map<String, String> env) {
    this.directory = directory;
    this.env = env;
  }

  /**
   * Reads a tree.
   *
   * @param env where {@code HOME} is looked up
   * @throws IOException when the directory cannot be read
   */
  public static BotBottleTree read(Path directory, ManifestPlaces places, Map<String, String> env)
      throws IOException {
    BotBottleTree tree = new BotBottleTree(directory, env);
    tree.directory("bottles", places.bottles());
    tree.directory("agents", places.agents());
    tree.leave("contrib", "provider plug-ins are programs of bot-bottle's and cannot be used here");
    tree.leave("state", "what sessions left behind cannot be resumed here");
    return tree;
  }

  /** Bottles first, each by name. */
  public List<Planned> files() {
    return List.copyOf(files);
  }

  /** What of the tree is not carried over as a whole; sentences. */
  public List<String> left() {
    return List.copyOf(left);
  }

  private void leave(String name, String why) {
    Path path = directory.resolve(name);
    if (Files.isDirectory(path)) {
      left.add(path + ": " + why);
    }
  }

  private void directory(String name, Path target) throws IOException {
    Path from = directory.resolve(name);
    if (!Files.isDirectory(from)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> entries = Files.list(from)) {
      all =
          entries
              .filter(file -> file.toString().endsWith(SUFFIX) && Files.isRegularFile(file))
              .sorted()
              .limit(MOST_FILES + 1L)
              .toList();
    }
    if (all.size() > MOST_FILES) {
      left.add(from + ": there are more than " + MOST_FILES + " files; the last ones are left out");
      all = all.subList(0, MOST_FILES);
    }
    for (Path file : all) {
      file(file, target.resolve(file.getFileName().toString()), name.equals("bottles"));
    }
  }

  private void file(Path source, Path target, boolean bottle) throws IOException {
    String name = source.getFileName().toString();
    if (!ManifestName.valid(name.substring(0, name.length() - SUFFIX.length()))) {
      String shown = name.replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
      left.add(
          source.resolveSibling(shown) + ": this cannot be a name here, and the file is left out");
      return;
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(source)) {
      bytes = in.readNBytes(FrontMatter.MOST_BYTES + 1);
    }
    Problems problems = new Problems();
    Optional<FrontMatter> read = FrontMatter.read(bytes, problems);
    Notes notes = new Notes();
    Optional<String> content =
        problems.none() ? read.map(r -> converted(r, bottle, notes)) : Optional.empty();
    List<String> said = new ArrayList<>();
    problems.all().forEach(problem -> said.add(line(source, problem)));
    notes.all().forEach(note -> said.add(line(source, note)));
    List<String> mistakes = content.map(text -> mistakes(target, text, bottle)).orElse(List.of());
    if (!mistakes.isEmpty()) {
      said.add(source + ": as a manifest, this would have mistakes, and is left out:");
      mistakes.forEach(mistake -> said.add("  " + mistake));
      content = Optional.empty();
    }
    files.add(new Planned(source, target, content, List.copyOf(said)));
  }

  private static String converted(FrontMatter from, boolean bottle, Notes notes) {
    BottleConversion conversion = new BottleConversion(notes);
    Map<String, Object> keys =
        bottle ? conversion.bottle(from.keys()) : conversion.agent(from.keys());
    String body = from.body().isEmpty() ? "" : "\n" + from.body() + "\n";
    return "---\n" + YamlText.of(keys) + "---\n" + body;
  }

  /** What a converted file would be refused for, without its places: nobody has seen it. */
  private List<String> mistakes(Path target, String text, boolean bottle) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return (bottle ? ManifestCheck.bottle(target, bytes, env) : ManifestCheck.agent(target, bytes))
        .stream().map(problem -> problem.sentence()).toList();
  }

  private static String line(Path file, Problem problem) {
    return file + ":" + problem;
  }
}
