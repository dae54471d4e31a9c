package dev.carafe.image.layer;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an overlay file system shows of trees stacked on each other, by the rules in Linux's {@code
 * overlayfs.rst} and nothing else.
 */
final class Stacked {
  private static final String OPAQUE = "trusted.overlay.opaque";

  /** A name; children only of directories. */
  private record Node(String line, boolean whiteout, boolean opaque, Map<String, Node> children) {}

  private Stacked() {}

  /** A line for every name and all that is known of it, of trees given as tars, lowest first. */
  static List<String> lines(List<byte[]> tars) throws IOException {
    Node all = read(tars.getFirst());
    for (byte[] tar : tars.subList(1, tars.size())) {
      all = over(read(tar), all);
    }
    List<String> lines = new ArrayList<>();
    list("", all, lines);
    return lines;
  }

  private static Node over(Node upper, Node lower) {
    if (lower == null || lower.children() == null || upper.children() == null || upper.opaque()) {
      return upper;
    }
    Map<String, Node> merged = new TreeMap<>(lower.children());
    for (Map.Entry<String, Node> child : upper.children().entrySet()) {
      if (child.getValue().whiteout()) {
        merged.remove(child.getKey());
      } else {
        merged.put(child.getKey(), over(child.getValue(), merged.get(child.getKey())));
      }
    }
    return new Node(upper.line(), false, lower.opaque(), merged);
  }

  private static Node read(byte[] tar) throws IOException {
    Node root = new Node("", false, false, new TreeMap<>());
    Map<String, String> written = new TreeMap<>();
    TarReader reader = new TarReader(new ByteArrayInputStream(tar));
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      String[] path = entry.name().split("/");
      Node parent = root;
      for (int i = 0; i < path.length - 1; i++) {
        parent = parent.children().get(path[i]);
      }
      String line;
      if (entry.type() == Type.HARD_LINK) {
        line = written.get(entry.link());
      } else {
        String contents = new String(reader.contents().readAllBytes(), StandardCharsets.ISO_8859_1);
        Map<String, String> xattrs = new TreeMap<>(entry.xattrs());
        xattrs.remove(OPAQUE);
        line =
            " %s %o %d:%d %d %d,%d %s %s <%s>"
                .formatted(
                    entry.type(),
                    entry.mode(),
                    entry.uid(),
                    entry.gid(),
                    entry.mtime(),
                    entry.major(),
                    entry.minor(),
                    entry.link(),
                    xattrs,
                    contents);
      }
      written.put(entry.name(), line);
      boolean whiteout =
          entry.type() == Type.CHARACTER_DEVICE && entry.major() == 0 && entry.minor() == 0;
      boolean opaque = "y".equals(entry.xattrs().get(OPAQUE));
      parent
          .children()
          .put(
              path[path.length - 1],
              new Node(
                  line, whiteout, opaque, entry.type() == Type.DIRECTORY ? new TreeMap<>() : null));
    }
    return root;
  }

  private static void list(String path, Node directory, List<String> lines) {
    directory
        .children()
        .forEach(
            (name, node) -> {
              if (!node.whiteout()) {
                lines.add(path + "/" + name + node.line());
              }
              if (node.children() != null) {
                list(path + "/" + name, node, lines);
              }
            });
  }
}
