package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import dev.carafe.bottle.manifest.Agent;
import dev.carafe.bottle.manifest.ManifestName;
import dev.carafe.bottle.manifest.ManifestPlaces;
import dev.carafe.bottle.manifest.Origin;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.Machine;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * An agent's skills: directories of this host that are copied into the guest. Looked for in {@code
 * ~/.config/carafe/skills}, then in {@code ~/.claude/skills}, and for an agent of a repository last
 * in that repository's {@code .carafe/skills}, where no link is followed: it could bring any of the
 * user's files into the guest. Links within a skill are copied as links in any case.
 */
public final class Skills {
  private static final int MOST_FILES = 5_000;
  private static final long MOST_BYTES = 64L << 20;

  /** What is in the way is removed; it may be whatever the agent has left there. */
  private static final String REMOVE = "exec rm -rf -- \"$@\"";

  private final List<Skill> all;

  /**
   * A skill that was found.
   *
   * @param directory what is copied
   * @param origin who wrote it
   */
  public record Skill(String name, Path directory, Origin origin) {}

  private Skills(List<Skill> all) {
    this.all = List.copyOf(all);
  }

  /**
   * Finds the skills that an agent names. Reads directories only.
   *
   * @param home the user's home directory
   * @throws BottleException one sentence for each that is missing or cannot be used
   */
  public static Skills find(Agent agent, ManifestPlaces places, Path home) {
    List<Skill> found = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (String name : agent.skills()) {
      try {
        Optional<Skill> skill = find(name, agent.origin(), places, home);
        skill.ifPresent(found::add);
        if (skill.isEmpty()) {
          problems.add(missing(name, agent, places, home));
        } else {
          measure(skill.get()).ifPresent(problems::add);
        }
      } catch (IOException e) {
        problems.add(
            "the skill '"
                + name
                + "' cannot be read: "
                + Shown.text(String.valueOf(e.getMessage())));
      }
    }
    if (!problems.isEmpty()) {
      throw new BottleException(String.join("\n", problems));
    }
    return new Skills(found);
  }

  private static Optional<Skill> find(
      String name, Origin origin, ManifestPlaces places, Path home) {
    if (!ManifestName.valid(name)) {
      return Optional.empty();
    }
    for (Path directory : ofUser(places, home)) {
      Path skill = directory.resolve(name);
      if (Files.isDirectory(skill)) {
        return Optional.of(new Skill(name, skill, Origin.USER));
      }
    }
    Path skill = ofRepository(places).resolve(name);
    boolean taken = origin == Origin.REPOSITORY && leadsNowhereElse(skill, places.repository());
    return taken ? Optional.of(new Skill(name, skill, Origin.REPOSITORY)) : Optional.empty();
  }

  private static List<Path> ofUser(ManifestPlaces places, Path home) {
    return List.of(places.user().resolve("skills"), home.resolve(".claude").resolve("skills"));
  }

  private static Path ofRepository(ManifestPlaces places) {
    return places.repository().resolve(".carafe").resolve("skills");
  }

  /** Whether it is a directory, and neither it nor one above it is a link. */
  private static boolean leadsNowhereElse(Path skill, Path repository) {
    for (Path each = skill; !each.equals(repository); each = each.getParent()) {
      if (!Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) {
        return false;
      }
    }
    return true;
  }

  private static String missing(String name, Agent agent, ManifestPlaces places, Path home) {
    List<Path> looked = new ArrayList<>(ofUser(places, home));
    if (agent.origin() == Origin.REPOSITORY) {
      looked.add(ofRepository(places));
    }
    TreeSet<String> known = new TreeSet<>();
    for (Path directory : looked) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
        for (Path entry : entries) {
          String other = entry.getFileName().toString();
          if (known.size() < MOST_FILES && ManifestName.valid(other) && Files.isDirectory(entry)) {
            known.add(other);
          }
        }
      } catch (IOException e) {
        // Then there are none.
      }
    }
    return "the agent '"
        + agent.name()
        + "' has the skill '"
        + Shown.text(name)
        + "', which is in none of "
        + String.join(", ", looked.stream().map(Path::toString).toList())
        + (known.isEmpty() ? "" : ManifestName.instead(name, known));
  }

  /** A skill is text and a few programs. */
  private static Optional<String> measure(Skill skill) throws IOException {
    long[] files = new long[1];
    long[] bytes = new long[1];
    Files.walkFileTree(
        skill.directory().toRealPath(),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            files[0]++;
            bytes[0] += attributes.isRegularFile() ? attributes.size() : 0;
            return files[0] > MOST_FILES || bytes[0] > MOST_BYTES
                ? FileVisitResult.TERMINATE
                : FileVisitResult.CONTINUE;
          }
        });
    return files[0] > MOST_FILES || bytes[0] > MOST_BYTES
        ? Optional.of(
            "the skill in "
                + skill.directory()
                + " is larger than "
                + MOST_FILES
                + " files or "
                + (MOST_BYTES >> 20)
                + " MiB; take away what does not belong to it")
        : Optional.empty();
  }

  /** In the order in which the agent names them. */
  public List<Skill> all() {
    return all;
  }

  /**
   * Copies them into the guest, each in place of what has its name there. Blocks.
   *
   * @param directory where the provider looks for skills: absolute, in the user's home
   */
  public void put(Machine machine, GuestUser user, String directory, Injected injected) {
    if (all.isEmpty()) {
      return;
    }
    String attempted = "put skills into machine '" + machine.name() + "'";
    List<String> places = all.stream().map(skill -> directory + "/" + skill.name()).toList();
    GuestFiles.parents(machine, user, places.getFirst());
    // Not as root: the agent may have made a link of a directory on the way.
    GuestCommands.run(machine, user.name(), attempted, REMOVE, places);
    CopyOptions options = CopyOptions.DEFAULT.withOwner(user.uid(), user.gid());
    for (Skill skill : all) {
      String place = directory + "/" + skill.name();
      injected.add(place);
      machine.copyIn(skill.directory(), place, options);
    }
  }
}
