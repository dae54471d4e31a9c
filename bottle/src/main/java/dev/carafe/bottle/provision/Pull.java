package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Brings changes of a guest's workspace back into the directory that it was copied from. Each file
 * is replaced at once, or stays; nothing is written outside the directory, through a link, or where
 * a link of the guest's would lead out. What was not allowed, or has changed here since it was
 * looked at, stays as it is and is said.
 */
public final class Pull {
  /** A guest can make files that look much larger than any disk. */
  private static final long MOST_BYTES = 4L << 30;

  /** What may be lost here. Files that are not here yet are written in any case. */
  public enum Allowed {
    /** Files that are as they were copied in are replaced. */
    OVERWRITE,
    /** Files that are as they were copied in are deleted. */
    DELETE,
    /** The same for files that have been changed here, too. */
    CHANGED_HERE
  }

  /**
   * What came of it.
   *
   * @param done what is now here as in the guest
   * @param left what is not: sentences that begin with the file's name
   */
  public record Result(List<Change> done, List<String> left) {}

  private final GuestChanges changes;
  private final Set<Allowed> allowed;
  private final List<Change> done = new ArrayList<>();
  private final List<String> left = new ArrayList<>();

  private Pull(GuestChanges changes, Set<Allowed> allowed) {
    this.changes = changes;
    this.allowed = allowed.isEmpty() ? EnumSet.noneOf(Allowed.class) : EnumSet.copyOf(allowed);
  }

  /**
   * Brings back what was found. Blocks.
   *
   * @param allowed what may be lost by it
   * @throws BottleException when the directory cannot be written; says what was done before
   */
  public static Result apply(GuestChanges changes, Set<Allowed> allowed) {
    Pull pull = new Pull(changes, allowed);
    for (GuestChanges.Found each : changes.found()) {
      try {
        pull.apply(each);
      } catch (IOException e) {
        throw new BottleException(
            "'"
                + each.change().name()
                + "' cannot be brought into "
                + changes.host()
                + " ("
                + Shown.text(e.toString())
                + "); "
                + pull.done.size()
                + " before it were",
            e);
      }
    }
    if (pull.left.isEmpty()) {
      changes.done();
    }
    return new Result(List.copyOf(pull.done), List.copyOf(pull.left));
  }

  private void apply(GuestChanges.Found found) throws IOException {
    Change change = found.change();
    Path target = changes.host().resolve(change.path());
    String reason = reasonToLeave(found, target);
    if (reason.isEmpty()) {
      if (change.kind() == Change.Kind.DELETED) {
        Files.delete(target);
      } else {
        place(found, target);
      }
      done.add(change);
    } else {
      left.add("'" + change.name() + "' " + reason);
    }
  }

  private String reasonToLeave(GuestChanges.Found found, Path target) throws IOException {
    Change change = found.change();
    boolean isHere = found.here().kind() != '-';
    if (isHere && change.changedHere() && !allowed.contains(Allowed.CHANGED_HERE)) {
      return "has been changed here, too";
    }
    if (change.kind() == Change.Kind.DELETED && !allowed.contains(Allowed.DELETE)) {
      return "was deleted in the guest, and is kept here";
    }
    if (change.kind() != Change.Kind.DELETED && isHere && !allowed.contains(Allowed.OVERWRITE)) {
      return "would be overwritten";
    }
    for (Path above = target.getParent();
        !above.equals(changes.host());
        above = above.getParent()) {
      if (Files.exists(above, LinkOption.NOFOLLOW_LINKS)
          && !Files.isDirectory(above, LinkOption.NOFOLLOW_LINKS)) {
        return "is below what is no directory here, but a link or a file";
      }
    }
    if (!FileState.of(target).equals(found.here())) {
      return "has been changed here just now";
    }
    if (isHere && !found.here().isThing()) {
      return "is a directory here";
    }
    if (found.guest().size() > MOST_BYTES) {
      return "is larger than " + (MOST_BYTES >> 30) + " GiB; copy it by itself";
    }
    if (found.guest().kind() == 'l') {
      Path text = Files.readSymbolicLink(changes.inCopy(change.path()));
      if (!staysWithin(change.path(), text)) {
        return "is a link that leads out of the directory, or to git's own files";
      }
    }
    return "";
  }

  /** Whether a link leads to a place in the same tree that is not git's. */
  private static boolean staysWithin(Path link, Path text) {
    if (text.isAbsolute()) {
      return false;
    }
    int depth = link.getNameCount() - 1;
    boolean down = false;
    for (Path name : text) {
      boolean up = name.toString().equals("..");
      boolean stays = name.toString().equals(".");
      depth += up ? -1 : stays ? 0 : 1;
      // Behind a name, which may be a link itself, '..' leads anywhere.
      if (depth < 0 || up && down) {
        return false;
      }
      down |= !up && !stays;
    }
    Path leads = Path.of("/").resolve(link).getParent().resolve(text).normalize();
    return !GitPlaces.isGit(leads);
  }

  private void place(GuestChanges.Found found, Path target) throws IOException {
    Path from = changes.inCopy(found.change().path());
    Files.createDirectories(target.getParent());
    Path beside = target.resolveSibling(".carafe-pull-" + UUID.randomUUID());
    try {
      if (found.guest().kind() == 'l') {
        Files.createSymbolicLink(beside, Files.readSymbolicLink(from));
      } else {
        Files.copy(from, beside, LinkOption.NOFOLLOW_LINKS);
        Files.setPosixFilePermissions(beside, permissions(from, target));
      }
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  /** A file that is here keeps its permissions, but for whether it can be executed. */
  private static Set<PosixFilePermission> permissions(Path from, Path target) throws IOException {
    Set<PosixFilePermission> guest = Files.getPosixFilePermissions(from);
    boolean execute = guest.contains(PosixFilePermission.OWNER_EXECUTE);
    Set<PosixFilePermission> all = EnumSet.noneOf(PosixFilePermission.class);
    all.addAll(
        Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
            ? Files.getPosixFilePermissions(target)
            : guest);
    all.remove(PosixFilePermission.OTHERS_WRITE);
    all.addAll(Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
    set(all, execute, PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_EXECUTE);
    set(all, execute, PosixFilePermission.GROUP_READ, PosixFilePermission.GROUP_EXECUTE);
    set(all, execute, PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_EXECUTE);
    return all;
  }

  private static void set(
      Set<PosixFilePermission> all,
      boolean execute,
      PosixFilePermission read,
      PosixFilePermission also) {
    if (execute && all.contains(read)) {
      all.add(also);
    } else {
      all.remove(also);
    }
  }
}
