package dev.carafe.image;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A few files of an image in the store, without a machine. It reads the layers from the highest
 * down, until it has seen all that it was asked for. Links are seen as links.
 */
public final class ImageGlance {
  private static final int MOST_BYTES = 64 * 1024;
  private static final String GONE = ".wh.";

  private final Map<String, Optional<byte[]>> files;

  private ImageGlance(Map<String, Optional<byte[]>> files) {
    this.files = files;
  }

  /**
   * Looks for these files. Blocks while it reads layers: a second for some hundred megabytes.
   *
   * @param paths absolute
   * @throws ImageException when the image cannot be read
   */
  public static ImageGlance of(ImageStore store, Image image, Set<String> paths) {
    Map<String, Optional<byte[]>> files = new HashMap<>();
    Set<String> open = new HashSet<>(paths);
    for (String layer : image.layers().reversed()) {
      if (open.isEmpty()) {
        break;
      }
      try (InputStream in = store.openLayer(layer)) {
        look(new TarReader(in), open, files);
      } catch (IOException e) {
        throw new ImageException("look into the image " + image.digest(), Reasons.of(e), e);
      }
    }
    return new ImageGlance(files);
  }

  /** What a layer says of a path goes for all below it: it is there, or it is gone. */
  private static void look(TarReader tar, Set<String> open, Map<String, Optional<byte[]>> files)
      throws IOException {
    Set<String> gone = new HashSet<>();
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      String path = absolute(entry.name());
      if (open.remove(path)) {
        boolean isFile = entry.type() == TarEntry.Type.FILE;
        files.put(
            path, isFile ? Optional.of(tar.contents().readNBytes(MOST_BYTES)) : Optional.empty());
      }
      int name = path.lastIndexOf('/') + 1;
      if (path.startsWith(GONE, name)) {
        gone.add(path.substring(0, name) + path.substring(name + GONE.length()));
      }
    }
    open.removeIf(path -> gone.stream().anyMatch(each -> covers(each, path)));
  }

  private static boolean covers(String gone, String path) {
    boolean opaque = gone.endsWith("/.wh..opq");
    String directory = opaque ? gone.substring(0, gone.length() - ".wh..opq".length()) : gone + "/";
    return path.equals(gone) || path.startsWith(directory);
  }

  private static String absolute(String name) {
    String plain = name.startsWith("./") ? name.substring(1) : name;
    return plain.startsWith("/") ? plain : "/" + plain;
  }

  /** Whether there is something of that name. */
  public boolean has(String path) {
    return files.containsKey(path);
  }

  /** The lines of a file, in its first 64 KiB; empty when it is a link, or not there. */
  public Optional<List<String>> lines(String path) {
    return files
        .getOrDefault(path, Optional.empty())
        .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1))
        .map(text -> text.lines().toList());
  }
}
