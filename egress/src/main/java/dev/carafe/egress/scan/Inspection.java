package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

  /** Characters on both sides of an escape that tokens may need. */
  private static final int TOKEN_MARGIN = 200;

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
  private final byte[][] decoded = new byte[Unescape.LEVELS][];
  private final int[][] maps = new int[Unescape.LEVELS][];
  private final List<Mark> marks = new ArrayList<>();

  // Of the stretch that is looked at.
  private boolean last;
  private int high;
  private int hold;
  private int begun;

  /** Whether the last region ended because there was no room for more. */
  private boolean full;

  // Of the view that is looked at.
  private int viewLow;
  private int viewHigh;
  private int @Nullable [] places;

  Inspection(Scanner.Look look, Mode mode, Opener opener) {
    this.look = look;
    this.mode = mode;
    this.opener = opener;
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
    view(bytes, low, from, high, null);
    if (!last) {
      tail(bytes, bound(low), high, null);
      int trimmed = Unescape.trimmed(bytes, low, high);
      if (trimmed < high) {
        tail(bytes, bound(low), trimmed, null);
      }
    }
    regions(bytes, low, Math.min(from, escapesFrom), high, null, 0);
  }

  private void view(byte[] view, int low, int from, int to, int @Nullable [] places)
      throws BlockedException {
    this.places = places;
    viewLow = low;
    viewHigh = to;
    look.foldedSieve().pass(view, low, from, to, this);
    if (!look.exact().isEmpty()) {
      look.exactSieve().pass(view, low, from, to, this);
    }
  }

  private void regions(byte[] bytes, int low, int from, int to, int @Nullable [] outer, int level)
      throws BlockedException {
    if (level == Unescape.LEVELS) {
      return;
    }
    int at = from;
    int start = -1;
    while (at < to) {
      int past = at;
      if (start < 0) {
        past = Unescape.next(bytes, at, to);
        if (past < 0) {
          return;
        }
        int bound = Math.max(low, past - Needles.SPREAD);
        start = Alphabet.FOLDED.back(bytes, bound, past, margin);
      }
      at = region(bytes, start, past, to, outer, level);
      // When the room was used up, the part before is needed again, however it was written.
      int bound = Math.max(low, at - Needles.SPREAD);
      start = full ? Alphabet.FOLDED.back(bytes, bound, at, margin * WIDEST_ESCAPE) : -1;
    }
  }

  /** Looks at one decoded region, which goes further than {@code past}; returns where it ends. */
  private int region(byte[] bytes, int start, int past, int to, int @Nullable [] outer, int level)
      throws BlockedException {
    if (decoded[level] == null) {
      decoded[level] = new byte[REGION];
      maps[level] = new int[REGION + 1];
    }
    byte[] out = decoded[level];
    int[] map = maps[level];
    int n = Unescape.decode(bytes, start, past, to, margin, out, map);
    int end = map[n];
    boolean filled = n == out.length;
    if (outer != null) {
      for (int i = 0; i <= n; i++) {
        map[i] = outer[map[i]];
      }
    }
    view(out, 0, 0, n, map);
    if (!last && map[n] == high) {
      tail(out, 0, n, map);
      int trimmed = Unescape.trimmed(out, 0, n);
      if (trimmed < n) {
        tail(out, 0, trimmed, map);
      }
    }
    regions(out, 0, 0, n, map, level + 1);
    full = filled;
    return end;
  }

  /** Keeps back what at the end of a view may be the beginning of a secret. */
  private void tail(byte[] view, int low, int to, int @Nullable [] places) {
    if (mode.secrets() == Mode.Act.IGNORE) {
      return;
    }
    for (Needles needles : List.of(look.folded(), look.exact())) {
      int open = needles.open(view, low, to);
      if (open < to) {
        int n = 0;
        for (int i = open; i < to; i++) {
          n += needles.alphabet.value(view[i]) >= 0 ? 1 : 0;
        }
        keep(raw(open, places), n);
      }
    }
  }

  private void keep(int from, int characters) {
    hold = Math.min(hold, from);
    begun = Math.max(begun, characters);
  }

  private static int raw(int at, int @Nullable [] places) {
    return places == null ? at : places[at];
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
    boolean mayGoOn = run.open() && !last && raw(viewHigh, places) == high;
    if (mayGoOn && mode.secrets() == Mode.Act.MASK) {
      // More of it may come, and then all of it is overwritten at once.
      keep(raw(run.start(), places), run.run());
      return;
    }
    marks.add(
        new Mark(
            raw(run.start(), places),
            raw(run.end(), places),
            run.needle().secret().detector(),
            run.needle().secret().name(),
            mode.secrets()));
  }

  @Override
  public void keyword(Keywords.Keyword keyword, byte[] view, int at) throws BlockedException {
    switch (keyword.owner()) {
      case Packed.Kind kind -> opener.open(kind, raw(at, places));
      case TokenPattern pattern -> pattern(pattern, view, at);
    }
  }

  private void pattern(TokenPattern pattern, byte[] view, int at) {
    if (mode.patterns() == Mode.Act.IGNORE) {
      return;
    }
    boolean ends = raw(viewHigh, places) == high;
    boolean eager = last || !ends || mode.patterns() != Mode.Act.MASK;
    TokenPattern.Found found = pattern.look(view, viewLow, at, viewHigh, eager);
    if (found.start() >= 0) {
      marks.add(
          new Mark(
              raw(found.start(), places),
              raw(found.end(), places),
              mode.inward() ? "injection" : "token-pattern",
              pattern.id(),
              mode.patterns()));
    } else if (found.open() && ends && !last) {
      int begin = Math.max(viewLow, at - pattern.before());
      keep(raw(begin, places), viewHigh - at - pattern.keyword().length());
    }
  }
}
