package dev.carafe.bottle.state;

import dev.carafe.image.Home;
import dev.carafe.image.disk.Durable;
import dev.carafe.image.disk.Lock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The bottles of one user: {@code $XDG_STATE_HOME/carafe/bottles/SLUG/}. Who runs a bottle holds a
 * lock in its directory, which the kernel takes back from whoever dies. Any thread, any number of
 * processes.
 */
public final class BottleStates {
  static final String RECORD = "bottle.json";
  static final String WORKSPACE = "workspace.txt";
  static final String LOG = "log.txt";
  static final String AUDIT = "audit.jsonl";
  private static final String LOCK = "lock";
  private static final String NAMING = "naming";
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final String FREEZING = "freezing";
  private static final String FROZEN = "frozen";

  /** Somebody may be looking whether it runs just when it is taken over. */
  private static final int TRIES = 10;

  private static final int NAMING_TRIES = 500;

  private static final long PAUSE_MILLIS = 20;
  private static final int MOST_BYTES = 1 << 20;
  private static final int OTHERS_WRITE = 2;

  private final Path directory;

  private BottleStates(Path directory) {
    this.directory = directory;
  }

  /** Those kept in this home. Makes nothing. */
  public static BottleStates of(Home home) {
    return new BottleStates(home.state().resolve("bottles"));
  }

  /**
   * A bottle that was found.
   *
   * @param frozen the image that it was last frozen to: then it stays when its session has ended
   * @param live whether a process runs it
   */
  public record Found(BottleRecord record, Path directory, Optional<String> frozen, boolean live) {
    /** Whether a process is about to run it, and its start has not come to its end. */
    public boolean starting() {
      return live && record.phase() == BottleRecord.Phase.MAKING;
    }

    /** Whether it can be used beside the process that runs it. */
    public boolean running() {
      return live && !starting();
    }

    /** Whether its session was ended so that it can be resumed. */
    public boolean kept() {
      return record.phase() == BottleRecord.Phase.KEPT
          || record.phase() == BottleRecord.Phase.ENDED && frozen.isPresent();
    }

    /** What was in the workspace when it was copied in; no file if there was none. */
    public Path workspace() {
      return directory.resolve(WORKSPACE);
    }

    /** What happened to it. */
    public Path log() {
      return directory.resolve(LOG);
    }

    /** What its sidecar let through and refused. */
    public Path audit() {
      return directory.resolve(AUDIT);
    }
  }

  /**
   * A directory that should be a bottle's, and cannot be read as one.
   *
   * @param inUse whether a process holds it, or nobody can tell
   * @param withheld whether it may be whole, and only not for this Carafe to read
   */
  public record Damaged(Path directory, String why, boolean inUse, boolean withheld) {
    public String slug() {
      return directory.getFileName().toString();
    }

    /** Whether it is what something that was killed has left, and may go. */
    public boolean removable() {
      return !inUse && !withheld;
    }
  }

  /**
   * All of them.
   *
   * @param bottles the one that was started first, first
   */
  public record Listing(List<Found> bottles, List<Damaged> damaged) {}

  /**
   * Begins to keep a bottle.
   *
   * @throws FileAlreadyExistsException if there is one of that slug
   */
  public HeldBottle create(BottleRecord record) throws IOException {
    Files.createDirectories(directory, PRIVATE);
    requireOwn(directory);
    Path made = directory.resolve(record.slug());
    for (int tries = 1; ; tries++) {
      Files.createDirectory(made, PRIVATE);
      try {
        return create(made, record);
      } catch (NoSuchFileException e) {
        // A clean-up has taken it for what a killed process had left.
        if (tries == TRIES) {
          throw e;
        }
      }
    }
  }

