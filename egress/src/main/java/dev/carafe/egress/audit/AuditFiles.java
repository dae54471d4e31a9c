package dev.carafe.egress.audit;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The names of an audit's files, and what is in their lines. */
final class AuditFiles {
  private static final JsonFactory JSON = new JsonFactory();

  private AuditFiles() {}

  /** The file that a full one is renamed to; it keeps that name. */
  static Path putAside(Path file, long number) {
    String digits = Long.toString(number);
    return file.resolveSibling(
        file.getFileName() + "." + "0".repeat(Math.max(0, 6 - digits.length())) + digits);
  }

  /** Where the last link is kept a second time. */
  static Path head(Path file) {
    return file.resolveSibling(file.getFileName() + ".head");
  }

  /** What the one writer holds a lock on. Nobody else opens it: closing it would end the lock. */
  static Path lock(Path file) {
    return file.resolveSibling(file.getFileName() + ".lock");
  }

  /**
   * Refuses what is no file, links among it, before anything is made: writing would change what is
   * behind it, or wait for its reader.
   */
  static void onlyFiles(Path file) throws AuditException {
    for (Path each : List.of(file, head(file), lock(file))) {
      if (Files.exists(each, LinkOption.NOFOLLOW_LINKS)
          && !Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)) {
        throw new AuditException(
            "the audit "
                + file
                + " cannot be written: "
                + each
                + (Files.isSymbolicLink(each) ? " is a link, which is not followed" : " is no file")
                + "; name another file");
      }
    }
  }

  /** For its owner only: hosts and paths are nobody else's business. */
  static void create(Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
  }

  /** The files put aside, by their numbers. */
  static NavigableMap<Long, Path> aside(Path file) throws IOException {
    NavigableMap<Long, Path> found = new TreeMap<>();
    String start = file.getFileName() + ".";
    try (DirectoryStream<Path> all = Files.newDirectoryStream(file.toAbsolutePath().getParent())) {
      for (Path each : all) {
        String name = each.getFileName().toString();
        if (name.startsWith(start) && name.substring(start.length()).matches("[0-9]{6,15}")) {
          found.put(Long.parseLong(name.substring(start.length())), each);
        }
      }
    }
    return found;
  }

  /** What the head file says; empty when there is none that can be read. */
  static Optional<Chain> readHead(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(head(file))) {
      String text = new String(in.readNBytes(200), StandardCharsets.US_ASCII);
      String[] words = text.split("[ \n]");
      boolean whole =
          words.length >= 2 && words[0].matches("[0-9]{20}") && words[1].matches("[0-9a-f]{64}");
      return whole
          ? Optional.of(new Chain(Long.parseLong(words[0].substring(1)), words[1]))
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** The head file's content for a link; always of the same length. */
  static byte[] headText(Chain last) {
    String digits = Long.toString(last.sequence());
    return ("0".repeat(20 - digits.length()) + digits + " " + last.hash() + "\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * What every line has.
   *
   * @param numbers all numbers at the line's top
   */
  record Fields(long sequence, String previous, String kind, Map<String, Long> numbers) {}

  /** Reads a line without its line feed; empty when it is none of an audit. */
  static Optional<Fields> fields(byte[] line, int length) {
    long sequence = -1;
    String previous = null;
    String kind = null;
    Map<String, Long> numbers = new TreeMap<>();
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), line, 0, length)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (value == JsonToken.VALUE_NUMBER_INT) {
          long number = json.getLongValue();
          numbers.put(name, number);
          sequence = name.equals("seq") ? number : sequence;
        } else if (value == JsonToken.VALUE_STRING) {
          previous = name.equals("prev") ? json.getString() : previous;
          kind = name.equals("kind") ? json.getString() : kind;
        } else {
          json.skipChildren();
        }
      }
      boolean whole = json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null;
      return whole && sequence > 0 && previous != null && kind != null
          ? Optional.of(new Fields(sequence, previous, kind, numbers))
          : Optional.empty();
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }
}
