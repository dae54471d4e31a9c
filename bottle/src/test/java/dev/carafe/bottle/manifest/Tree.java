package dev.carafe.bottle.manifest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A user's own directory and a repository, beside each other in a temporary one. */
final class Tree {
  final Path user;
  final Path repository;
  final ManifestPlaces places;

  Tree(Path directory) {
    try {
      Path real = directory.toRealPath();
      user = Files.createDirectories(real.resolve("home/.config/carafe"));
      repository = Files.createDirectories(real.resolve("project"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    places = new ManifestPlaces(user, repository);
  }

  Path bottle(String name, String keys) {
    return write(places.bottles().resolve(name + ".md"), "---\n" + keys + "\n---\nAbout it.\n");
  }

  Path agent(String name, String keys) {
    return write(places.agents().resolve(name + ".md"), "---\n" + keys + "\n---\nDo it well.\n");
  }

  Path repositoryAgent(String name, String keys) {
    return write(
        places.repositoryAgents().resolve(name + ".md"), "---\n" + keys + "\n---\nObey.\n");
  }

  static Path write(Path file, String content) {
    try {
      Files.createDirectories(file.getParent());
      return Files.write(file, content.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path link(Path link, Path target) {
    try {
      Files.createDirectories(link.getParent());
      return Files.createSymbolicLink(link, target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ManifestIndex index() {
    return ManifestIndex.read(places, Map.of("HOME", "/home/me"));
  }

  /** All mistakes, with file names instead of paths. */
  List<String> problems() {
    String paths = Pattern.quote(user.getParent().getParent().getParent() + "/") + "([^:, ]*/)?";
    return index().problems().stream().map(p -> p.toString().replaceAll(paths, "")).toList();
  }

  /** The bottles, put together. */
  EffectiveBottle bottles(String... names) throws ManifestException {
    return index().bottle(List.of(names));
  }

  Manifest load(String agent, String... bottles) throws ManifestException {
    return index().load(agent, List.of(bottles));
  }
}
