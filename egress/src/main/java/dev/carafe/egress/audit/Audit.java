package dev.carafe.egress.audit;

import dev.carafe.egress.audit.AuditOptions.Sync;
import dev.carafe.egress.scan.Finding;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import tools.jackson.core.JsonGenerator;

/**
 * Keeps what was decided. A call returns when the line has been given to the operating system,
 * which takes some ten microseconds: the end of this process, however sudden, costs no line. Any
 * thread, one after the other.
 *
 * <p>When a line cannot be written, as on a full disk, {@link #refusal} says so until lines can be
 * written again, and nothing may be let through meanwhile. Calls never fail; the lines that were
 * lost are counted, and the first line after them says how many.
 *
 * <p>One process writes an audit, as a lock sees to. The caller has overwritten all secrets.
 */
public final class Audit implements AutoCloseable {
  private static final Logger LOG = System.getLogger("dev.carafe.egress.audit");
  private static final long RETRY_NANOS = 1_000_000_000;

  private final Optional<AuditOptions> options;
  private final InstantSource clock;
  private final LongSupplier nanos;
  private RandomAccessFile lockFile;
  private FileLock lock;
  private AuditWriter writer;
  private Thread syncer;
  private boolean dirty;
  private boolean closed;

  /** Why nothing can be written; and what that has cost. */
  private IOException trouble;

  private long lost;
  private long retryAt;

  private Audit(Optional<AuditOptions> options, InstantSource clock, LongSupplier nanos) {
    this.options = options;
    this.clock = clock;
    this.nanos = nanos;
  }

  /** An audit that keeps nothing. */
  public static Audit none() {
    return new Audit(Optional.empty(), InstantSource.system(), System::nanoTime);
  }

  /**
   * Begins an audit, or goes on with the one that is there.
   *
   * @throws AuditException when another process writes it, it cannot be written, or what is there
   *     is none
   */
  public static Audit open(AuditOptions options) throws AuditException {
    return open(options, InstantSource.system(), System::nanoTime);
  }

  static Audit open(AuditOptions options, InstantSource clock, LongSupplier nanos)
      throws AuditException {
    Audit audit = new Audit(Optional.of(options), clock, nanos);
    audit.begin(options);
    return audit;
  }

  private synchronized void begin(AuditOptions options) throws AuditException {
    try {
      takeLock(options);
      writer = new AuditWriter(options, clock);
      AuditWriter.Resumed resumed = writer.resumed();
      writer.append(
          "opened",
          json -> {
            json.writeNumberProperty("level", options.level());
            json.writeNumberProperty("pid", ProcessHandle.current().pid());
            if (!resumed.whole()) {
              json.writeNumberProperty("cutBytes", resumed.cutBytes());
              json.writeNumberProperty("missingLines", resumed.missingLines());
            }
          });
      if (!resumed.whole()) {
        LOG.log(
            Level.WARNING,
            "the audit {0} was not ended properly: {1} bytes of half a line were cut off, {2} lines"
                + " are missing",
            options.file(),
            resumed.cutBytes(),
            resumed.missingLines());
      }
    } catch (AuditException e) {
      release();
      throw e;
    } catch (NoSuchFileException e) {
      release();
      throw new AuditException(
          "the audit " + options.file() + " cannot be written: there is no directory for it", e);
    } catch (IOException e) {
      release();
      throw new AuditException(
          "the audit " + options.file() + " cannot be written: " + e.getMessage(), e);
    }
    if (options.sync() == Sync.SECOND) {
      syncer = Thread.ofPlatform().daemon().name("carafe-audit").start(this::keepSyncing);
    }
  }

  private void takeLock(AuditOptions options) throws IOException, AuditException {
    if (!Files.isDirectory(options.file().getParent())) {
      throw new NoSuchFileException(options.file().toString());
    }
    AuditFiles.onlyFiles(options.file());
    AuditFiles.create(AuditFiles.lock(options.file()));
    lockFile = new RandomAccessFile(AuditFiles.lock(options.file()).toFile(), "rw");
    try {
      lock = lockFile.getChannel().tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new AuditException(
          "the audit "
              + options.file()
              + " is being written by another process; give this one its own");
    }
  }

  /** A request that was let through, at its end. */
  public void allowed(Exchange exchange) {
    allowed(exchange, List.of());
  }

  /** A request that was let through, at its end, with what was found in it and overwritten. */
  public void allowed(Exchange exchange, List<Finding> findings) {
    write(
        2,
        "allowed",
        json -> {
          AuditLine.exchange(json, exchange);
          AuditLine.finding(json, findings.stream().findFirst());
          if (!findings.isEmpty()) {
            json.writeNumberProperty("findings", findings.size());
          }
        });
  }

