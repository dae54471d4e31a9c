package dev.carafe.image.store;

import dev.carafe.image.disk.Durable;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which images there are and what they are called. Readers take no lock: they see one whole state
 * or another. Writers take the catalog's lock, for moments only.
 *
 * <p>Blobs are collected only by someone who holds the intake lock alone; whoever is bringing blobs
 * in holds it shared, so that a blob cannot vanish between its arrival and its image's.
 */
public final class Catalog {
  private final StoreLayout layout;
  private final Names names;

  public Catalog(StoreLayout layout) {
    this.layout = layout;
    names = new Names(layout.names());
  }

  /** Somebody else is using what was to be removed. */
  public static final class InUseException extends IOException {
    private static final long serialVersionUID = 1L;

    InUseException(String digest) {
      super("a machine uses the image " + digest + "; delete the machine first");
    }
  }

  /** Held while blobs come in. */
  public Closeable intake() throws IOException {
    return FileLocks.shared(layout.lock("intake"));
  }

  /** Held while the image with this digest is made, so that only one process makes it. */
  public Closeable making(String digest) throws IOException {
    // One of 256 files, so that they need no removing.
    return FileLocks.exclusive(layout.lock("image-" + Digests.hex(digest).substring(0, 2)));
  }

  /**
   * Held while the base image is made, whose digest nobody knows before. Blocks.
   *
   * @param taken runs once if another process makes it just now
   */
  public Closeable makingBase(Runnable taken) throws IOException {
    Path file = layout.lock("base");
    Optional<FileLocks.Held> held = FileLocks.tryExclusive(file);
    if (held.isPresent()) {
      return held.get();
    }
    taken.run();
    return FileLocks.exclusive(file);
  }

  /** What a name stands for. Two small reads. */
  public Optional<ImageRecord> find(String name) throws IOException {
    Optional<Names.Entry> entry = names.read(name);
    return entry.isEmpty() ? Optional.empty() : byDigest(entry.get().digest());
  }

  /** What the file behind a name looked like when it was imported. */
  public Optional<String> stamp(String name) throws IOException {
    return names.read(name).map(Names.Entry::stamp);
  }

  /** The image with this digest. One small read. */
  public Optional<ImageRecord> byDigest(String digest) throws IOException {
    return ImageRecord.read(layout.record(digest));
  }

  /** All digests that begin so: 12 or more digits, with or without {@code sha256:}. */
  public List<String> byPrefix(String prefix) throws IOException {
    String hex = prefix.startsWith("sha256:") ? prefix.substring(7) : prefix;
    return hex.length() >= 12 && Digests.isHex(hex)
        ? digests().stream().filter(digest -> Digests.hex(digest).startsWith(hex)).toList()
        : List.of();
  }

  /** All images. */
  public List<ImageRecord> all() throws IOException {
    Map<String, List<String>> namesOf = new HashMap<>();
    for (Names.Entry entry : names.all()) {
      namesOf.computeIfAbsent(entry.digest(), digest -> new ArrayList<>()).add(entry.name());
    }
    List<ImageRecord> all = new ArrayList<>();
    for (String digest : digests()) {
      // The files of names decide; a record's list may lag behind after a crash.
      byDigest(digest)
          .ifPresent(r -> all.add(r.withNames(namesOf.getOrDefault(digest, List.of()))));
    }
    all.sort(
        Comparator.comparing(ImageRecord::created)
            .reversed()
            .thenComparing(r -> r.manifest().digest()));
    return all;
  }

