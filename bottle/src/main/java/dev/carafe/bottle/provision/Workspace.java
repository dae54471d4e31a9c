package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import dev.carafe.egress.secret.Literal;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.Machine;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A directory of this host of which a copy is worked in. Links in it are copied as links, and never
 * followed. What git ignores may be left out, by git's own word; {@code .git} is copied in any
 * case. The host's directory is never changed by it.
 */
public final class Workspace {
  private static final int MOST_FILES = 500_000;
  private static final int MOST_CONFIG = 256 * 1024;

  private static final Pattern USER = Pattern.compile("(?i)\\s*\\[user\\]\\s*");
  private static final Pattern AUTHOR = Pattern.compile("(?i)\\s*(?:name|email)\\s*=.*");

  /** A user and a password in an URL, or a header with a credential. */
  private static final Pattern CREDENTIAL =
      Pattern.compile("://[^/@\\s]*:[^/@\\s]+@|(?i:authorization:\\s*\\S+)");

  private final Path directory;
  private final Optional<Taken> taken;
  private final List<String> notes;

  /**
   * What is copied when not all is.
   *
   * @param paths files, and the directories above them
   * @param whole directories that are copied with all that is in them
   */
  private record Taken(Set<Path> paths, Set<Path> whole) {
    boolean takes(Path path) {
      if (path.startsWith(".git") || paths.contains(path)) {
        return true;
      }
      for (Path above = path; above != null; above = above.getParent()) {
        if (whole.contains(above)) {
          return true;
        }
      }
      return false;
    }
  }

  private Workspace(Path directory, Optional<Taken> taken, List<String> notes) {
    this.directory = directory;
    this.taken = taken;
    this.notes = List.copyOf(notes);
  }

  /**
   * Looks at a directory, and asks git what it ignores there. Changes nothing. Blocks.
   *
   * @param ignored whether what git ignores is copied too
   * @param forced whether it may be the home directory, or hold it
   * @param env this host's environment: where HOME is, and git
   * @throws BottleException when it cannot be copied, or should not
   */
  public static Workspace of(
      Path directory, boolean ignored, boolean forced, Map<String, String> env) {
    Path real;
    try {
      real = directory.toRealPath();
      if (!Files.isDirectory(real)) {
        throw new BottleException("the workspace '" + directory + "' is not a directory");
      }
      if (!forced) {
        refuseHome(directory, real, env);
      }
    } catch (IOException e) {
      throw new BottleException(
          "the workspace '" + directory + "' cannot be read; is there such a directory?", e);
    }
    List<String> notes = new ArrayList<>();
    Optional<Taken> taken = Optional.empty();
    if (!ignored && HostGit.isRepository(real)) {
      Path git =
          HostGit.program(env)
              .orElseThrow(
                  () ->
                      new BottleException(
                          "'"
                              + directory
                              + "' is a git repository, and without git on this host nobody knows"
                              + " what it ignores; install git, or have ignored files copied too"));
      HostGit repository = HostGit.in(real, git, env);
      Set<Path> files = repository.files();
      if (files.isEmpty() && !repository.ignored(List.of(Path.of("."))).isEmpty()) {
        // Git has nothing to say about what is in there.
        notes.add(
            "'" + directory + "' is ignored by the repository around it: all of it is copied");
      } else {
        taken = Optional.of(taken(real, files));
      }
    }
    lookAtRepository(real, notes);
    return new Workspace(real, taken, notes);
  }

  private static void refuseHome(Path named, Path real, Map<String, String> env)
      throws IOException {
    String home = env.getOrDefault("HOME", "");
    boolean holdsHome =
        !home.isEmpty()
            && Files.exists(Path.of(home))
            && Path.of(home).toRealPath().startsWith(real);
    if (holdsHome || real.getNameCount() == 0) {
      throw new BottleException(
          "'"
              + named
              + "' is "
              + (real.getNameCount() == 0
                  ? "the whole file system"
                  : "your home directory, or holds it")
              + ": all your keys would be in the bottle. Name the project's directory, or give --force");
    }
  }