  /** A request that was refused. */
  public void blocked(Exchange exchange, String reason, Optional<Finding> finding) {
    write(
        1,
        "blocked",
        json -> {
          AuditLine.exchange(json, exchange);
          AuditLine.reason(json, reason);
          AuditLine.finding(json, finding);
        });
  }

  /** A request that was allowed and came to nothing. */
  public void failed(Exchange exchange, String reason) {
    write(
        1,
        "failed",
        json -> {
          AuditLine.exchange(json, exchange);
          AuditLine.reason(json, reason);
        });
  }

  /**
   * What is allowed has changed, or could not be changed.
   *
   * @param event one word: {@code loaded}, {@code kept}, {@code denied}
   * @param detail sentences without secrets
   */
  public void policy(String event, String detail) {
    write(
        0,
        "policy",
        json -> {
          AuditLine.reason(json, event);
          AuditLine.detail(json, detail);
        });
  }

  /**
   * Why nothing may be let through now, in words for the one who asked; empty when all is well. Ask
   * before each request. Tries to write again, at most once a second.
   */
  public synchronized Optional<String> refusal() {
    if (trouble != null && !closed && nanos.getAsLong() - retryAt >= 0) {
      tryAgain();
    }
    if (trouble != null || closed) {
      return Optional.of("the audit cannot be written, so nothing is let through");
    }
    return Optional.empty();
  }

  private synchronized void write(int level, String kind, Consumer<JsonGenerator> content) {
    if (options.isEmpty() || level > options.get().level()) {
      return;
    }
    if (trouble != null || closed) {
      lost++;
      return;
    }
    try {
      writer.append(kind, content);
      if (!dirty) {
        dirty = true;
        notifyAll();
      }
    } catch (IOException e) {
      lost++;
      fail(e);
    }
  }

  private void fail(IOException e) {
    trouble = e;
    retryAt = nanos.getAsLong() + RETRY_NANOS;
    closeWriter();
    LOG.log(
        Level.ERROR,
        "EVERY REQUEST IS REFUSED: the audit {0} cannot be written: {1}",
        options.orElseThrow().file(),
        e.getMessage());
  }

  /** Takes the chain up where it ends; half a line that was written is cut off. */
  private void tryAgain() {
    AuditOptions current = options.orElseThrow();
    try {
      writer = new AuditWriter(current, clock);
      String reason = String.valueOf(trouble.getMessage());
      long lines = lost;
      writer.append(
          "gap",
          json -> {
            json.writeNumberProperty("lost", lines);
            AuditLine.reason(json, reason);
          });
      trouble = null;
      lost = 0;
      LOG.log(
          Level.WARNING,
          "the audit {0} can be written again; {1} lines were lost",
          current.file(),
          lines);
    } catch (IOException | AuditException e) {
      retryAt = nanos.getAsLong() + RETRY_NANOS;
      closeWriter();
    }
  }

  private void keepSyncing() {
    try {
      while (sync()) {
        Thread.sleep(1000);
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  /** Waits for lines, then forces them to the disk; false at the end. */
  private boolean sync() throws InterruptedException {
    FileDescriptor descriptor;
    AuditWriter used;
    synchronized (this) {
      while (!dirty && !closed) {
        wait();
      }
      dirty = false;
      if (closed) {
        return false;
      }
      used = writer;
      if (used == null) {
        return true;
      }
      try {
        descriptor = used.descriptor();
      } catch (IOException e) {
        return true; // rotated or failed at this moment, and synchronised or known there
      }
    }
    // Not while others wait for the lock: this may take long.
    try {
      descriptor.sync();
    } catch (SyncFailedException e) {
      synchronized (this) {
        if (writer == used && descriptor.valid() && trouble == null && !closed) {
          fail(e);
        }
      }
    }
    return true;
  }

  private void closeWriter() {
    try {
      if (writer != null) {
        writer.close();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "closing the audit", e);
    }
    writer = null;
  }

  /** Writes the last line and gives the lock back. Idempotent. */
  @Override
  public synchronized void close() {
    if (closed || options.isEmpty()) {
      return;
    }
    if (trouble == null) {
      try {
        writer.append("closed", json -> {});
        if (options.get().sync() != Sync.NEVER) {
          writer.descriptor().sync();
        }
      } catch (IOException e) {
        fail(e);
      }
    }
    closed = true;
    notifyAll();
    release();
  }

  private void release() {
    closeWriter();
    try {
      if (lockFile != null) {
        lockFile.close();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "closing the lock of the audit", e);
    }
  }
}
