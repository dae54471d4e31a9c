package dev.carafe.machine.host;

import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The host's package manager: installs packages as root, and fetches a package without installing
 * it as anybody. Sources, keys, proxies and credentials are always the host's own; apt checks
 * signatures and hashes.
 *
 * <p>Package lists are a matter of their own: a fresh container has none, and an ordinary user
 * cannot update them. So when the host's lists do not help, fetching goes on with private lists
 * below {@code directory}.
 */
final class Apt {
  private static final Duration QUERY = Duration.ofMinutes(1);
  private static final Duration FETCH = Duration.ofMinutes(30);
  private static final Pattern DEPENDS = Pattern.compile("\\s*\\|?Depends: ([a-z0-9][a-z0-9.+-]+)");

  private final Programs programs;
  private final Path directory;
  private final boolean root;

  /**
   * @param directory where private lists may be kept; made when needed
   */
  Apt(Programs programs, Path directory, boolean root) {
    this.programs = programs;
    this.directory = directory;
    this.root = root;
  }

  /** Installs packages, without those they merely recommend. Only root can. */
  void install(List<String> packages, Progress progress) {
    String attempted = "install " + String.join(" ", packages);
    if (!root) {
      throw new MachineException(ErrorCode.HOST, attempted, "only root can");
    }
    List<String> argv = new ArrayList<>(List.of(program("apt-get"), "install", "-y"));
    argv.addAll(List.of("--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "-q", "--"));
    argv.addAll(packages);
    boolean updated = false;
    if (!hasLists()) {
      update(progress);
      updated = true;
    }
    progress.step("Installing " + String.join(" ", packages));
    Tool done = interactionless(attempted, argv);
    if (done.exitCode() != 0 && !updated) {
      // Old lists name versions that the archive no longer has.
      update(progress);
      progress.step("Installing " + String.join(" ", packages));
      done = interactionless(attempted, argv);
    }
    done.orThrow(attempted, argv);
  }

  private void update(Progress progress) {
    progress.step("Fetching Debian's package lists");
    List<String> argv =
        List.of(program("apt-get"), "update", "-q", "-o", "DPkg::Lock::Timeout=300");
    interactionless("fetch package lists", argv).orThrow("fetch package lists", argv);
  }

  private static Tool interactionless(String attempted, List<String> argv) {
    Map<String, String> env = Map.of("DEBIAN_FRONTEND", "noninteractive");
    return Tool.run(attempted, Path.of("/"), env, FETCH, argv);
  }

  private static boolean hasLists() {
    try (Stream<Path> lists = Files.list(Path.of("/var/lib/apt/lists"))) {
      return lists.anyMatch(list -> list.getFileName().toString().contains("_Packages"));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * The package that {@code metaPackage} depends on by the host's own lists, as {@code
   * name_version}. Fetches nothing; empty if the lists do not say.
   *
   * @param prefix how the name of the wanted dependency begins
   */
  Optional<String> candidate(String metaPackage, String prefix) {
    Lists lists = new Lists(List.of());
    return dependency(lists, metaPackage, prefix)
        .flatMap(
            name -> {
              List<String> argv =
                  lists.command(program("apt-cache"), "show", "--no-all-versions", name);
              return Tool.run("look for " + name, Path.of("/"), Map.of(), QUERY, argv)
                  .stdout()
                  .lines()
                  .filter(line -> line.startsWith("Version: "))
                  .map(line -> name + "_" + line.substring(9).strip())
                  .findFirst();
            });
  }

  /**
   * Fetches the package that {@code metaPackage} depends on.
   *
   * @param prefix how the name of the wanted dependency begins
   * @param into an empty directory; afterwards it holds the one package file
   * @param progress told of every step that takes long
   * @return the package file
   */
  Path download(String metaPackage, String prefix, Path into, Progress progress) {
    Lists lists = new Lists(List.of("-o", "APT::Sandbox::User=root"));
    Optional<String> wanted = dependency(lists, metaPackage, prefix);
    if (wanted.isPresent()) {
      progress.step("Fetching " + wanted.get());
      if (fetch(lists, wanted.get(), into).exitCode() == 0) {
        return only(into);
      }
    }
    lists = privateLists(progress);
    String name =
        dependency(lists, metaPackage, prefix)
            .orElseThrow(
                () ->
                    new MachineException(
                        ErrorCode.HOST,
                        "fetch package " + metaPackage,
                        "this host's package sources do not have it; add Debian's \"main\" to"
                            + " /etc/apt/sources.list.d"));
    progress.step("Fetching " + name);
    fetch(lists, name, into).orThrow("fetch package " + name, List.of("apt-get", "download", name));
    return only(into);
  }

  private Optional<String> dependency(Lists lists, String metaPackage, String prefix) {
    List<String> argv = lists.command(program("apt-cache"), "depends", metaPackage);
    Tool said = Tool.run("look for " + metaPackage, Path.of("/"), Map.of(), QUERY, argv);
    return said.exitCode() == 0 ? dependency(said.stdout(), prefix) : Optional.empty();
  }

  /** The first dependency with that prefix in the output of {@code apt-cache depends}. */
  static Optional<String> dependency(String printed, String prefix) {
    return printed
        .lines()
        .map(DEPENDS::matcher)
        .filter(Matcher::matches)
        .map(matcher -> matcher.group(1))
        .filter(name -> name.startsWith(prefix))
        .findFirst();
  }

  private Tool fetch(Lists lists, String name, Path into) {
    List<String> argv = lists.command(program("apt-get"), "-q", "download", name);
    return Tool.run("fetch package " + name, into, Map.of(), FETCH, argv);
  }

  private static Path only(Path into) {
    try (Stream<Path> files = Files.list(into)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".deb"))
          .findFirst()
          .orElseThrow(
              () ->
                  new MachineException(
                      ErrorCode.HOST, "fetch a package", "apt-get left no package file"));
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "fetch a package", e.getMessage(), e);
    }
  }

