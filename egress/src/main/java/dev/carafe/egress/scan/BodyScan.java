package dev.carafe.egress.scan;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One message's body, or one stream of frames, as it passes. How it finds what it finds is said at
 * {@link Scanner}.
 *
 * <p>When blocking, of what matches fewer characters have gone on than make a match, and as a rule
 * at most {@value Needles#SHORT_GRAM} less one. When masking, the same number may stand before the
 * asterisks. What {@link #idle} lets go adds at most {@value #SHORT_BEGINNING} characters.
 *
 * <p>Holds at most {@value #HISTORY} bytes of the past, twice the largest chunk, 240 KiB when there
 * are escapes, and {@value #PACKED} compressed parts at a time. One thread at a time. Nothing
 * blocks.
 */
public final class BodyScan implements AutoCloseable {
  /** Bytes that are remembered after they went on: what a match may be spread over, and a token. */
  static final int HISTORY = 2 * Needles.SPREAD + Scanner.LONGEST_TOKEN;

  /** So much of a beginning goes on when nothing follows for a while, in characters. */
  static final int SHORT_BEGINNING = 6;

  /** Compressed parts that may be open at the same time, and how deep within each other. */
  static final int PACKED = 8;

  static final int DEEPEST = 3;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final int MOST_FINDINGS = 64;
  private static final int MOST_ROUNDS = 16;

  private final Scanner scanner;
  private final Mode mode;
  private final String where;
  private final int depth;
  private final Inspection inspection;
  private final List<Finding> findings;
  private final List<Packed> packed = new ArrayList<>();
  private final Set<Long> opened = new HashSet<>();
  private final @Nullable Entropy entropy;
  private final ZlibProbe probe = new ZlibProbe();
  private @Nullable BlockedException refused;
  private String refusedCoding = "";
  private Packed.@Nullable Kind declared;

  /** Whether the first two bytes were looked at. */
  private boolean begun;

  private byte[] bytes;

  /** The place in the message of the first of the bytes. */
  private long base;

  /** In bytes: what went on, what was looked at (without and with escapes), what there is. */
  private int gone;

  private int looked;
  private int lookedEscapes;
  private int end;

  /** The place in the message after the last thing that was only noted. */
  private long noted;

  BodyScan(Scanner scanner, Mode mode, String where, int room) {
    this(scanner, mode, where, room, 0, new ArrayList<>());
  }

  private BodyScan(
      Scanner scanner, Mode mode, String where, int room, int depth, List<Finding> findings) {
    this.scanner = scanner;
    this.mode = mode;
    this.where = where;
    this.depth = depth;
    this.findings = findings;
    bytes = new byte[room];
    inspection = new Inspection(scanner.look(mode), mode, this::open);
    entropy = mode.entropy() ? new Entropy() : null;
  }

  /** Sets what the head of the message says of its coding. */
  void declare(String coding) {
    if (coding.isEmpty() || coding.equals("identity")) {
      return;
    }
    declared = Packed.declared(coding).orElse(null);
    refusedCoding = declared == null ? coding : "";
  }

  /**
   * Takes all of the chunk, and gives what may go on now. What is given is valid until the next
   * call, may be empty, and shares memory with the chunk only when nobody looks.
   *
   * @throws BlockedException when the message may not go on; every later call throws it again
   */
  public ByteBuffer feed(ByteBuffer chunk) throws BlockedException {
    if (mode.off()) {
      ByteBuffer all = chunk.slice();
      chunk.position(chunk.limit());
      return all;
    }
    going();
    if (!refusedCoding.isEmpty()) {
      throw blocked("compression", "unreadable-content-encoding");
    }
    int from = append(chunk);
    if (from == end) {
      return NOTHING;
    }
    if (entropy != null && entropy.feed(bytes, from, end)) {
      note(new Finding("entropy", "random-word", where));
    }
    unpack(from);
    if (!begun && base == 0 && end >= 2) {
      begun = true;
      begin();
    }
    look(false);
    return upTo(Math.clamp(inspection.hold(), gone, end));
  }

  /** The rest, when the message has ended. Frees what was held. */
  public ByteBuffer finish() throws BlockedException {
    going();
    if (end > 0) {
      look(true);
    }
    close();
    return upTo(end);
  }

  /**
   * What may go on although nothing more has come for a moment: a short beginning of something. A
   * longer one, of more than {@value #SHORT_BEGINNING} characters, stays until more comes.
   */
  public ByteBuffer idle() {
    boolean held = refused != null || inspection.begun() > SHORT_BEGINNING;
    return held ? NOTHING : upTo(end);
  }

  /** What was found so far, the first 64. */
  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  /** Frees what is held for a message that does not end. May be called more than once. */
  @Override
  public void close() {
    packed.forEach(Packed::close);
    packed.clear();
    probe.close();
  }

  private void going() throws BlockedException {
    if (refused != null) {
      throw refused;
    }
  }

  /** Makes the exception, after which there is nothing more. */
  BlockedException blocked(String detector, String rule) {
    BlockedException exception = new BlockedException(new Finding(detector, rule, where));
    refused = exception;
    close();
    return exception;
  }

  private ByteBuffer upTo(int to) {
    ByteBuffer result = gone == to ? NOTHING : ByteBuffer.wrap(bytes, gone, to - gone);
    gone = to;
    return result;
  }

  private int append(ByteBuffer chunk) {
    int n = chunk.remaining();
    if (n > bytes.length - end) {
      int cut = Math.max(0, Math.min(gone, end - HISTORY));
      byte[] old = bytes;
      if (n + end - cut > bytes.length) {
        // Twice what is kept, so that small chunks do not move it each time.
        bytes = new byte[Math.max(n + end - cut, Math.min(2 * bytes.length, 2 * HISTORY))];
      }
      System.arraycopy(old, cut, bytes, 0, end - cut);
      base += cut;
      gone -= cut;
      looked = Math.max(0, looked - cut);
      lookedEscapes = Math.max(0, lookedEscapes - cut);
      end -= cut;
    }
    int from = end;
    chunk.get(bytes, end, n);
    end += n;
    return from;
  }

  /** The first bytes may say that all of it is compressed. */
  private void begin() throws BlockedException {
    Packed.Kind kind = declared;
    if (kind == null && zlib()) {
      kind = Packed.Kind.ZLIB;
    } else if (kind == Packed.Kind.ZLIB && !zlib()) {
      kind = Packed.Kind.DEFLATE;
    }
    if (kind != null) {
      open(kind, 0);
    }
  }

  /** Whether these are the two bytes of RFC 1950. */
  private boolean zlib() {
    int head = (bytes[0] & 0xFF) << 8 | bytes[1] & 0xFF;
    return (head & 0x8F20) == 0x0800 && head % 31 == 0;
  }

  private void unpack(int from) throws BlockedException {
    for (Iterator<Packed> i = packed.iterator(); i.hasNext(); ) {
      Packed part = i.next();
      if (!feed(part, from)) {
        part.close();
        i.remove();
      }
    }
  }

  private boolean feed(Packed part, int from) throws BlockedException {
    try {
      return part.feed(bytes, from, end);
    } catch (BlockedException e) {
      throw blocked(e.finding().detector(), e.finding().rule());
    }
  }

  private void open(Packed.Kind kind, int at) throws BlockedException {
    if (!opened.add(base + at)) {
      return;
    }
    if (depth == DEEPEST) {
      throw blocked("compression", "nested-too-deep");
    }
    BodyScan content = new BodyScan(scanner, mode.packed(), where, 1024, depth + 1, findings);
    Packed part = new Packed(kind, content);
    boolean goesOn = false;
    try {
      goesOn = feed(part, at);
    } finally {
      if (!goesOn) {
        part.close();
      }
    }
    if (goesOn) {
      packed.add(part);
      if (packed.size() > PACKED) {
        throw blocked("compression", "too-many-parts");
      }
    }
  }

  private void look(boolean last) throws BlockedException {
    int round = 0;
    do {
      inspection.look(bytes, 0, looked, lookedEscapes, end, last);
      // What stood on both sides of something overwritten may now stand together.
    } while (act() && ++round < MOST_ROUNDS);
    if (round == MOST_ROUNDS) {
      throw blocked("known-secret", "nested");
    }
    looked = inspection.resume(bytes, 0);
    lookedEscapes = inspection.resumeEscapes(bytes, 0);
    if (opened.size() > 1024) {
      opened.removeIf(place -> place < base + Math.min(looked, lookedEscapes));
    }
  }

  /** Does what is to be done about the marks; whether something was overwritten. */
  private boolean act() throws BlockedException {
    boolean overwritten = false;
    for (Inspection.Mark mark : inspection.marks()) {
      switch (mark.act()) {
        case IGNORE -> {}
        case NOTE -> {
          if (base + mark.start() >= noted) {
            noted = base + mark.end();
            note(new Finding(mark.detector(), mark.rule(), where));
          }
        }
        case MASK -> {
          if (mark.end() <= gone) {
            continue;
          }
          boolean fresh = false;
          for (int i = mark.start(); i < mark.end(); i++) {
            fresh |= bytes[i] != '*';
            bytes[i] = '*';
          }
          if (fresh) {
            overwritten = true;
            note(new Finding(mark.detector(), mark.rule(), where));
          }
        }
        case BLOCK -> {
          note(new Finding(mark.detector(), mark.rule(), where));
          throw blocked(mark.detector(), mark.rule());
        }
      }
    }
    return overwritten;
  }

  private void note(Finding finding) {
    if (findings.size() < MOST_FINDINGS) {
      findings.add(finding);
    }
  }
}
