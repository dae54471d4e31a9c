package dev.carafe.image.tar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Checks and takes apart the names that archives contain. */
public final class TarPath {
  private TarPath() {}

  /**
   * The components of {@code name}: empty for the root. A leading slash means the image's own root,
   * as every unpacker has it; {@code .} and doubled slashes vanish.
   *
   * @throws BadArchiveException when it climbs ({@code ..}), has a zero byte, or is longer than
   *     Linux allows
   */
  public static List<String> components(String name) throws BadArchiveException {
    if (name.length() > TarLimits.PATH_BYTES) {
      throw new BadArchiveException(
          "a name of " + name.length() + " bytes is longer than " + TarLimits.PATH_BYTES);
    }
    List<String> components = new ArrayList<>();
    int from = 0;
    while (from <= name.length()) {
      int slash = name.indexOf('/', from);
      int to = slash < 0 ? name.length() : slash;
      String component = name.substring(from, to);
      from = to + 1;
      if (component.isEmpty() || component.equals(".")) {
        continue;
      }
      if (component.equals("..")) {
        throw new BadArchiveException("the name " + shown(name) + " leads upwards");
      }
      if (component.length() > TarLimits.NAME_BYTES) {
        throw new BadArchiveException(
            "the name "
                + shown(name)
                + " has a part longer than "
                + TarLimits.NAME_BYTES
                + " bytes");
      }
      if (component.indexOf('\0') >= 0) {
        throw new BadArchiveException("the name " + shown(name) + " contains a zero byte");
      }
      components.add(component);
    }
    return components;
  }

  /**
   * Like {@link #components}, for archives of which none has a root: refuses a leading slash too.
   */
  public static List<String> relative(String name) throws BadArchiveException {
    if (name.startsWith("/")) {
      throw new BadArchiveException("the name " + shown(name) + " is absolute");
    }
    return components(name);
  }

  /** {@code name} for a message: decoded, control characters replaced, shortened, in quotes. */
  public static String shown(String name) {
    String text = new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    StringBuilder shown = new StringBuilder("'");
    text.codePoints()
        .limit(200)
        .forEach(c -> shown.appendCodePoint(Character.isISOControl(c) ? '\uFFFD' : c));
    return shown.append(text.length() > 200 ? "…'" : "'").toString();
  }
}
