package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;

/**
 * Looks at a stretch of bytes through all views: as it is, and around each escape without escapes,
 * as often as there are some left. Says what stands where, what is compressed, and from where on
 * the end may belong to something that is not there yet. One thread at a time; allocates on the
 * first escape, and when something was found.
 */
final class Inspection implements Sieve.Hits {
  /** Bytes decoded at a time. */
  private static final int REGION = 4 * Needles.SPREAD;

  /** Raw characters that one decoded character may take, for the overlap of regions. */
  private static final int WIDEST_ESCAPE = 8;

  /** Characters on both sides of a word with an escape that patterns may need. */
  private static final int TOKEN_MARGIN = 48;

  /** What was found between two places of the bytes. */
  record Mark(int start, int end, String detector, String rule, Mode.Act act) {}

  /** Told of compressed data that begin at a place. */
  interface Opener {
    void open(Packed.Kind kind, int at) throws BlockedException;
  }

  private final Scanner.Look look;
  private final Mode mode;
  private final Opener opener;
  private final int margin;
  private final Plain[] plains = new Plain[Unescape.LEVELS];
  private final Starts[] starts = new Starts[Unescape.LEVELS + 1];
  private final Starts unused = new Starts();
  private final Runs runs = new Runs();

  /** Patterns that wait for more, in the view that is looked at. */
  private final List<TokenPattern> waiting = new ArrayList<>();

  private final List<Mark> marks = new ArrayList<>();

  // Of the stretch that is looked at.
  private boolean last;
  private int high;
  private int hold;
  private int begun;

  // Of the view that is looked at.
  private int viewLow;

  private int viewHigh;
  private int level;

  Inspection(Scanner.Look look, Mode mode, Opener opener) {
    this.look = look;
    this.mode = mode;
    this.opener = opener;
    java.util.Arrays.setAll(starts, level -> new Starts());
    margin = Math.max(TOKEN_MARGIN, Math.max(look.folded().longestRun, look.exact().longestRun));
  }

  /** What was found by the last look. */
  List<Mark> marks() {
    return marks;
  }

  /** From where on the bytes may not go yet. */
  int hold() {
    return hold;
  }

  /** How many characters of something may have begun after {@link #hold}. */
  int begun() {
    return begun;
  }

  /** How far back the next look has to begin so that nothing is missed: without, with escapes. */
  int resume(byte[] bytes, int low) {
    int at = Alphabet.FOLDED.back(bytes, bound(low), high, Alphabet.FOLDED.gram + 2);
    return Math.max(low, Math.min(Math.min(hold, at), high - Scanner.LONGEST_KEYWORD));
  }

  int resumeEscapes(byte[] bytes, int low) {
    return Alphabet.FOLDED.back(bytes, bound(low), high, margin * WIDEST_ESCAPE);
  }

  private int bound(int low) {
    return Math.max(low, high - Needles.SPREAD);
  }

  /**
   * Looks at the bytes {@code from} to {@code high}, knowing those since {@code low}.
   *
   * @param escapesFrom where to begin with those that have escapes
   * @param last whether nothing comes after
   */
  void look(byte[] bytes, int low, int from, int escapesFrom, int high, boolean last)
      throws BlockedException {
    this.last = last;
    this.high = high;
    marks.clear();
    hold = high;
    begun = 0;
    view(bytes, low, from, high, 0);
    tails(bytes, bound(low), high, 0);
    regions(bytes, low, Math.min(from, escapesFrom), high, 0, false);
    regions(bytes, low, Math.min(from, escapesFrom), high, 0, true);
  }

  private void view(byte[] view, int low, int from, int to, int level) throws BlockedException {
    this.level = level;
    runs.clear();
    waiting.clear();
    viewLow = low;
    viewHigh = to;
    look.foldedSieve().pass(view, low, from, to, starts[level], this);
    if (look.exactSieve().isPresent()) {
      look.exactSieve().get().pass(view, low, from, to, unused, this);
    }
  }

