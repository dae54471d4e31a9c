package dev.carafe.egress.audit;

import java.io.FileDescriptor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/**
 * Appends lines to a chain of files. Opening one goes on where the last line ends, whatever
 * happened to the process that wrote it: half a line at the end is cut off, and a line says so.
 *
 * <p>A line is written by one call, so that the end of this process leaves it whole or leaves its
 * beginning. Then the head file is overwritten in place; it tells lines that were written from
 * lines that were cut off at the end, which the chain alone cannot.
 *
 * <p>One thread at a time. After an {@link IOException} the writer is of no use; open another one.
 */
final class AuditWriter implements AutoCloseable {
  private final AuditOptions options;
  private final InstantSource clock;
  private final RandomAccessFile head;

  /** Not a channel: an interrupted thread would close that for all others. */
  private RandomAccessFile out;

  private long number;
  private Chain last;
  private long size;

  /**
   * What was found when a chain was taken up again.
   *
   * @param cutBytes of half a line
   * @param missingLines that were written, as the head file says, and are not there
   */
  record Resumed(long cutBytes, long missingLines) {
    boolean whole() {
      return cutBytes == 0 && missingLines == 0;
    }
  }

  private final Resumed resumed;

  /** Takes up the chain, or begins one. The caller holds the lock. */
  AuditWriter(AuditOptions options, InstantSource clock) throws IOException, AuditException {
    this.options = options;
    this.clock = clock;
    Path file = options.file();
    AuditFiles.onlyFiles(file);
    Optional<Chain> recorded = AuditFiles.readHead(file);
    AuditFiles.create(AuditFiles.head(file));
    this.head = new RandomAccessFile(AuditFiles.head(file).toFile(), "rw");
    try {
      NavigableMap<Long, Path> aside = AuditFiles.aside(file);
      long cut = openLast(file, aside);
      long missing = recorded.map(r -> Math.max(0, r.sequence() - last.sequence())).orElse(0L);
      this.resumed = new Resumed(cut, missing);
    } catch (IOException | AuditException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Opens the current file and finds the last line; returns how much was cut off behind it. */
  private long openLast(Path file, NavigableMap<Long, Path> aside)
      throws IOException, AuditException {
    number = aside.isEmpty() ? 1 : aside.lastKey() + 1;
    AuditFiles.create(file);
    out = new RandomAccessFile(file.toFile(), "rw");
    long cut = Tail.cutHalfLine(out);
    Optional<Chain> end = Tail.last(out, file);
    if (end.isEmpty()) {
      last = aside.isEmpty() ? Chain.START : lastOf(aside.lastEntry().getValue());
      begin();
    } else {
      last = end.get();
      size = out.length();
      out.seek(size);
    }
    return cut;
  }

  private static Chain lastOf(Path file) throws IOException, AuditException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      return Tail.last(in, file)
          .orElseThrow(() -> new AuditException("the audit file " + file + " is empty"));
    }
  }

  Resumed resumed() {
    return resumed;
  }

  Chain last() {
    return last;
  }

  /** Appends a line, in a new file when the current one is full. */
  void append(String kind, Consumer<JsonGenerator> content) throws IOException {
    byte[] line = AuditLine.of(last, now(), kind, content);
    if (size + line.length > options.fileBytes()) {
      rotate();
      line = AuditLine.of(last, now(), kind, content);
    }
    write(line);
  }

  private void write(byte[] line) throws IOException {
    try {
      out.write(line);
    } catch (IOException e) {
      // A part may have fitted; taking it back needs no room.
      out.setLength(size);
      throw e;
    }
    size += line.length;
    last = last.next(line, line.length - 1);
    head.seek(0);
    head.write(AuditFiles.headText(last));
    if (options.sync() == AuditOptions.Sync.LINE) {
      out.getFD().sync();
    }
  }

  private void rotate() throws IOException {
    if (options.sync() != AuditOptions.Sync.NEVER) {
      out.getFD().sync();
    }
    out.close();
    Path file = options.file();
    Files.move(file, AuditFiles.putAside(file, number));
    number++;
    AuditFiles.create(file);
    out = new RandomAccessFile(file.toFile(), "rw");
    begin();
    removeOldest();
  }

  /** The first line of a file. */
  private void begin() throws IOException {
    size = 0;
    long current = number;
    write(
        AuditLine.of(
            last,
            now(),
            "header",
            json -> {
              json.writeStringProperty("format", "carafe-audit");
              json.writeNumberProperty("version", 1);
              json.writeNumberProperty("file", current);
              json.writeStringProperty("name", AuditLine.shown(options.name(), 200));
            }));
  }

  /** A line says what will be gone before it is, so that nobody mistakes it for tampering. */
  private void removeOldest() throws IOException {
    NavigableMap<Long, Path> aside = AuditFiles.aside(options.file());
    while (aside.size() > options.files() - 1) {
      Map.Entry<Long, Path> oldest = aside.pollFirstEntry();
      long through =
          aside.isEmpty() ? last.sequence() - 1 : firstSequence(aside.firstEntry().getValue()) - 1;
      write(
          AuditLine.of(
              last,
              now(),
              "removed",
              json -> {
                json.writeNumberProperty("file", oldest.getKey());
                json.writeNumberProperty("through", through);
              }));
      Files.delete(oldest.getValue());
    }
  }

  private static long firstSequence(Path file) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      byte[] start = new byte[AuditLine.MOST_BYTES];
      int length = Math.max(0, in.read(start));
      int end = 0;
      while (end < length && start[end] != '\n') {
        end++;
      }
      return AuditFiles.fields(start, end).map(AuditFiles.Fields::sequence).orElse(1L);
    }
  }

  private Instant now() {
    return clock.instant();
  }

  /** What has to be forced to the disk. */
  FileDescriptor descriptor() throws IOException {
    return out.getFD();
  }

  @Override
  public void close() throws IOException {
    try (RandomAccessFile first = head;
        RandomAccessFile second = out) {
      // Closes both.
    }
  }
}
