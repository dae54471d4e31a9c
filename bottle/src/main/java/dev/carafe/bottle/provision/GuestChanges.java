package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a guest has done to its workspace, compared with what was copied in: a copy of it in a
 * private directory of this host, of which nothing is run and no link is followed. Nothing else on
 * this host is changed. To be closed, which removes the copy. One thread.
 *
 * <p>Git's own files are left out, unless a path is named that leads to them: their hooks and
 * settings are programs that run on this host as soon as somebody calls git. So are directories
 * that git takes for repositories although they have other names.
 */
public final class GuestChanges implements AutoCloseable {
  private static final int MOST_PATHS = 100;
  private static final int MOST_FILES = 500_000;

  /** Of all names together, for the memory that they take. */
  private static final int MOST_NAMES = 32 << 20;

  private static final CopyOptions LIMITED = CopyOptions.DEFAULT.withMostBytes(8L << 30);

  /** Exit codes for each kind of thing that may be at a path. */
  private static final String LOOK =
      """
      if [ -L "$1" ]; then exit 10; fi
      if [ -e "$1" ]; then exit 11; fi
      exit 12
      """;

  private static final int LINK = 10;
  private static final int THERE = 11;
  private static final int NOTHING = 12;

  private final ScratchDirectory copy;
  private final Path host;
  private final WorkspaceState launched;
  private final List<Path> wanted;
  private final Runnable pulled;
  private final Map<Path, Found> found = new TreeMap<>();
  private final Set<Path> bare = new HashSet<>();
  private long names;
  private final List<String> notes = new ArrayList<>();

  /** A change with what it was found from. */
  record Found(Change change, FileState guest, FileState here) {}

  private GuestChanges(
      ScratchDirectory copy,
      Path host,
      WorkspaceState launched,
      List<Path> wanted,
      Runnable pulled) {
    this.copy = copy;
    this.host = host;
    this.launched = launched;
    this.wanted = wanted;
    this.pulled = pulled;
  }

  /**
   * What is asked for.
   *
   * @param host the directory that was copied in
   * @param launched what was in it then
   * @param paths relative to the workspace; all of it, if there are none
   * @param ignored whether what git ignores in the host's directory is looked at when it is new
   * @param scratch a directory of this host with room for a copy of the workspace
   */
  public record Request(
      Path host, WorkspaceState launched, List<String> paths, boolean ignored, Path scratch) {}

  /**
   * Copies what is asked for out of a running guest, and compares it. Blocks.
   *
   * @param env this host's environment, for git
   * @throws BottleException when a path cannot be one of the workspace
   * @throws dev.carafe.machine.MachineException when the guest does not give it
   */
  public static GuestChanges look(
      Machine machine, GuestUser user, Request request, Map<String, String> env) {
    List<Path> wanted = request.paths().stream().map(GuestChanges::relative).toList();
    if (wanted.size() > MOST_PATHS) {
      throw new BottleException("name at most " + MOST_PATHS + " paths, or a directory above them");
    }
    ScratchDirectory copy = null;
    try {
      Path host = request.host().toRealPath();
      copy = ScratchDirectory.in(request.scratch());
      Runnable pulled =
          wanted.isEmpty() ? Unpulled.begin(machine, user.name(), user.home()) : () -> {};
      GuestChanges changes = new GuestChanges(copy, host, request.launched(), wanted, pulled);
      changes.copyOut(machine, user);
      changes.compare();
      if (!request.ignored()) {
        changes.leaveOutIgnored(env);
      }
      copy = null;
      return changes;
    } catch (IOException e) {
      throw new BottleException(
          "what has changed in the workspace cannot be found out: " + Shown.text(e.toString()), e);
    } finally {
      if (copy != null) {
        copy.close();
      }
    }
  }

  private static Path relative(String text) {
    try {
      Path path = Path.of(text).normalize();
      if (!text.isEmpty()
          && !path.isAbsolute()
          && !path.startsWith("..")
          && text.indexOf('\0') < 0
          && !path.toString().isEmpty()) {
        return path;
      }
    } catch (java.nio.file.InvalidPathException e) {
      // Said below.
    }
    throw new BottleException(
        "'"
            + Shown.text(text)
            + "' is no path in the workspace; write it relative to that directory");
  }