  private Set<String> digests() throws IOException {
    Set<String> digests = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(layout.records())) {
      for (Path file : files) {
        String digest = Digests.ofHex(file.getFileName().toString());
        if (Digests.isDigest(digest)) {
          digests.add(digest);
        }
      }
    }
    return digests;
  }

  /** Whether a record and all its squashfs files are here. */
  public boolean has(String digest) throws IOException {
    return byDigest(digest).filter(this::isWhole).isPresent();
  }

  /** Whether all the squashfs files of an image are here. */
  public boolean isWhole(ImageRecord record) {
    for (Part part : record.parts()) { // on the way of every start: no stream
      if (!Files.exists(layout.squashfs(part.key()))) {
        return false;
      }
    }
    return true;
  }

  /** The squashfs with this key, when it is here and an image uses it. */
  public Optional<Part> part(String key) throws IOException {
    for (String digest : digests()) {
      for (Part part : byDigest(digest).map(ImageRecord::parts).orElse(List.of())) {
        if (part.key().equals(key) && Files.exists(layout.squashfs(key))) {
          return Optional.of(part);
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Adds an image whose blobs are in the store already.
   *
   * @param made finished files in a work directory, by the part's key. One that is here already
   *     stays as it is: a machine may have parts of it in its memory
   * @return false when a part is neither here nor made: it was removed meanwhile
   */
  public boolean add(ImageRecord record, Map<String, Path> made) throws IOException {
    try (var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      return addLocked(record, made);
    }
  }

  private boolean addLocked(ImageRecord record, Map<String, Path> made) throws IOException {
    for (Part part : record.parts()) {
      Path file = layout.squashfs(part.key());
      boolean here = Files.exists(file);
      if (!here && !made.containsKey(part.key())) {
        return false;
      }
      if (!here) {
        Durable.moveFlushed(made.get(part.key()), file);
      }
    }
    record.write(layout.record(record.manifest().digest()));
    writeIndex();
    return true;
  }

  /** Adds an image and names it, in one step for whoever prunes. */
  public boolean add(ImageRecord record, Map<String, Path> made, String name) throws IOException {
    try (var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      return addLocked(record, made) && nameLocked(name, record.manifest().digest(), "");
    }
  }

  /** Names an image; false when it has been removed meanwhile. */
  public boolean name(String name, String digest, String stamp) throws IOException {
    try (var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      return nameLocked(name, digest, stamp);
    }
  }

  private boolean nameLocked(String name, String digest, String stamp) throws IOException {
    Optional<ImageRecord> record = byDigest(digest).filter(this::isWhole);
    if (record.isEmpty()) {
      return false;
    }
    Optional<Names.Entry> before = names.read(name);
    List<String> more = new ArrayList<>(record.get().names());
    more.add(name);
    record.get().withNames(more).write(layout.record(digest));
    names.write(new Names.Entry(name, digest, stamp));
    if (before.isPresent() && !before.get().digest().equals(digest)) {
      forgetName(before.get());
    }
    writeIndex();
    return true;
  }

  private void forgetName(Names.Entry entry) throws IOException {
    Optional<ImageRecord> record = byDigest(entry.digest());
    if (record.isPresent()) {
      List<String> fewer = new ArrayList<>(record.get().names());
      fewer.remove(entry.name());
      record.get().withNames(fewer).write(layout.record(entry.digest()));
    }
  }

  /**
   * Takes a name away, and its image with it when it was the last one.
   *
   * @return whether there was such a name
   */
  public boolean removeName(String name, Set<String> inUse) throws IOException {
    try (var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      Optional<Names.Entry> entry = names.read(name);
      if (entry.isEmpty()) {
        return false;
      }
      String digest = entry.get().digest();
      boolean last =
          names.all().stream()
              .noneMatch(other -> other.digest().equals(digest) && !other.name().equals(name));
      if (last && inUse.contains(digest)) {
        throw new InUseException(digest);
      }
      names.delete(name);
      if (last) {
        deleteImage(digest);
      } else {
        forgetName(entry.get());
      }
      writeIndex();
    }
    collect();
    return true;
  }

  /** Removes an image and all its names. */
  public void removeImage(String digest, Set<String> inUse) throws IOException {
    try (var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      if (inUse.contains(digest)) {
        throw new InUseException(digest);
      }
      for (Names.Entry entry : names.all()) {
        if (entry.digest().equals(digest)) {
          names.delete(entry.name());
        }
      }
      deleteImage(digest);
      writeIndex();
    }
    collect();
  }

  /** Removes images that have no name and are not in use, and what nothing refers to. */
  public long prune(Set<String> inUse) throws IOException {
    long freed = WorkDirectory.reap(layout);
    try (var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      Set<String> keep = new HashSet<>(inUse);
      Set<String> present = digests();
      for (Names.Entry entry : names.all()) {
        if (present.contains(entry.digest())) {
          keep.add(entry.digest());
        } else {
          names.delete(entry.name());
        }
      }
      for (String digest : present) {
        if (!keep.contains(digest)) {
          freed += deleteImage(digest);
        }
      }
      for (Path directory : List.of(layout.root(), layout.names(), layout.records())) {
        deleteLeftOver(directory);
      }
      freed += deleteStraySquashfs();
      writeIndex();
    }
    return freed + collect();
  }

  private static void deleteLeftOver(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, ".*.new")) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** The keys of all squashfs files that images are stacked from. */
  private Set<String> keysInUse() throws IOException {
    Set<String> keys = new HashSet<>();
    for (String digest : digests()) {
      byDigest(digest).ifPresent(r -> r.parts().forEach(part -> keys.add(part.key())));
    }
    return keys;
  }

  private long deleteStraySquashfs() throws IOException {
    Set<String> known = keysInUse();
    long freed = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(layout.squashfs(), "*.squashfs")) {
      for (Path file : files) {
        String hex = file.getFileName().toString().replace(".squashfs", "");
        if (!known.contains(Digests.ofHex(hex))) {
          // What it took cannot be told from its length, which is the same for all.
          Files.deleteIfExists(file);
        }
      }
    }
    return freed;
  }

  /** Removes an image's record, and those of its squashfs files that no other image needs. */
  private long deleteImage(String digest) throws IOException {
    long freed = DiskUse.ofFile(layout.record(digest));
    List<Part> parts;
    try {
      parts = byDigest(digest).map(ImageRecord::parts).orElse(List.of());
    } catch (IOException damaged) {
      parts = List.of(new Part(digest, 0, 0)); // it goes all the same
    }
    // The record first: a record promises its files.
    Files.deleteIfExists(layout.record(digest));
    Durable.flushDirectory(layout.records());
    Set<String> needed = keysInUse();
    for (Part part : parts) {
      if (!needed.contains(part.key())) {
        Files.deleteIfExists(layout.squashfs(part.key()));
        freed += part.bytes();
      }
    }
    Durable.flushDirectory(layout.squashfs());
    return freed;
  }

  /**
   * Removes blobs that no image needs, unless someone is bringing blobs in right now; returns the
   * bytes that frees.
   */
  public long collect() throws IOException {
    Optional<FileLocks.Held> alone = FileLocks.tryExclusive(layout.lock("intake"));
    if (alone.isEmpty()) {
      return 0; // the next removal or prune does it
    }
    try (var _ = alone.get();
        var _ = FileLocks.exclusive(layout.lock("catalog"))) {
      Set<String> needed = new HashSet<>();
      for (String digest : digests()) {
        Optional<ImageRecord> record = byDigest(digest);
        if (record.isPresent()) {
          needed.add(digest);
          needed.add(record.get().configDigest());
          needed.addAll(record.get().layers());
        }
      }
      long freed = 0;
      try (DirectoryStream<Path> files = Files.newDirectoryStream(layout.blobs())) {
        for (Path file : files) {
          if (!needed.contains(Digests.ofHex(file.getFileName().toString()))) {
            freed += DiskUse.ofFile(file);
            Files.deleteIfExists(file);
          }
        }
      }
      Durable.flushDirectory(layout.blobs());
      return freed;
    }
  }

  private void writeIndex() throws IOException {
    Durable.write(layout.index(), OciIndex.write(all()));
  }
}