  private static Taken taken(Path directory, Set<Path> files) {
    Set<Path> paths = new HashSet<>();
    Set<Path> whole = new HashSet<>();
    for (Path file : files) {
      paths.add(file);
      // A repository within: git lists it, and not what is in it.
      if (Files.isDirectory(directory.resolve(file), LinkOption.NOFOLLOW_LINKS)) {
        whole.add(file);
      }
      for (Path above = file.getParent(); above != null && paths.add(above); ) {
        above = above.getParent();
      }
    }
    return new Taken(paths, whole);
  }

  /** What will not work in the guest, or should not be there. */
  private static void lookAtRepository(Path directory, List<String> notes) {
    Path git = directory.resolve(".git");
    if (!Files.exists(git, LinkOption.NOFOLLOW_LINKS)) {
      if (HostGit.isRepository(directory)) {
        notes.add(
            "'" + directory + "' is a part of a repository; git does not know it in the bottle");
      }
    } else if (!Files.isDirectory(git, LinkOption.NOFOLLOW_LINKS)) {
      notes.add("'" + git + "' leads elsewhere; git does not find its repository in the bottle");
    } else {
      if (Files.exists(git.resolve("objects/info/alternates"))) {
        notes.add("'" + git + "' borrows from another repository, which is not in the bottle");
      }
      lookAtConfig(git.resolve("config"), notes);
    }
  }

  private static void lookAtConfig(Path config, List<String> notes) {
    try {
      if (!Files.isRegularFile(config) || Files.size(config) > MOST_CONFIG) {
        return;
      }
      int number = 0;
      boolean ofUser = false;
      for (String line : Files.readAllLines(config, java.nio.charset.StandardCharsets.ISO_8859_1)) {
        number++;
        ofUser = line.strip().startsWith("[") ? USER.matcher(line).matches() : ofUser;
        if (ofUser && AUTHOR.matcher(line).matches()) {
          notes.add(
              config
                  + ":"
                  + number
                  + ": for git in the bottle this comes before the author that your files name");
        }
        if (CREDENTIAL.matcher(line).find() || Literal.holdsToken(line)) {
          notes.add(
              config
                  + ":"
                  + number
                  + ": this looks like a credential, and will be in the bottle; take it out, and"
                  + " give the host a route with it");
        }
      }
    } catch (IOException e) {
      // The copy will say that it cannot be read.
    }
  }

  /** The directory of this host. */
  public Path directory() {
    return directory;
  }

  /** What the user should know before it is copied: sentences. */
  public List<String> notes() {
    return notes;
  }

  private boolean takes(Path path) {
    return taken.isEmpty() || taken.get().takes(path);
  }

  /**
   * Copies it to the user's workspace in the guest, with modes, links and times; the user owns all
   * of it. Blocks.
   *
   * @return what was copied
   * @throws BottleException when something in it cannot be read
   */
  public WorkspaceState put(Machine machine, GuestUser user) {
    // First: what somebody changes while it is copied is then a change, and not overlooked.
    WorkspaceState state = state();
    GuestFiles.parents(machine, user, user.workspace());
    machine.copyIn(
        directory,
        user.workspace(),
        CopyOptions.DEFAULT.withOwner(user.uid(), user.gid()).withOnly(this::takes));
    return state;
  }

  private WorkspaceState state() {
    Map<Path, FileState> files = new LinkedHashMap<>();
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
              Path relative = directory.relativize(path);
              boolean looked =
                  path.equals(directory) || !GitPlaces.isGit(relative) && takes(relative);
              return looked ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
                throws IOException {
              Path relative = directory.relativize(path);
              if (!GitPlaces.isGit(relative) && takes(relative)) {
                FileState state = FileState.of(path);
                if (state.isThing()) {
                  files.put(relative, state);
                }
                if (files.size() > MOST_FILES) {
                  throw new BottleException(
                      "the workspace '"
                          + directory
                          + "' has more than "
                          + MOST_FILES
                          + " files; name a directory with fewer");
                }
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new BottleException(
          "the workspace '" + directory + "' cannot be read: " + Shown.text(e.toString()), e);
    }
    return new WorkspaceState(files);
  }
}
