package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Node.Fields;
import dev.carafe.egress.yaml.Position;
import dev.carafe.egress.yaml.Problems;
import dev.carafe.egress.yaml.YamlReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A Markdown file that begins with YAML between two lines {@code ---}. Line ends may be those of
 * Windows, and a byte order mark may stand first; places are those of the file all the same.
 *
 * @param keys what the front matter says; no keys when it is empty
 * @param body all that follows it, with line feeds only, without blank lines around it; may be
 *     empty
 */
public record FrontMatter(Fields keys, String body) {
  /** Of a file. */
  public static final int MOST_BYTES = 256 * 1024;

  /** Of the part between the fences, which is parsed. */
  private static final int MOST_YAML = 64 * 1024;

  private static final String FENCE = "---";

  /**
   * Reads a file's bytes.
   *
   * @return empty when there is nothing that could be checked further; the problems say why
   */
  public static Optional<FrontMatter> read(byte[] bytes, Problems problems) {
    if (bytes.length > MOST_BYTES) {
      problems.add(Position.START, "the file is larger than " + MOST_BYTES + " bytes");
      return Optional.empty();
    }
    return text(bytes, problems).flatMap(text -> split(text, problems));
  }

  private static Optional<String> text(byte[] bytes, Problems problems) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length + 1);
    CoderResult result = decoder.decode(in, out, true);
    String text = out.flip().toString();
    if (result.isError()) {
      int line = 1 + (int) text.chars().filter(c -> c == '\n').count();
      problems.add(
          new Position(line, text.length() - text.lastIndexOf('\n')),
          "here the file is not UTF-8; save it as UTF-8");
      return Optional.empty();
    }
    int zero = text.indexOf('\0');
    if (zero >= 0) {
      int line = 1 + (int) text.substring(0, zero).chars().filter(c -> c == '\n').count();
      problems.add(
          new Position(line, zero - text.lastIndexOf('\n', zero)),
          "here is a zero byte; this is not a text file");
      return Optional.empty();
    }
    return Optional.of(text.startsWith("\ufeff") ? text.substring(1) : text);
  }

  private static Optional<FrontMatter> split(String text, Problems problems) {
    List<String> lines = List.of(text.replace("\r\n", "\n").split("\n", -1));
    if (!isFence(lines.getFirst())) {
      problems.add(
          Position.START,
          "the first line must be '---'; keys follow, then a line '---' again, then the text");
      return Optional.empty();
    }
    int end = 1;
    while (end < lines.size() && !isFence(lines.get(end))) {
      end++;
    }
    if (end == lines.size()) {
      problems.add(
          Position.START, "these keys have no end: write a line '---' after them, before the text");
      return Optional.empty();
    }
    List<String> yaml = lines.subList(1, end);
    List<String> rest = lines.subList(end + 1, lines.size());
    String body =
        String.join("\n", rest.stream().dropWhile(String::isBlank).toList()).stripTrailing();
    if (yaml.stream().allMatch(line -> line.isBlank() || line.strip().startsWith("#"))) {
      return Optional.of(new FrontMatter(new Fields(Position.START, List.of()), body));
    }
    // An empty line for the fence, so that all others keep their numbers.
    String keys = "\n" + String.join("\n", yaml) + "\n";
    if (keys.length() > MOST_YAML) {
      problems.add(
          Position.START, "the keys take more than " + MOST_YAML + " characters; the text may");
      return Optional.empty();
    }
    return YamlReader.read(keys, problems)
        .flatMap(
            node -> {
              if (node instanceof Fields fields) {
                return Optional.of(new FrontMatter(fields, body));
              }
              problems.add(
                  node.at(), "between the lines '---' belong keys with values, not " + node.kind());
              return Optional.empty();
            });
  }

  private static boolean isFence(String line) {
    return line.stripTrailing().equals(FENCE);
  }
}
