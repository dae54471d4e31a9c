package dev.carafe.image.tar;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The header of one entry of an archive, as it was written there: nothing in it can be trusted.
 *
 * @param name the path as the archive has it; see {@link #path}
 * @param size bytes that follow in the archive; for {@link Kind#SPARSE} fewer than the file has
 * @param mode permission and set-id bits, 0 to 07777
 * @param link the target of a link; empty for other kinds
 */
public record TarEntry(
    String name,
    Kind kind,
    long size,
    int mode,
    long uid,
    long gid,
    Instant modified,
    String link) {

  /** What an entry is. */
  public enum Kind {
    FILE,
    DIRECTORY,
    SYMLINK,
    /** Another name of an entry that came before. */
    HARD_LINK,
    /** A character or block device, or a pipe. */
    SPECIAL,
    /** A file with holes in GNU's old format: its content here is not its bytes. */
    SPARSE,
  }

  /** The steps of {@link #name}, see {@link #steps}. */
  public List<String> path() throws TarFormatException {
    return steps(name);
  }

  /**
   * The steps of a path that stays where it is put: relative, without {@code ..}. Empty and {@code
   * .} steps are dropped, so that {@code ./} is the empty list.
   *
   * @throws TarFormatException if the path is absolute, has a {@code ..}, or is very long
   */
  public static List<String> steps(String path) throws TarFormatException {
    if (path.startsWith("/")) {
      throw new TarFormatException("the path '" + shown(path) + "' is absolute");
    }
    if (path.indexOf('\0') >= 0) {
      throw new TarFormatException("the path '" + shown(path) + "' contains a NUL");
    }
    List<String> steps = new ArrayList<>();
    for (String step : path.split("/")) {
      if (step.equals("..")) {
        throw new TarFormatException("the path '" + shown(path) + "' leads upwards");
      }
      if (!step.isEmpty() && !step.equals(".")) {
        steps.add(step);
      }
    }
    if (steps.size() > 1000) {
      throw new TarFormatException("the path '" + shown(path) + "' has more than 1000 steps");
    }
    return List.copyOf(steps);
  }

  /** The text in a form that is fit for a message: short, without control characters. */
  public static String shown(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return plain.length() > 80 ? plain.substring(0, 80) + "…" : plain;
  }
}
