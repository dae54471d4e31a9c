package dev.carafe.image.source;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One package source of the host's apt: see sources.list(5), both its one-line and its deb822
 * style.
 *
 * @param signedBy key files, or one block of an inline key, as apt has it; empty for apt's own
 */
record AptSource(List<String> uris, List<String> suites, List<String> components, String signedBy) {

  AptSource {
    uris = List.copyOf(uris);
    suites = List.copyOf(suites);
    components = List.copyOf(components);
  }

  /** All enabled binary sources under {@code etc}, which is {@code /etc/apt}. */
  static List<AptSource> read(Path etc) throws IOException {
    List<AptSource> sources = new ArrayList<>();
    Path single = etc.resolve("sources.list");
    if (Files.exists(single)) {
      oneLine(Files.readAllLines(single), sources);
    }
    Path directory = etc.resolve("sources.list.d");
    if (Files.isDirectory(directory)) {
      List<Path> files = new ArrayList<>();
      try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
        all.forEach(files::add);
      }
      files.sort(null);
      for (Path file : files) {
        String name = file.getFileName().toString();
        try {
          if (name.endsWith(".list")) {
            oneLine(Files.readAllLines(file), sources);
          } else if (name.endsWith(".sources")) {
            deb822(file, sources);
          }
        } catch (MalformedInputException e) {
          throw new IOException("the apt source file " + file + " is not UTF-8", e);
        }
      }
    }
    return sources;
  }

  private static void oneLine(List<String> lines, List<AptSource> sources) {
    for (String line : lines) {
      String text = line.replaceFirst("#.*", "").strip();
      String signedBy = "";
      int open = text.indexOf('[');
      int close = text.indexOf(']');
      if (open > 0 && close > open) {
        for (String option : text.substring(open + 1, close).strip().split("\\s+")) {
          if (option.startsWith("signed-by=")) {
            signedBy = option.substring("signed-by=".length()).replace(',', ' ');
          }
        }
        text = text.substring(0, open) + " " + text.substring(close + 1);
      }
      List<String> words = List.of(text.split("\\s+"));
      if (words.size() >= 3 && words.getFirst().equals("deb")) {
        sources.add(
            new AptSource(
                List.of(words.get(1)),
                List.of(words.get(2)),
                words.subList(3, words.size()),
                signedBy));
      }
    }
  }

  private static void deb822(Path file, List<AptSource> sources) throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      Map<String, String> stanza = new LinkedHashMap<>();
      String field = "";
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.isBlank()) {
          add(stanza, sources);
          stanza.clear();
          field = "";
        } else if (line.startsWith("#")) {
          continue;
        } else if (line.startsWith(" ") || line.startsWith("\t")) {
          stanza.merge(field, line, (before, more) -> before + "\n" + more);
        } else {
          int colon = line.indexOf(':');
          field = line.substring(0, Math.max(colon, 0)).toLowerCase(Locale.ROOT);
          stanza.put(field, line.substring(colon + 1).strip());
        }
      }
      add(stanza, sources);
    }
  }

  private static void add(Map<String, String> stanza, List<AptSource> sources) {
    List<String> types = words(stanza.get("types"));
    if (types.contains("deb") && !"no".equalsIgnoreCase(stanza.get("enabled"))) {
      sources.add(
          new AptSource(
              words(stanza.get("uris")),
              words(stanza.get("suites")),
              words(stanza.get("components")),
              stanza.getOrDefault("signed-by", "")));
    }
  }

  private static List<String> words(String text) {
    return text == null || text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
  }

  /** As a deb822 stanza. */
  String stanza() {
    return "Types: deb\nURIs: "
        + String.join(" ", uris)
        + "\nSuites: "
        + String.join(" ", suites)
        + "\nComponents: "
        + String.join(" ", components)
        + "\n"
        + (signedBy.isEmpty() ? "" : "Signed-By: " + signedBy + "\n")
        + "\n";
  }
}
