package dev.carafe.machine;

import java.util.OptionalInt;

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
 */
public record CopyOptions(
    boolean intoDirectory, boolean keepOwner, OptionalInt uid, OptionalInt gid, OptionalInt mode) {
  public static final CopyOptions DEFAULT =
      new CopyOptions(false, false, OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());

  public CopyOptions withIntoDirectory() {
    return new CopyOptions(true, keepOwner, uid, gid, mode);
  }

  public CopyOptions withKeepOwner() {
    return new CopyOptions(intoDirectory, true, uid, gid, mode);
  }

  public CopyOptions withOwner(int owner, int group) {
    return new CopyOptions(
        intoDirectory, keepOwner, OptionalInt.of(owner), OptionalInt.of(group), mode);
  }

  public CopyOptions withMode(int bits) {
    return new CopyOptions(intoDirectory, keepOwner, uid, gid, OptionalInt.of(bits));
  }
}