  private static HeldBottle create(Path made, BottleRecord record) throws IOException {
    Lock lock =
        take(made.resolve(LOCK)).orElseThrow(() -> new FileAlreadyExistsException(made.toString()));
    HeldBottle held = new HeldBottle(made, lock, record);
    try {
      held.update(record);
      return held;
    } catch (IOException e) {
      try {
        held.delete();
      } catch (IOException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  /**
   * Takes over a bottle that nobody runs; empty if somebody does.
   *
   * @throws NoSuchFileException if there is none of that slug
   */
  public Optional<HeldBottle> hold(String slug) throws IOException {
    Path place = existing(slug);
    Optional<Lock> lock = take(place.resolve(LOCK));
    if (lock.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new HeldBottle(place, lock.get(), read(place, slug)));
    } catch (IOException | RuntimeException e) {
      lock.get().close();
      throw e;
    }
  }

  /** Keeps all others from beginning a bottle until it is closed. Waits for who does that now. */
  public Lock naming() throws IOException {
    Files.createDirectories(directory, PRIVATE);
    requireOwn(directory);
    return take(directory.resolve(NAMING), NAMING_TRIES)
        .orElseThrow(
            () -> new IOException("another bottle's start does not let go of " + directory));
  }

  private static void requireOwn(Path place) throws IOException {
    Map<String, Object> is = Files.readAttributes(place, "unix:uid,mode");
    int self = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Optional<String> wrong = wrong(place, (Integer) is.get("uid"), (Integer) is.get("mode"), self);
    if (wrong.isPresent()) {
      throw new WithheldException(wrong.get());
    }
  }

  /** What others can write may say anything of any machine. */
  static Optional<String> wrong(Path place, int owner, int mode, int self) {
    if (owner != self) {
      return Optional.of(
          place + " belongs to another user (" + owner + "), so it is not read; chown it");
    }
    return (mode & OTHERS_WRITE) == 0
        ? Optional.empty()
        : Optional.of(
            "everybody on this host can change " + place + ", so it is not read: chmod o-w it");
  }

  private static Optional<Lock> take(Path file) throws IOException {
    return take(file, TRIES);
  }

  private static Optional<Lock> take(Path file, int most) throws IOException {
    for (int tries = 1; ; tries++) {
      Optional<Lock> lock = Lock.tryTake(file);
      if (lock.isPresent() || tries == most) {
        return lock;
      }
      LockSupport.parkNanos(PAUSE_MILLIS * 1_000_000);
    }
  }

  private Path existing(String slug) throws IOException {
    Path place = directory.resolve(Slug.valid(slug) ? slug : "-");
    if (Files.exists(directory)) {
      requireOwn(directory);
    }
    if (!Files.isRegularFile(place.resolve(RECORD))) {
      throw new NoSuchFileException(slug);
    }
    return place;
  }

  static BottleRecord read(Path place, String slug) throws IOException {
    requireOwn(place);
    Path file = place.resolve(RECORD);
    if (Files.size(file) > MOST_BYTES) {
      throw new IOException("it is too large");
    }
    return RecordJson.read(Files.readAllBytes(file), slug);
  }

  static Optional<String> frozen(Path place) throws IOException {
    try {
      return Optional.of(Files.readString(place.resolve(FROZEN)).strip());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new IOException("what it was frozen to cannot be read", e);
    }
  }

  /**
   * Keeps all others from freezing a bottle until it is closed; empty if somebody does that.
   *
   * @throws NoSuchFileException if there is none of that slug
   */
  public Optional<Lock> freezing(String slug) throws IOException {
    return take(existing(slug).resolve(FREEZING));
  }

  /**
   * Remembers that a bottle was frozen, whoever runs it; from now on it is kept.
   *
   * @throws NoSuchFileException if there is none of that slug
   */
  public void freezeDone(String slug, String reference) throws IOException {
    Durable.write(
        existing(slug).resolve(FROZEN), (reference + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** The bottle of that slug; empty if there is none. */
  public Optional<Found> find(String slug) throws IOException {
    try {
      Path place = existing(slug);
      return Optional.of(found(place, slug));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static Found found(Path place, String slug) throws IOException {
    return new Found(read(place, slug), place, frozen(place), live(place));
  }

  private static boolean live(Path place) throws IOException {
    return Lock.isTaken(place.resolve(LOCK));
  }

  /** Whether there is anything of that slug, readable or not. */
  public boolean isThere(String slug) {
    return Slug.valid(slug) && Files.exists(directory.resolve(slug), LinkOption.NOFOLLOW_LINKS);
  }

  /** All that there are. Changes nothing. */
  public Listing list() throws IOException {
    List<Found> bottles = new ArrayList<>();
    List<Damaged> damaged = new ArrayList<>();
    try (DirectoryStream<Path> places = Files.newDirectoryStream(directory)) {
      requireOwn(directory);
      for (Path place : places) {
        String slug = place.getFileName().toString();
        if (!Files.isDirectory(place) || !Slug.valid(slug)) {
          continue;
        }
        try {
          bottles.add(found(place, slug));
        } catch (NoSuchFileException e) {
          // It has just been removed, or a removal was cut short.
          if (Files.exists(place) && !mayBeLive(place)) {
            damaged.add(new Damaged(place, "its record is missing", false, false));
          }
        } catch (IOException e) {
          boolean withheld = e instanceof WithheldException;
          damaged.add(new Damaged(place, reason(e), mayBeLive(place), withheld));
        }
      }
    } catch (NoSuchFileException e) {
      // There has never been one.
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    bottles.sort(Comparator.comparing(found -> found.record().started()));
    return new Listing(bottles, damaged);
  }

  private static String reason(IOException e) {
    return e instanceof FileSystemException ? "it cannot be opened" : e.getMessage();
  }

  /** Where nobody can tell, somebody may hold it. */
  private static boolean mayBeLive(Path place) {
    try {
      return live(place);
    } catch (IOException e) {
      return true;
    }
  }

  /**
   * Removes what cannot be read, if nobody uses it, and it is still so.
   *
   * @return whether it is gone
   * @throws IOException if something is left
   */
  public boolean remove(Damaged damaged) throws IOException {
    Path place = damaged.directory();
    if (!Files.isDirectory(place)) {
      return true;
    }
    Optional<Lock> lock = Lock.tryTake(place.resolve(LOCK));
    if (lock.isEmpty()) {
      return false;
    }
    try (Lock held = lock.get()) {
      if (!isDamaged(place)) {
        return false;
      }
      Durable.deleteTree(place);
      return true;
    }
  }

  /** Not what is only not for this one to read. */
  private static boolean isDamaged(Path place) {
    try {
      read(place, place.getFileName().toString());
      frozen(place);
      return false;
    } catch (WithheldException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
