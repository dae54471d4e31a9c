package dev.carafe.image.source;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/** The mirrors that the base image's apt fetches from: those of this host's own configuration. */
public final class AptMirrors {
  private AptMirrors() {}

  /**
   * The addresses of Debian's mirrors, by http and https.
   *
   * @param root {@code /}, or a directory that stands for it
   * @throws IOException when the configuration cannot be read, or names no Debian release; its
   *     message is a sentence
   */
  public static Set<URI> of(Path root) throws IOException {
    Set<URI> mirrors = new LinkedHashSet<>();
    for (String written : new DebianSources(root).choose().uris()) {
      URI uri;
      try {
        uri = URI.create(written);
      } catch (IllegalArgumentException e) {
        continue; // apt's own forms, such as mirror+file:
      }
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        mirrors.add(uri);
      }
    }
    if (mirrors.isEmpty()) {
      throw new IOException(
          "the apt configuration of this host names no Debian mirror with http or https");
    }
    return mirrors;
  }
}
