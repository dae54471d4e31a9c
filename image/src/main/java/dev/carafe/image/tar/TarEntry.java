package dev.carafe.image.tar;

import java.util.Map;

/**
 * One member of a tar archive.
 *
 * @param name as it stands in the archive, unchecked; one character per byte
 * @param link the target of a hard link or symbolic link, unchecked; otherwise empty
 * @param mode permission bits only, 0 to 07777
 * @param mtime seconds since 1970, cut to what squashfs can hold (0 to 2³²−1)
 * @param size of the contents, holes included; 0 for everything but files
 * @param xattrs extended attributes by full name; values one character per byte
 */
public record TarEntry(
    String name,
    Type type,
    String link,
    int mode,
    long uid,
    long gid,
    long mtime,
    long size,
    int major,
    int minor,
    Map<String, String> xattrs) {

  /** What an entry is. */
  public enum Type {
    FILE,
    HARD_LINK,
    SYMBOLIC_LINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    DIRECTORY,
    FIFO
  }

  public TarEntry {
    xattrs = Map.copyOf(xattrs);
  }

  /** A directory nobody described: what a missing parent becomes. */
  public static TarEntry plainDirectory(String name) {
    return new TarEntry(name, Type.DIRECTORY, "", 0755, 0, 0, 0, 0, 0, 0, Map.of());
  }

  public TarEntry named(String other) {
    return new TarEntry(other, type, link, mode, uid, gid, mtime, size, major, minor, xattrs);
  }

  public TarEntry withSize(long bytes) {
    return new TarEntry(name, type, link, mode, uid, gid, mtime, bytes, major, minor, xattrs);
  }

  public TarEntry withXattrs(Map<String, String> others) {
    return new TarEntry(name, type, link, mode, uid, gid, mtime, size, major, minor, others);
  }

  public TarEntry hardLink(String other, String target) {
    return new TarEntry(other, Type.HARD_LINK, target, mode, uid, gid, mtime, 0, 0, 0, Map.of());
  }
}
