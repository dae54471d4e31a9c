package dev.carafe.egress.audit;

import java.nio.file.Path;

/**
 * How an audit is kept.
 *
 * @param file the file that is written now; older ones are beside it, with a number after the name
 * @param name whose audit it is, for people; may be empty
 * @param level 0: no requests, only what concerns the proxy itself; 1: also requests that were
 *     blocked or failed; 2: all requests
 * @param fileBytes a file that would become larger is put aside; at least 64 KiB
 * @param files how many files are kept, the current one among them; at least 2
 * @param sync when lines are forced to the disk
 */
public record AuditOptions(
    Path file, String name, int level, long fileBytes, int files, Sync sync) {
  static final long LEAST_BYTES = 64 * 1024;

  /** When lines are forced to the disk. The end of this process alone never costs a line. */
  public enum Sync {
    /** Before the call returns: a power failure costs nothing, and each line some milliseconds. */
    LINE,
    /** Once a second: a power failure costs the last second. */
    SECOND,
    /** When the operating system likes. */
    NEVER
  }

  public AuditOptions {
    if (level < 0 || level > 2) {
      throw new IllegalArgumentException("the audit level is 0, 1 or 2, not " + level);
    }
    if (fileBytes < LEAST_BYTES) {
      throw new IllegalArgumentException("an audit file holds at least " + LEAST_BYTES + " bytes");
    }
    if (files < 2) {
      throw new IllegalArgumentException("an audit needs at least two files");
    }
    file = file.toAbsolutePath();
  }

  /** All requests; 8 files of 16 MiB; forced to the disk once a second. */
  public static AuditOptions of(Path file) {
    return new AuditOptions(file, "", 2, 16 * 1024 * 1024, 8, Sync.SECOND);
  }

  public AuditOptions withName(String name) {
    return new AuditOptions(file, name, level, fileBytes, files, sync);
  }

  public AuditOptions withLevel(int level) {
    return new AuditOptions(file, name, level, fileBytes, files, sync);
  }

  public AuditOptions withSize(long fileBytes, int files) {
    return new AuditOptions(file, name, level, fileBytes, files, sync);
  }

  public AuditOptions withSync(Sync sync) {
    return new AuditOptions(file, name, level, fileBytes, files, sync);
  }
}
