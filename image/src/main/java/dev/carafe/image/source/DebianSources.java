package dev.carafe.image.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Picks Debian's own sources out of all that a host's apt is configured with. A source counts when
 * its suite is a Debian release (or that release's updates or security), it has the component main,
 * its key is one of Debian's archive keys or apt's own, and, where the host has its lists, they say
 * {@code Origin: Debian}.
 */
final class DebianSources {
  /** Suites that move on to the next release, and those that do not. */
  private static final Set<String> NAMED =
      Set.of("stable", "oldstable", "testing", "unstable", "sid");

  private final Path etc;
  private final Path lists;
  private final Path osRelease;

  /**
   * @param root {@code /}, or a directory that stands for it
   */
  DebianSources(Path root) {
    etc = root.resolve("etc/apt");
    lists = root.resolve("var/lib/apt/lists");
    osRelease = root.resolve("etc/os-release");
  }

  /**
   * @param suite the release to install from
   * @param text the sources in deb822 style
   * @param uris where they are
   */
  record Choice(String suite, String text, List<String> uris) {}

  Choice choose() throws IOException {
    List<AptSource> all = AptSource.read(etc).stream().filter(this::isDebian).toList();
    String suite = suite(all);
    StringBuilder text = new StringBuilder();
    List<String> uris = new ArrayList<>();
    for (AptSource source : all) {
      List<String> suites = source.suites().stream().filter(s -> belongs(s, suite)).toList();
      if (!suites.isEmpty()) {
        text.append(
            new AptSource(source.uris(), suites, List.of("main"), source.signedBy()).stanza());
        uris.addAll(source.uris());
      }
    }
    return new Choice(suite, text.toString(), List.copyOf(uris));
  }

  private String suite(List<AptSource> sources) throws IOException {
    List<String> plain = new ArrayList<>();
    for (AptSource source : sources) {
      for (String suite : source.suites()) {
        if (suite.indexOf('-') < 0 && suite.indexOf('/') < 0) {
          plain.add(suite);
        }
      }
    }
    if (plain.isEmpty()) {
      throw new IOException(
          "the apt configuration of this host ("
              + etc
              + ") names no Debian release to install from; name an image instead");
    }
    Optional<String> own = codename().filter(plain::contains);
    return own.orElse(plain.contains("stable") ? "stable" : plain.getFirst());
  }

  private Optional<String> codename() throws IOException {
    if (!Files.exists(osRelease)) {
      return Optional.empty();
    }
    return Files.readAllLines(osRelease).stream()
        .filter(line -> line.startsWith("VERSION_CODENAME="))
        .map(line -> line.substring("VERSION_CODENAME=".length()).replace("\"", ""))
        .findFirst();
  }

  private static boolean belongs(String suite, String release) {
    return suite.equals(release)
        || suite.equals(release + "-updates")
        || suite.equals(release + "-security")
        || suite.equals(release + "/updates");
  }

  private boolean isDebian(AptSource source) {
    return source.components().contains("main")
        && source.suites().stream().allMatch(DebianSources::isRelease)
        && hasDebianKey(source.signedBy())
        && source.uris().stream()
            .allMatch(uri -> source.suites().stream().noneMatch(s -> isForeign(uri, s)));
  }

  private static boolean isRelease(String suite) {
    String base = suite.replaceFirst("(-updates|-security|-backports|/updates)$", "");
    return NAMED.contains(base) || base.matches("[a-z]+");
  }

  private static boolean hasDebianKey(String signedBy) {
    if (signedBy.isEmpty()) {
      return true;
    }
    for (String key : signedBy.strip().split("\\s+")) {
      if (!Path.of(key).getFileName().toString().startsWith("debian-archive-")) {
        return false;
      }
    }
    return true;
  }

  /** Whether the lists that the host has of this source say that it is somebody else's. */
  private boolean isForeign(String uri, String suite) {
    String address = uri.replaceFirst("^[a-z+]+:/+", "").replaceFirst("/+$", "");
    String file =
        address.replace("_", "%5f").replace('/', '_') + "_dists_" + suite.replace('/', '_');
    for (String kind : List.of("_InRelease", "_Release")) {
      Path release = lists.resolve(file + kind);
      if (Files.isReadable(release)) {
        try {
          return Files.readAllLines(release).stream()
              .limit(20)
              .anyMatch(line -> line.startsWith("Origin:") && !line.equals("Origin: Debian"));
        } catch (IOException e) {
          return false; // unreadable lists prove nothing; apt checks the signature anyway
        }
      }
    }
    return false;
  }
}
