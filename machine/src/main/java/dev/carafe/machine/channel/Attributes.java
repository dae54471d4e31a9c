package dev.carafe.machine.channel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/**
 * Gives a copied file what its entry says: times, permissions without the set-id and sticky bits,
 * and the owner if asked for. Never follows a symbolic link.
 *
 * @param owner whether to give away files to the numeric owners of the entries
 */
record Attributes(boolean owner) {
  private static final int PERMISSIONS = 0777;

  /** About as far as nanoseconds since 1970 reach in 64 bits; file systems reach less far. */
  private static final long FARTHEST = 9_000_000_000L;

  void apply(Path path, Entry entry) throws IOException {
    if (owner) {
      Files.setAttribute(path, "unix:uid", entry.uid(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", entry.gid(), LinkOption.NOFOLLOW_LINKS);
    }
    long seconds = Math.clamp(entry.seconds(), -FARTHEST, FARTHEST);
    FileTime time = FileTime.from(Instant.ofEpochSecond(seconds, entry.nanos()));
    // Before the permissions, because these may keep us from opening it.
    Files.getFileAttributeView(path, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .setTimes(time, time, null);
    if (entry.kind() != Entry.SYMBOLIC_LINK) {
      Files.setAttribute(path, "unix:mode", entry.mode() & PERMISSIONS, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