  /**
   * Looks at what is around the escapes of a view.
   *
   * @param quoted whether around those of quoted-printable, or around all others
   */
  private void regions(byte[] bytes, int low, int from, int to, int level, boolean quoted)
      throws BlockedException {
    if (level == Unescape.LEVELS) {
      return;
    }
    starts[level].again();
    int at = from;
    int start = -1;
    while (at < to) {
      int past = at;
      if (start < 0) {
        past = starts[level].next(bytes, at, to, quoted);
        if (past < 0) {
          return;
        }
        if (separates(bytes, low, past, to)) {
          at = past + 2;
          continue;
        }
        int bound = Math.max(low, past - Needles.SPREAD);
        int word = past;
        while (word > bound && TokenPattern.token(bytes[word - 1])) {
          word--;
        }
        start = Alphabet.FOLDED.back(bytes, bound, word, margin);
      }
      if (plains[level] == null) {
        plains[level] = new Plain(REGION);
      }
      Plain plain = plains[level];
      Unescape.decode(
          bytes,
          start,
          past,
          to,
          margin,
          quoted,
          place -> onlySeparates(bytes, low, place, to),
          plain);
      at = plain.place(plain.length);
      boolean full = plain.room() == 0;
      view(plain.bytes, 0, 0, plain.length, level + 1);
      tails(plain.bytes, 0, plain.length, level + 1);
      if (plain.again) {
        regions(plain.bytes, 0, 0, plain.length, level + 1, false);
        regions(plain.bytes, 0, 0, plain.length, level + 1, true);
      }
      // When the room was used up, the part before is needed again, however it was written.
      int bound = Math.max(low, at - Needles.SPREAD);
      start = full ? Alphabet.FOLDED.back(bytes, bound, at, margin * WIDEST_ESCAPE) : -1;
    }
  }

  /**
   * Whether the escape is a line break or the like and nothing lies across it: of those, texts in
   * JSON have one in every line.
   */
  private boolean separates(byte[] bytes, int low, int at, int to) {
    return Unescape.breaks(bytes, at, to)
        && look.exact().isEmpty()
        && !look.folded().across(bytes, low, at, at + 2, to);
  }

  /** The same for any escape of two bytes: of the others, \" stands for what separates as it is. */
  private boolean onlySeparates(byte[] bytes, int low, int at, int to) {
    return look.exact().isEmpty() && Alphabet.FOLDED.value(bytes[at + 1]) < 0
        || separates(bytes, low, at, to);
  }

  /** Keeps back what at the end of a view may be the beginning of a secret. */
  private void tails(byte[] view, int low, int to, int level) {
    if (last || mode.secrets() == Mode.Act.IGNORE || raw(to, level) != high) {
      return;
    }
    tail(view, low, to, level);
    int trimmed = Unescape.trimmed(view, low, to);
    if (trimmed < to) {
      tail(view, low, trimmed, level);
    }
  }

  private void tail(byte[] view, int low, int to, int level) {
    tail(look.folded(), view, low, to, level);
    tail(look.exact(), view, low, to, level);
  }

  private void tail(Needles needles, byte[] view, int low, int to, int level) {
    int open = needles.open(view, low, to);
    if (open < to) {
      int n = 0;
      for (int i = open; i < to; i++) {
        n += needles.alphabet.value(view[i]) >= 0 ? 1 : 0;
      }
      keep(raw(open, level), n);
    }
  }

  private void keep(int from, int characters) {
    hold = Math.min(hold, from);
    begun = Math.max(begun, characters);
  }

  /** The place in the bytes of a place in a view. */
  private int raw(int at, int level) {
    int place = at;
    for (int i = level - 1; i >= 0; i--) {
      place = plains[i].place(place);
    }
    return place;
  }

  @Override
  public void gram(Needles needles, byte[] view, int end, long gram) {
    if (mode.secrets() == Mode.Act.IGNORE) {
      return;
    }
    Needles.Run run = needles.longest(view, viewLow, end, viewHigh, gram);
    if (run == null) {
      return;
    }
    boolean mayGoOn = run.open() && !last && raw(viewHigh, level) == high;
    if (mayGoOn && mode.secrets() == Mode.Act.MASK) {
      // More of it may come, and then all of it is overwritten at once.
      keep(raw(run.start(), level), run.run());
      return;
    }
    marks.add(
        new Mark(
            raw(run.start(), level),
            raw(run.end(), level),
            run.needle().secret().detector(),
            run.needle().secret().name(),
            mode.secrets()));
  }

  @Override
  public void keyword(Keywords.Keyword keyword, byte[] view, int at) throws BlockedException {
    switch (keyword.owner()) {
      case Packed.Kind kind -> opener.open(kind, raw(at, level));
      case TokenPattern pattern -> pattern(pattern, view, at);
    }
  }

  private void pattern(TokenPattern pattern, byte[] view, int at) {
    // One that waits is kept from its beginning on, and so are those after it: they come again.
    if (mode.patterns() == Mode.Act.IGNORE || waiting.contains(pattern)) {
      return;
    }
    boolean ends = raw(viewHigh, level) == high;
    boolean eager = last || !ends || mode.patterns() != Mode.Act.MASK;
    TokenPattern.Found found = pattern.look(view, viewLow, at, viewHigh, eager, runs);
    if (found.start() >= 0) {
      marks.add(
          new Mark(
              raw(found.start(), level),
              raw(found.end(), level),
              mode.inward() ? "injection" : "token-pattern",
              pattern.id(),
              mode.patterns()));
    } else if (found.open() && ends && !last) {
      waiting.add(pattern);
      int begin = Math.max(viewLow, at - pattern.before());
      keep(raw(begin, level), viewHigh - at - pattern.keyword().length());
    }
  }
}
