package dev.carafe.egress.scan;

/**
 * In which eights of a view escapes may begin: what {@link Sieve} sees by the way, so that nobody
 * has to go through all bytes for it again.
 */
final class Starts {
  static final int EIGHT = 8;

  /** Beside the place of an eight: that one of quoted-printable may begin in it, or another. */
  static final int QUOTED = 1 << 31;

  static final int ANY = 1 << 30;

  /** How far above a byte's lowest eight bits these are. */
  static final int SHIFT = 24;

  private int[] eights = {};
  private int count;
  private int from;
  private int next;

  /** Gives room for what is found between two places. */
  int[] begin(int from, int to) {
    int room = (to - from) / EIGHT + 2;
    if (eights.length < room) {
      eights = new int[room];
    }
    this.from = from;
    next = 0;
    return eights;
  }

  /** Says how many were found. */
  void end(int found) {
    count = found;
  }

  /** Begins with the first of them again. */
  void again() {
    next = 0;
  }

  /**
   * Where the next escape at or after {@code at} begins, or -1; {@code at} does not go back without
   * {@link #again}.
   *
   * @param quoted see {@link Unescape#next}
   */
  int next(byte[] bytes, int at, int to, boolean quoted) {
    if (at < from) {
      int escape = Unescape.next(bytes, at, Math.min(from, to), to, quoted);
      if (escape >= 0) {
        return escape;
      }
    }
    while (next < count) {
      int eight = eights[next] & ~(QUOTED | ANY);
      if (eight + EIGHT > at && (eights[next] & (quoted ? QUOTED : ANY)) != 0) {
        int escape =
            Unescape.next(bytes, Math.max(at, eight), Math.min(to, eight + EIGHT), to, quoted);
        if (escape >= 0) {
          return escape;
        }
      }
      next++;
    }
    return -1;
  }
}