  private void copyOut(Machine machine, GuestUser user) throws IOException {
    if (wanted.isEmpty()) {
      machine.copyOut(user.workspace(), guestCopy(), LIMITED);
      return;
    }
    for (Path path : wanted) {
      String guest = user.workspace() + "/" + path;
      int there = GuestCommands.ask(machine, user.name(), LOOK, List.of(guest)).exitCode();
      switch (there) {
        case LINK ->
            throw new BottleException(
                "'" + Shown.path(path) + "' is a link in the guest; name the directory it is in");
        case NOTHING -> {
          if (!isKnown(path)) {
            throw new BottleException(
                "there is no '" + Shown.path(path) + "' in the workspace, and there was none");
          }
        }
        case THERE -> {
          Path place = guestCopy().resolve(path);
          Files.createDirectories(place.getParent());
          if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            machine.copyOut(guest, place, LIMITED);
          }
        }
        default ->
            throw new BottleException("the guest does not say what '" + Shown.path(path) + "' is");
      }
    }
  }

  private boolean isKnown(Path path) {
    return launched.files().keySet().stream().anyMatch(file -> file.startsWith(path));
  }

  /** Whether a path was asked for. */
  private boolean isWanted(Path path) {
    return wanted.isEmpty() || wanted.stream().anyMatch(path::startsWith);
  }

  /** Whether git's own files are meant by a path that was named. */
  private boolean isNamedGit(Path path) {
    return wanted.stream().anyMatch(w -> GitPlaces.isGit(w) && path.startsWith(w));
  }

  private boolean leadsToNamedGit(Path path) {
    return wanted.stream().anyMatch(w -> GitPlaces.isGit(w) && w.startsWith(path));
  }

  private void compare() throws IOException {
    if (Files.exists(guestCopy(), LinkOption.NOFOLLOW_LINKS)) {
      Scratch.open(guestCopy());
      Files.walkFileTree(guestCopy(), new Visitor());
    }
    for (Map.Entry<Path, FileState> each : launched.files().entrySet()) {
      Path path = each.getKey();
      if (isWanted(path) && !Files.exists(inCopy(path), LinkOption.NOFOLLOW_LINKS)) {
        FileState here = FileState.of(host.resolve(path));
        if (here.kind() != '-') {
          Change change = new Change(Change.Kind.DELETED, path, !here.equals(each.getValue()));
          found.put(path, new Found(change, FileState.NOTHING, here));
        }
      }
    }
  }

  private final class Visitor extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      Path path = guestCopy().relativize(directory);
      if (GitPlaces.isGit(path) && !isNamedGit(path) && !leadsToNamedGit(path)) {
        return FileVisitResult.SKIP_SUBTREE;
      }
      if (!isNamedGit(path) && GitPlaces.isBare(directory, host.resolve(path))) {
        bare.add(path);
        notes.add(
            (path.toString().isEmpty() ? "the workspace itself" : "'" + Shown.path(path) + "'")
                + " is left out: git would take it for a repository, and run what its settings say");
        return FileVisitResult.SKIP_SUBTREE;
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Path path = guestCopy().relativize(file);
      if (!GitPlaces.isGit(path) || isNamedGit(path)) {
        compare(path, file);
      }
      return FileVisitResult.CONTINUE;
    }
  }

  /** A guest's file is read only if it is as large as one that is known: it may have no end. */
  private void compare(Path path, Path file) throws IOException {
    FileState before = launched.at(path);
    FileState guest = FileState.glance(file);
    if (guest.looksLike(before)) {
      guest = FileState.of(file);
    }
    if (!guest.isThing() || guest.equals(before)) {
      return;
    }
    FileState here = FileState.of(host.resolve(path));
    if (guest.looksLike(here)) {
      guest = FileState.of(file);
    }
    if (!here.equals(guest)) {
      names += path.toString().length();
      if (found.size() >= MOST_FILES || names > MOST_NAMES) {
        throw new BottleException(
            "more has changed in the guest than can be looked at together ("
                + found.size()
                + " files); name a path");
      }
      Change.Kind kind = before.isThing() ? Change.Kind.CHANGED : Change.Kind.ADDED;
      found.put(path, new Found(new Change(kind, path, !here.equals(before)), guest, here));
    }
  }

  private void leaveOutIgnored(Map<String, String> env) {
    Optional<Path> git = HostGit.program(env);
    if (git.isEmpty() || !HostGit.isRepository(host)) {
      return;
    }
    List<Path> added =
        found.values().stream()
            .map(Found::change)
            .filter(change -> change.kind() == Change.Kind.ADDED)
            .map(Change::path)
            .filter(path -> !GitPlaces.isGit(path))
            .toList();
    Set<Path> ignored = HostGit.in(host, git.get(), env).ignored(added);
    ignored.forEach(found::remove);
    if (!ignored.isEmpty()) {
      notes.add(
          ignored.size()
              + (ignored.size() == 1
                  ? " new file that git ignores is"
                  : " new files that git ignores are")
              + " left out");
    }
  }

  /** What has changed, by path. */
  public List<Change> all() {
    return found.values().stream().map(Found::change).toList();
  }

  /** What was left out, and why: sentences. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  List<Found> found() {
    return List.copyOf(found.values());
  }

  /** The host's directory. */
  Path host() {
    return host;
  }

  /** All that was found is here now. */
  void done() {
    pulled.run();
  }

  /** The private directory, in which there is room for more. */
  Path scratch() {
    return copy.path();
  }

  Path inCopy(Path path) {
    return guestCopy().resolve(path);
  }

  private Path guestCopy() {
    return copy.path().resolve("guest");
  }

  /** Removes the copy. Idempotent. */
  @Override
  public void close() {
    copy.close();
  }
}
