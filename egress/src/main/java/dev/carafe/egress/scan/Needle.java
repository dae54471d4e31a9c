package dev.carafe.egress.scan;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One form of one secret, in the characters of one alphabet, and how much of it is a match.
 *
 * @param secret whose it is
 * @param chars the characters of the form
 * @param counts which of them count: what everybody knows of a secret (the armour of a key, the
 *     header of a JWT) is not a sign of it
 * @param run how many counting characters in a row are a match
 */
record Needle(ScanRules.Known secret, byte[] chars, boolean[] counts, int run) {
  /** Fewer letters and digits than these are no sign of anything, whatever the secret. */
  static final int SHORTEST_RUN = 10;

  /** What {@link Alphabet#EXACT} needs to notice. */
  static final int SHORTEST_EXACT = 8;

  /** The longest secret that is searched for in every combination of encodings, in bytes. */
  private static final int MANY_FORMS = 512;

  /**
   * How many bytes in a row of a secret of this length are as good as the secret: all of up to 12,
   * three quarters of up to 21, then 16.
   */
  static int window(int length) {
    return length <= 12 ? length : Math.clamp((length * 3 + 3) / 4, 12, 16);
  }

  /** What to look for among letters and digits, and what byte by byte. */
  static void forms(ScanRules.Known secret, List<Needle> folded, List<Needle> exact) {
    byte[] value = secret.value();
    boolean[] known = PublicParts.of(value);
    Coded raw = Coded.raw(value);
    List<Coded> forms = new ArrayList<>();
    forms.add(raw);
    forms.add(raw.reversed());
    forms.add(raw.hex(Coded.LOWER));
    for (int before = 0; before < 3; before++) {
      forms.add(raw.base64(Coded.STANDARD, before));
    }
    for (int before = 0; before < 5; before++) {
      forms.add(raw.base32(before));
    }
    if (value.length <= MANY_FORMS) {
      combined(raw, forms);
    }
    byte[] plain = Unescape.all(value);
    if (plain.length != value.length) {
      // In the view without escapes, a secret that has them looks like this. Its places no longer
      // fit the secret's, so it is its own source.
      add(folded, needle(secret, Coded.raw(plain), new boolean[plain.length], Alphabet.FOLDED));
    }
    boolean folds = true;
    for (Coded form : forms) {
      Needle needle = needle(secret, form, known, Alphabet.FOLDED);
      add(folded, needle);
      if (form == raw) {
        folds = needle != null && least(raw, known, Alphabet.FOLDED) >= SHORTEST_RUN;
      }
    }
    if (!folds) {
      for (Coded form : List.of(raw, raw.reversed(), raw.wide(true), raw.wide(false))) {
        add(exact, needle(secret, form, known, Alphabet.EXACT));
      }
      for (int before = 0; before < 3; before++) {
        add(exact, needle(secret, raw.base64(Coded.STANDARD, before), known, Alphabet.EXACT));
        add(exact, needle(secret, raw.base64(Coded.URL, before), known, Alphabet.EXACT));
      }
    }
  }

  private static void combined(Coded raw, List<Coded> forms) {
    forms.add(raw.reversed().hex(Coded.LOWER));
    forms.add(raw.literals());
    forms.add(raw.decimals());
    forms.add(raw.rotated());
    for (int before = 0; before < 3; before++) {
      Coded base64 = raw.base64(Coded.STANDARD, before);
      forms.add(base64.hex(Coded.LOWER));
      forms.add(base64.reversed());
      forms.add(raw.reversed().base64(Coded.STANDARD, before));
      forms.add(raw.wide(true).base64(Coded.STANDARD, before));
      forms.add(raw.hex(Coded.LOWER).base64(Coded.STANDARD, before));
      forms.add(raw.hex(Coded.UPPER).base64(Coded.STANDARD, before));
      for (int outer = 0; outer < 3; outer++) {
        forms.add(base64.base64(Coded.STANDARD, outer));
      }
    }
  }

  private static void add(List<Needle> needles, @Nullable Needle needle) {
    if (needle != null) {
      needles.add(needle);
    }
  }

  /** The form as a needle, or null when it has too few characters to be told from anything. */
  private static @Nullable Needle needle(
      ScanRules.Known secret, Coded form, boolean[] known, Alphabet alphabet) {
    int n = 0;
    byte[] chars = new byte[form.text().length];
    boolean[] counts = new boolean[chars.length];
    boolean any = false;
    for (int i = 0; i < chars.length; i++) {
      int value = alphabet.value(form.text()[i]);
      if (value < 0) {
        continue;
      }
      chars[n] = (byte) value;
      counts[n] = !known[form.low()[i]] && !known[form.high()[i]];
      any |= counts[n++];
    }
    int shortest = alphabet == Alphabet.FOLDED ? SHORTEST_RUN : SHORTEST_EXACT;
    if (n < shortest) {
      return null;
    }
    chars = java.util.Arrays.copyOf(chars, n);
    counts = java.util.Arrays.copyOf(counts, n);
    int run = least(form, known, alphabet);
    if (!any || run == Integer.MAX_VALUE) {
      java.util.Arrays.fill(counts, true);
      run = n;
    }
    return new Needle(secret, chars, counts, Math.max(shortest, run));
  }

  /** The fewest characters that tell of a whole window of secret bytes. */
  private static int least(Coded form, boolean[] known, Alphabet alphabet) {
    int length = known.length;
    int window = window(length);
    // How many characters depend on nothing before, or only on what is before, each place.
    int[] begun = new int[length + 1];
    int[] ended = new int[length + 1];
    for (int i = 0; i < form.text().length; i++) {
      if (alphabet.value(form.text()[i]) >= 0) {
        begun[form.low()[i] + 1]++;
        ended[form.high()[i] + 1]++;
      }
    }
    int least = Integer.MAX_VALUE;
    int publicBytes = 0;
    for (int i = 1; i <= length; i++) {
      begun[i] += begun[i - 1];
      ended[i] += ended[i - 1];
      publicBytes += known[i - 1] ? 1 : 0;
      if (i > window) {
        publicBytes -= known[i - 1 - window] ? 1 : 0;
      }
      if (i >= window && publicBytes == 0) {
        least = Math.min(least, ended[i] - begun[i - window]);
      }
    }
    return least;
  }
}
