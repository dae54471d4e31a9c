package dev.carafe.egress.audit;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Checks a chain of lines, over all its files, and says which line was changed, removed, moved or
 * cut off. What it cannot see: a chain that somebody rewrote from some line to the end together
 * with the head file; compare {@link Report#last} with one noted elsewhere. Blocks while it reads;
 * one thread.
 */
public final class AuditVerifier {
  /**
   * What is wrong.
   *
   * @param line in the file, from 1; 0: the file as a whole
   */
  public record Trouble(Path file, long line, String sentence) {
    @Override
    public String toString() {
      return file + (line > 0 ? ":" + line : "") + ": " + sentence;
    }
  }

  /**
   * What was found.
   *
   * @param notes what is as it should be, and worth knowing
   * @param lines how many were read
   * @param last the last line's number and hash, with a colon between them; empty without lines
   */
  public record Report(List<Trouble> troubles, List<String> notes, long lines, String last) {
    public boolean whole() {
      return troubles.isEmpty();
    }

    /** Whether this is something else: not one line is an audit's, and nothing says it was. */
    public boolean isNoAudit() {
      return lines == 0 && !whole() && troubles.stream().allMatch(trouble -> trouble.line() > 0);
    }
  }

  private static final int MOST_TROUBLES = 100;
  private static final int MOST_ATTEMPTS = 5;
  private static final long PAUSE_MILLIS = 100;

  private final List<Trouble> troubles = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Set<Long> seen = new HashSet<>();
  private final List<Gap> gaps = new ArrayList<>();
  private long lines;
  private long first;
  private Chain last = Chain.START;
  private Place lastPlace = new Place(Path.of(""), 0);
  private Place firstPlace = lastPlace;
  private long removedThrough;
  private String lastKind = "";

  private record Place(Path file, long line) {}

  /** Numbers that are missing where they should be. */
  private record Gap(long from, long to, Place before) {}

  /** What the head file said before the lines were read, and where the line it means is. */
  private final Optional<Chain> head;

  private boolean headFound;

  /** By their numbers; what has been found is taken out. */
  private final Map<Long, String> expected = new TreeMap<>();

  private int unreadable;

  private AuditVerifier(Optional<Chain> head) {
    this.head = head;
  }

  /**
   * Checks audits that are one chain.
   *
   * @param files an audit's current file stands for all files of that audit; files that were put
   *     aside, or copies, stand for themselves
   * @throws IOException when a file cannot be read
   */
  public static Report verify(List<Path> files) throws IOException {
    return verify(files, List.of());
  }

  /**
   * Checks audits that are one chain, and that lines are in it that were noted elsewhere.
   *
   * @param expected lines as {@link Report#last} gave them
   * @throws IllegalArgumentException when one of those cannot be read
   */
  public static Report verify(List<Path> files, List<String> expected) throws IOException {
    List<Trouble> before = List.of();
    for (int attempt = 1; ; attempt++) {
      Report report = null;
      try {
        report = once(files, expected);
      } catch (NoSuchFileException e) {
        // Perhaps put aside, or removed, at this moment.
        if (attempt == MOST_ATTEMPTS) {
          throw e;
        }
      }
      // A writer may stand between two steps: half a line is to be seen, or a head half written.
      // What is wrong, is wrong twice.
      if (report != null
          && (report.whole() || report.troubles().equals(before) || attempt == MOST_ATTEMPTS)) {
        return report;
      }
      before = report == null ? List.of() : report.troubles();
      pause();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while an audit was read");
    }
  }

  private static Report once(List<Path> files, List<String> expected) throws IOException {
    try (OpenFiles open = new OpenFiles()) {
      // In this order: what is written and put aside meanwhile is then only more than was asked.
      Optional<Chain> head = heads(files);
      open.all(files);
      AuditVerifier verifier = new AuditVerifier(head);
      expected.forEach(line -> verifier.expected.put(number(line), line));
      return verifier.read(open, files);
    }
  }

  private static long number(String expected) {
    return Long.parseLong(expected.substring(0, Math.max(0, expected.indexOf(':'))));
  }

  private static Optional<Chain> heads(List<Path> files) throws IOException {
    for (Path file : files) {
      Optional<Chain> head = AuditFiles.readHead(file.toAbsolutePath().normalize());
      if (head.isPresent()) {
        return head;
      }
    }
    return Optional.empty();
  }

  private Report read(OpenFiles open, List<Path> given) throws IOException {
    record Ordered(long sequence, OpenFiles.One file) {}
    List<Ordered> ordered = new ArrayList<>();
    Set<String> begins = new HashSet<>();
    for (OpenFiles.One file : open.files()) {
      Line line = new Line();
      Optional<AuditFiles.Fields> fields =
          line.read(file.fromStart()) ? line.fields() : Optional.empty();
      // No two files of a chain begin alike: this one was found under two names.
      if (fields.isEmpty() || begins.add(line.hash())) {
        long sequence = fields.map(AuditFiles.Fields::sequence).orElse(Long.MAX_VALUE);
        ordered.add(new Ordered(sequence, file));
      }
    }
    // Stable: what cannot be read stays last, in the order it was given.
    ordered.sort(Comparator.comparingLong(Ordered::sequence));
    for (Ordered each : ordered) {
      file(each.file());
    }
    end(heads(given));
    return report();
  }

  private void file(OpenFiles.One file) throws IOException {
    InputStream in = file.fromStart();
    Line line = new Line();
    for (long number = 1; line.read(in); number++) {
      check(line, new Place(file.path(), number));
    }
  }

  private void check(Line line, Place place) {
    if (!line.complete()) {
      add(
          place,
          "the line breaks off after "
              + line.length()
              + " bytes: its writer was ended, or the file was cut");
      return;
    }
    Optional<AuditFiles.Fields> read = line.fields();
    if (read.isEmpty()) {
      add(place, "this is not a line of an audit; it was changed, or does not belong here");
      unreadable++;
      return;
    }
    lines++;
    AuditFiles.Fields fields = read.get();
    long sequence = fields.sequence();
    boolean again = !seen.add(sequence);
    if (again) {
      add(place, "number " + sequence + " is here a second time");
      return;
    }
    if (first == 0) {
      first = sequence;
      firstPlace = place;
      if (sequence == 1 && !fields.previous().equals(Chain.START.hash())) {
        add(place, "the first line refers to one before it; it was changed");
      }
    } else if (sequence == last.sequence() + 1) {
      if (!fields.previous().equals(last.hash())) {
        add(
            lastPlace,
            "this line, or what the next one says of it, was changed after it was written");
      }
    } else if (sequence > last.sequence() && sequence - last.sequence() - 1 == unreadable) {
      // The lines between are there, and have been reported.
    } else if (sequence > last.sequence()) {
      gaps.add(new Gap(last.sequence() + 1, sequence - 1, place));
    } else {
      add(
          place,
          "number " + sequence + " is here after number " + last.sequence() + "; it was moved");
    }
    note(fields, place);
    unreadable = 0;
    last = new Chain(sequence, line.hash());
    String noted = expected.remove(sequence);
    if (noted != null && !noted.equals(sequence + ":" + last.hash())) {
      add(place, "this line is another one than was expected");
    }
    if (head.isPresent() && head.get().sequence() == sequence) {
      headFound = true;
      if (!head.get().hash().equals(last.hash())) {
        add(place, "this line was changed after it was written");
      }
    }
    lastPlace = place;
    lastKind = fields.kind();
  }

  private void note(AuditFiles.Fields fields, Place place) {
    String at = place.file() + ":" + place.line() + ": ";
    switch (fields.kind()) {
      case "removed" ->
          removedThrough = Math.max(removedThrough, fields.numbers().getOrDefault("through", 0L));
      case "gap" ->
          notes.add(
              at + fields.numbers().getOrDefault("lost", 0L) + " lines could not be written here");
      case "opened" -> {
        long cut = fields.numbers().getOrDefault("cutBytes", 0L);
        long missing = fields.numbers().getOrDefault("missingLines", 0L);
        if (cut > 0) {
          notes.add(
              at
                  + "a writer was ended in the middle of a line; "
                  + cut
                  + " bytes of it were cut off");
        }
        if (missing > 0) {
          add(
              place,
              missing
                  + " lines that had been written before this one were missing when it was written");
        }
      }
      default -> {}
    }
  }

  private void end(Optional<Chain> headAfter) {
    for (Gap gap : gaps) {
      for (long from = gap.from(); from <= gap.to(); from++) {
        if (!seen.contains(from)) {
          long to = from;
          while (to < gap.to() && !seen.contains(to + 1)) {
            to++;
          }
          add(gap.before(), range(from, to) + " missing before this one");
          from = to;
        }
      }
    }
    if (first > removedThrough + 1) {
      add(firstPlace, range(removedThrough + 1, first - 1) + " missing before this one, the first");
    } else if (removedThrough > 0) {
      notes.add(
          "lines number 1 to "
              + Math.max(removedThrough, first - 1)
              + " were removed to stay within the size, as the audit itself says");
    }
    for (long number : expected.keySet()) {
      // A line that the audit itself says it has removed cannot be compared any more.
      if (number > removedThrough) {
        add(lastPlace, "the line number " + number + " that was expected is missing");
      }
    }
    head.ifPresent(before -> compare(before, headAfter.orElse(before)));
    if (lines > 0 && !lastKind.equals("closed")) {
      notes.add("the audit is being written, or its writer was ended before it could close it");
    }
  }

  /** The head file is written after each line, so it may be behind by the line being written. */
  private void compare(Chain before, Chain after) {
    if (before.sequence() > last.sequence()) {
      add(
          lastPlace,
          range(last.sequence() + 1, before.sequence()) + " missing at the end, after this one");
    } else if (after.sequence() < last.sequence() - 1) {
      add(
          lastPlace,
          "lines after number " + after.sequence() + " were not written by the audit's writer");
    } else if (!headFound && before.sequence() >= first && before.sequence() > 0) {
      add(lastPlace, range(before.sequence(), before.sequence()) + " missing");
    }
  }

  private static String range(long from, long to) {
    return from == to
        ? "line number " + from + " is"
        : "lines number " + from + " to " + to + " are";
  }

  private void add(Place place, String sentence) {
    if (troubles.size() < MOST_TROUBLES) {
      troubles.add(new Trouble(place.file(), place.line(), sentence));
    }
  }

  private Report report() {
    return new Report(
        List.copyOf(troubles),
        List.copyOf(notes),
        lines,
        lines == 0 ? "" : last.sequence() + ":" + last.hash());
  }

  /** One line at a time, in bounded memory. */
  private static final class Line {
    private final byte[] bytes = new byte[AuditLine.MOST_BYTES];
    private long length;
    private boolean complete;

    /** Reads the next line; false when there is none. */
    boolean read(InputStream in) throws IOException {
      length = 0;
      complete = false;
      int next = in.read();
      if (next < 0) {
        return false;
      }
      for (; next >= 0; next = in.read()) {
        if (next == '\n') {
          complete = true;
          return true;
        }
        if (length < bytes.length) {
          bytes[(int) length] = (byte) next;
        }
        length++;
      }
      return true;
    }

    boolean complete() {
      return complete;
    }

    long length() {
      return length;
    }

    Optional<AuditFiles.Fields> fields() {
      return length <= bytes.length ? AuditFiles.fields(bytes, (int) length) : Optional.empty();
    }

    String hash() {
      return Chain.hash(bytes, (int) length);
    }
  }
}