  private Lists privateLists(Progress progress) {
    String attempted = "fetch package lists";
    Path configuration = directory.resolve("apt.conf");
    try {
      Files.createDirectories(directory.resolve("state/lists/partial"));
      Files.createDirectories(directory.resolve("cache/archives/partial"));
      Files.writeString(configuration, configuration(directory));
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, attempted, e.getMessage(), e);
    }
    progress.step("Fetching Debian's package lists into " + directory);
    Lists lists = new Lists(List.of("-c", configuration.toString()));
    List<String> argv = lists.command(program("apt-get"), "-q", "update");
    Tool.run(attempted, Path.of("/"), Map.of(), FETCH, argv).orThrow(attempted, argv);
    return lists;
  }

  /** Read by apt after the host's own configuration, which stays in force but for this. */
  static String configuration(Path directory) {
    String place = directory.toString();
    if (place.contains("\"") || place.contains("\n") || place.contains("\\")) {
      throw new MachineException(
          ErrorCode.HOST,
          "use " + place + " for package lists",
          "apt cannot be told of a directory with such a name; set XDG_CACHE_HOME to another");
    }
    // The host's hooks tidy the host's own directories, which is neither wanted nor possible here.
    return """
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        Dir::State "%1$s/state";
        Dir::State::lists "lists/";
        Dir::State::status "/var/lib/dpkg/status";
        Dir::Cache "%1$s/cache";
        Acquire::Languages "none";
        APT::Sandbox::User "root";
        """
        .formatted(place);
  }

  private String program(String name) {
    return programs
        .find(name)
        .orElseThrow(
            () ->
                new MachineException(
                    ErrorCode.HOST,
                    "fetch packages",
                    "there is no " + name + " on this host; Carafe needs Debian's apt"))
        .toString();
  }

  /** The options that make apt use certain lists. */
  private record Lists(List<String> options) {
    List<String> command(String program, String... arguments) {
      List<String> argv = new ArrayList<>(List.of(program));
      argv.addAll(options);
      argv.addAll(List.of(arguments));
      return argv;
    }
  }
}
