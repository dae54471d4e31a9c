package dev.carafe.bottle.manifest;

import dev.carafe.egress.yaml.Position;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The files {@code NAME.md} of one directory. In the user's own directory links are followed, but
 * not out of it: what a link brings in from elsewhere, somebody else may have written. In a
 * repository no link is followed at all: it could make any file of the user's a prompt. What is
 * left out is a problem, never silent.
 */
public final class ManifestDirectory {
  static final int MOST_FILES = 500;
  static final int MOST_FILES_OF_REPOSITORY = 100;

  /** Of a directory; no more are looked at. */
  private static final int MOST_ENTRIES = 5_000;

  private static final String SUFFIX = ".md";

  private final Path directory;
  private final Origin origin;
  private final List<ManifestProblem> problems;
  private final List<Found> found = new ArrayList<>();

  /** A file that may be read. */
  public record Found(String name, Path path, byte[] bytes) {}

  private ManifestDirectory(Path directory, Origin origin, List<ManifestProblem> problems) {
    this.directory = directory;
    this.origin = origin;
    this.problems = problems;
  }

  /**
   * The files of a directory of the user's, by name.
   *
   * @param directory need not exist
   * @param top the user's own directory, which nothing may lead out of; it may be a link itself
   */
  public static List<Found> ofUser(Path directory, Path top, List<ManifestProblem> problems) {
    ManifestDirectory reader = new ManifestDirectory(directory, Origin.USER, problems);
    if (Files.isDirectory(directory)) {
      try {
        reader.readUsers(top.toRealPath());
      } catch (IOException e) {
        reader.unreadable(directory, e);
      }
    }
    return reader.found;
  }

  /**
   * The files of a directory in a repository, by name.
   *
   * @param top the repository, which may be a link itself
   */
  static List<Found> ofRepository(Path directory, Path top, List<ManifestProblem> problems) {
    ManifestDirectory reader = new ManifestDirectory(directory, Origin.REPOSITORY, problems);
    for (Path each = directory; !each.equals(top); each = each.getParent()) {
      if (Files.isSymbolicLink(each)) {
        reader.problem(each, "this is a link, which is not followed in a repository");
        return List.of();
      }
    }
    if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      try {
        reader.readRepositorys();
      } catch (IOException e) {
        reader.unreadable(directory, e);
      }
    }
    return reader.found;
  }

  private void readUsers(Path top) throws IOException {
    if (!directory.toRealPath().startsWith(top)) {
      problem(
          directory,
          "this leads out of " + top + ", where alone your files are read; move them there");
      return;
    }
    if (anybodyWrites(top) || anybodyWrites(directory)) {
      return;
    }
    for (Path file : files(MOST_FILES)) {
      try {
        readUsersFile(file, top);
      } catch (NoSuchFileException e) {
        problem(file, "this link leads nowhere; take it away");
      } catch (IOException e) {
        unreadable(file, e);
      }
    }
  }

  private void readUsersFile(Path file, Path top) throws IOException {
    Path real = file.toRealPath();
    if (!real.startsWith(top)) {
      problem(
          file, "this leads out of " + top + ", where alone your files are read; copy it there");
    } else if (!Files.isRegularFile(real)) {
      problem(file, "this is not a file");
    } else if (!anybodyWrites(real)) {
      read(file);
    }
  }

  private void readRepositorys() throws IOException {
    for (Path file : files(MOST_FILES_OF_REPOSITORY)) {
      if (Files.isSymbolicLink(file)) {
        problem(file, "this is a link, which is not followed in a repository");
      } else if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        problem(file, "this is not a file");
      } else {
        read(file);
      }
    }
  }

  private void read(Path file) {
    String name = file.getFileName().toString();
    LinkOption[] links =
        origin == Origin.REPOSITORY
            ? new LinkOption[] {LinkOption.NOFOLLOW_LINKS}
            : new LinkOption[] {};
    try (InputStream in = Files.newInputStream(file, links)) {
      found.add(
          new Found(
              name.substring(0, name.length() - SUFFIX.length()),
              file,
              in.readNBytes(FrontMatter.MOST_BYTES + 1)));
    } catch (IOException e) {
      unreadable(file, e);
    }
  }

  /** What is named as it must be, sorted. */
  private List<Path> files(int most) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      int seen = 0;
      for (Path entry : entries) {
        if (++seen > MOST_ENTRIES) {
          problem(directory, "there are more than " + MOST_ENTRIES + " files in this directory");
          break;
        }
        if (isNamed(entry)) {
          files.add(entry);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    files.sort(null);
    if (files.size() > most) {
      problem(
          directory,
          "there are more than " + most + " files in this directory; the last ones are not read");
      return files.subList(0, most);
    }
    return files;
  }

  private boolean isNamed(Path entry) {
    String name = entry.getFileName().toString();
    if (name.endsWith(SUFFIX)
        && ManifestName.valid(name.substring(0, name.length() - SUFFIX.length()))) {
      return true;
    }
    String small = name.toLowerCase(Locale.ROOT);
    boolean meant =
        small.endsWith(SUFFIX)
            || small.endsWith(".markdown")
            || small.endsWith(".yaml")
            || small.endsWith(".yml");
    if (meant && !small.startsWith(".") && !small.equals("readme.md")) {
      problem(entry, "this is not read: a file is called NAME.md, NAME being " + ManifestName.RULE);
    }
    return false;
  }

  /** What everybody on this host can write is nobody's own. */
  private boolean anybodyWrites(Path path) throws IOException {
    boolean anybody =
        Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_WRITE);
    if (anybody) {
      problem(path, "everybody on this host can change this, so it is not read: chmod o-w it");
    }
    return anybody;
  }

  private void unreadable(Path path, IOException e) {
    problem(
        path,
        "this cannot be read; look at its permissions (" + e.getClass().getSimpleName() + ")");
  }

  private void problem(Path path, String sentence) {
    problems.add(ManifestProblem.in(shown(path), Position.START, sentence));
  }

  /** The name of a repository's file is its author's: no control character of it is repeated. */
  private Path shown(Path path) {
    StringBuilder name = new StringBuilder();
    path.getFileName()
        .toString()
        .codePoints()
        .limit(100)
        .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c)
        .forEach(name::appendCodePoint);
    return path.resolveSibling(name.toString());
  }
}
