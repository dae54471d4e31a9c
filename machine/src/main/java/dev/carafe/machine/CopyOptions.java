package dev.carafe.machine;

import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * How to copy.
 *
 * @param intoDirectory if the destination is an existing directory, copy into it under the source's
 *     last name, as {@code cp} does
 * @param keepOwner keep numeric owners (copying out: only as root); otherwise root in the guest,
 *     the caller on the host
 * @param uid owner of everything copied in; wins over {@code keepOwner}
 * @param gid group of everything copied in; wins over {@code keepOwner}
 * @param mode permission bits for files copied in, 0 to 07777
 * @param mostBytes copying out: a guest that sends more data than this, holes not counted, is
 *     refused. However large, never more than twice the machine's disk and 8 GiB for its image
 * @param takes copying a tree in: whether an entry below its top, whose path it is given relative
 *     to that top, is copied. Nothing below a directory that is left out is looked at. Called by
 *     the thread that copies, once for each entry, a directory before what is in it
 */
public record CopyOptions(
    boolean intoDirectory,
    boolean keepOwner,
    OptionalInt uid,
    OptionalInt gid,
    OptionalInt mode,
    long mostBytes,
    Predicate<Path> takes) {
  private static final Predicate<Path> ALL = path -> true;

  public static final CopyOptions DEFAULT =
      new CopyOptions(
          false,
          false,
          OptionalInt.empty(),
          OptionalInt.empty(),
          OptionalInt.empty(),
          Long.MAX_VALUE,
          ALL);

  public CopyOptions withIntoDirectory() {
    return new CopyOptions(true, keepOwner, uid, gid, mode, mostBytes, takes);
  }

  public CopyOptions withKeepOwner() {
    return new CopyOptions(intoDirectory, true, uid, gid, mode, mostBytes, takes);
  }

  public CopyOptions withOwner(int owner, int group) {
    return new CopyOptions(
        intoDirectory,
        keepOwner,
        OptionalInt.of(owner),
        OptionalInt.of(group),
        mode,
        mostBytes,
        takes);
  }

  public CopyOptions withMode(int bits) {
    return new CopyOptions(
        intoDirectory, keepOwner, uid, gid, OptionalInt.of(bits), mostBytes, takes);
  }

  /** At most so many bytes; see {@link #mostBytes}. */
  public CopyOptions withMostBytes(long bytes) {
    return new CopyOptions(intoDirectory, keepOwner, uid, gid, mode, bytes, takes);
  }

  /** Only what {@code filter} takes; see {@link #takes}. */
  public CopyOptions withOnly(Predicate<Path> filter) {
    return new CopyOptions(intoDirectory, keepOwner, uid, gid, mode, mostBytes, filter);
  }
}
