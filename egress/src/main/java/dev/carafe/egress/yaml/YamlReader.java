package dev.carafe.egress.yaml;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads one YAML document into nodes, from the parser's events: so a file costs no more than its
 * size. Refused: anchors and aliases (they can stand for more than any memory holds), tags, keys
 * that are not text, a key twice, several documents, more than {@value #MOST_DEPTH} levels, more
 * than {@value #MOST_NODES} nodes, bytes that are not UTF-8. One thread.
 */
public final class YamlReader {
  static final int MOST_DEPTH = 20;
  static final int MOST_NODES = 20_000;

  private final Problems problems;
  private final Iterator<Event> events;
  private int nodes;

  /** The file holds what makes reading on useless; the problem has been added. */
  private static final class GiveUp extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GiveUp() {
      super(null, null, false, false);
    }
  }

  private YamlReader(Problems problems, Iterator<Event> events) {
    this.problems = problems;
    this.events = events;
  }

  /**
   * Reads a file's bytes.
   *
   * @param mostBytes more are refused
   * @return empty when the file is not YAML or holds nothing; the problems say why
   */
  public static Optional<Node> read(byte[] bytes, int mostBytes, Problems problems) {
    if (bytes.length > mostBytes) {
      problems.add(Position.START, "the file is larger than " + mostBytes + " bytes");
      return Optional.empty();
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      problems.add(Position.START, "the file is not UTF-8");
      return Optional.empty();
    }
    return read(text, problems);
  }

  /**
   * Reads text whose size somebody has limited.
   *
   * @return empty when it is not YAML or holds nothing; the problems say why
   */
  public static Optional<Node> read(String text, Problems problems) {
    LoadSettings settings =
        LoadSettings.builder()
            .setUseMarks(true)
            .setCodePointLimit(text.length() + 1)
            // All at once: between two reads, the parser cuts what takes two characters in half.
            .setBufferSize(text.length() + 2)
            .setParseComments(false)
            .build();
    try {
      return new YamlReader(problems, new Parse(settings).parseString(text).iterator()).document();
    } catch (GiveUp e) {
      return Optional.empty();
    } catch (MarkedYamlEngineException e) {
      // Not its message, which quotes the line: a secret may stand in it.
      problems.add(
          e.getProblemMark().map(YamlReader::position).orElse(Position.START),
          "this is not YAML: " + problem(e.getProblem()));
      return Optional.empty();
    } catch (YamlEngineException e) {
      problems.add(Position.START, "this is not YAML");
      return Optional.empty();
    }
  }

  private Optional<Node> document() {
    events.next(); // the stream's start
    Event event = events.next();
    if (!(event instanceof DocumentStartEvent)) {
      problems.add(Position.START, "the file is empty");
      return Optional.empty();
    }
    Node root = node(events.next(), 1);
    events.next(); // the document's end
    Event next = events.next();
    if (next instanceof DocumentStartEvent) {
      problems.add(position(next), "a second document begins here; one file holds one");
    }
    return Optional.of(root);
  }

  private Node node(Event event, int depth) {
    Position at = position(event);
    if (++nodes > MOST_NODES) {
      problems.add(at, "the file holds more than " + MOST_NODES + " values");
      throw new GiveUp();
    }
    if (depth > MOST_DEPTH) {
      problems.add(at, "this is nested more than " + MOST_DEPTH + " deep");
      throw new GiveUp();
    }
    if (event instanceof AliasEvent) {
      problems.add(at, "aliases (*name) are not read; write the value again");
      return new Node.Scalar(at, "", true);
    }
    if (event instanceof NodeEvent named && named.getAnchor().isPresent()) {
      problems.add(at, "anchors (&name) are not read; take it away");
    }
    return switch (event) {
      case ScalarEvent scalar -> {
        tag(at, scalar.getTag());
        yield new Node.Scalar(at, scalar.getValue(), scalar.getScalarStyle() == ScalarStyle.PLAIN);
      }
      case SequenceStartEvent list -> {
        tag(at, list.getTag());
        yield items(at, depth);
      }
      case MappingStartEvent map -> {
        tag(at, map.getTag());
        yield fields(at, depth);
      }
      default -> throw new IllegalStateException("the parser gave " + event.getEventId());
    };
  }

  private Node items(Position at, int depth) {
    List<Node> all = new ArrayList<>();
    for (Event event = events.next(); !ends(event); event = events.next()) {
      all.add(node(event, depth + 1));
    }
    return new Node.Items(at, List.copyOf(all));
  }

  private Node fields(Position at, int depth) {
    List<Node.Entry> all = new ArrayList<>();
    Map<String, Position> seen = new HashMap<>();
    for (Event event = events.next(); !ends(event); event = events.next()) {
      Node key = node(event, depth + 1);
      Node value = node(events.next(), depth + 1);
      if (!(key instanceof Node.Scalar scalar)) {
        problems.add(key.at(), "a key must be text, not " + key.kind());
        continue;
      }
      Position before = seen.putIfAbsent(scalar.value(), scalar.at());
      if (before != null) {
        problems.add(
            scalar.at(),
            Shape.key(scalar.value()) + " is here a second time; see line " + before.line());
        continue;
      }
      all.add(new Node.Entry(scalar.at(), scalar.value(), value));
    }
    return new Node.Fields(at, List.copyOf(all));
  }

  private void tag(Position at, Optional<String> tag) {
    if (tag.isPresent()) {
      problems.add(at, "tags (!name) are not read; take it away");
    }
  }

  private static boolean ends(Event event) {
    return switch (event.getEventId()) {
      case SequenceEnd, MappingEnd -> true;
      default -> false;
    };
  }

  /** The parser's words, on one line and without what is only a list of all possibilities. */
  private static String problem(String said) {
    String line = said.lines().findFirst().orElse("");
    return line.length() > 120 ? line.substring(0, 120) + "…" : line;
  }

  private static Position position(Event event) {
    return event.getStartMark().map(YamlReader::position).orElse(Position.START);
  }

  private static Position position(Mark mark) {
    return new Position(mark.getLine() + 1, mark.getColumn() + 1);
  }
}
