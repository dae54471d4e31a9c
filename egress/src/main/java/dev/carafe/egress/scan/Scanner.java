package dev.carafe.egress.scan;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds what may not pass. Immutable; any thread; nothing blocks. Making one costs some
 * milliseconds for each secret: keep it.
 *
 * <h2>The idea</h2>
 *
 * <p>An agent that has read a secret can write it in many ways, and looking for each way would cost
 * a pass each. Three observations make it one:
 *
 * <ul>
 *   <li>Among letters and digits alone, without their case, most encodings stay recognisable. Raw,
 *       hexadecimal, base32 and even base64 keep more than five bits a character there. And in this
 *       view separators, line breaks, quotes, padding, the zero bytes of UTF-16, zero-width
 *       characters and the dots between a host's labels do not exist. So each secret is put into
 *       its encodings once ({@link Needle}), and all of them are looked for in this one view.
 *   <li>A part of a secret is as bad as the secret. A match is therefore a run of characters as
 *       long as those of 16 bytes of the secret, anywhere in it ({@link Needle#window}). Every such
 *       run has a gram of 6 characters at one of four places in a row, so it is enough to ask at
 *       every fourth byte ({@link Sieve}).
 *   <li>Tokens of services begin with words of their own. These words are watched by the same loop,
 *       and only where one stands is the pattern tried ({@link TokenPattern}).
 * </ul>
 *
 * <p>Escapes (%41, A, &amp;#65;, =41, full-width letters) change single characters and so break
 * runs. Around each, the text is decoded and looked at again, up to three times over ({@link
 * Unescape}). Compressed parts are unpacked as they pass ({@link Packed}).
 *
 * <h2>States</h2>
 *
 * <p>Of a body ({@link BodyScan}) the last {@value BodyScan#HISTORY} bytes are kept. Of these, a
 * tail may be held back: the end of the text that is also in some needle, or a token that goes on.
 * The next bytes are looked at together with that tail. The tail is computed anew from the bytes
 * each time, so there is no state that could disagree with them.
 *
 * <h2>The attacker's view</h2>
 *
 * <p>Everything here comes from an attacker. There is no backtracking: RE2 is linear, windows have
 * limits, and unpacking has limits of ratio, window and nesting that end in a refusal. What may
 * leave before a match is seen, whatever the pieces are: of a run fewer characters than make a
 * match; and as a rule none, because it is held back from its fourth character on.
 *
 * <h2>What it cannot find</h2>
 *
 * <p>Who can encrypt, or permute, or count in another base, gets anything past any scanner. This
 * one stops accidents and what tools do by themselves, and makes theft deliberate. Exact values and
 * canaries are its strong tier; patterns and entropy are a net below. In particular it does not
 * see: pieces shorter than a window, sent one by one; a secret with fewer than ten letters and
 * digits when it is split; characters interleaved with letters or digits; look-alikes of other
 * scripts; encodings within encodings beyond those of {@link Needle}; brotli, xz, bzip2, and
 * deflate without a head; patterns of tokens within base64 of bodies.
 */
public final class Scanner {
  /** The longest keyword of a pattern, in bytes. */
  static final int LONGEST_KEYWORD = 32;

  /** The longest token, in bytes. */
  static final int LONGEST_TOKEN = 8 * 1024;

  /** A word in base64 shorter than this holds no token. */
  private static final int SHORTEST_BASE64 = 20;

  private final Needles exact;
  private final Needles folded;
  private final ScanRules rules;
  private final Look outward;
  private final Look inward;

  /** What one direction looks for. */
  record Look(Needles folded, Needles exact, Sieve foldedSieve, Optional<Sieve> exactSieve) {}

  private Scanner(ScanRules rules) {
    this.rules = rules;
    List<Needle> foldedNeedles = new ArrayList<>();
    List<Needle> exactNeedles = new ArrayList<>();
    for (ScanRules.Known secret : rules.secrets()) {
      Needle.forms(secret, foldedNeedles, exactNeedles);
    }
    folded = new Needles(Alphabet.FOLDED, foldedNeedles);
    exact = new Needles(Alphabet.EXACT, exactNeedles);
    outward = look(rules.patterns() ? PatternFile.TOKENS : List.of());
    inward = look(PatternFile.INJECTIONS);
  }

  private Look look(List<TokenPattern> patterns) {
    List<Keywords.Keyword> words = new ArrayList<>();
    for (TokenPattern pattern : patterns) {
      byte[] bytes = pattern.keyword().getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      words.add(Keywords.Keyword.of(bytes, pattern.anyCase(), pattern));
    }
    for (Packed.Kind kind : Packed.Kind.values()) {
      if (kind.magic().length > 0) {
        words.add(Keywords.Keyword.of(kind.magic(), false, kind));
      }
    }
    // The heads of zlib's four levels: two bytes, and two bits of the third digit's next byte.
    for (String head :
        List.of(
            "eJw", "eJx", "eJy", "eJz", "eAE", "eAF", "eAG", "eAH", "eNo", "eNp", "eNq", "eNr",
            "eF4", "eF5", "eF6", "eF7")) {
      words.add(
          Keywords.Keyword.of(
              head.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1),
              false,
              Packed.Kind.BASE64_ZLIB));
    }
    return new Look(
        folded,
        exact,
        new Sieve(folded, new Keywords(words)),
        exact.isEmpty() ? Optional.empty() : Optional.of(new Sieve(exact, Keywords.NONE)));
  }

  /** A scanner that follows these rules. */
  public static Scanner of(ScanRules rules) {
    return new Scanner(rules);
  }

  /**
   * Looks at one small thing as a whole: a host, a path, a header's value. Words in base64 are
   * looked into. Entropy is not looked at.
   *
   * @param where what it is called in findings
   */
  public Optional<Finding> check(String where, byte[] whole) {
    Optional<Finding> finding = blocked(where, whole);
    return finding.isPresent() || !rules.patterns() ? finding : inBase64(where, whole);
  }

  private Optional<Finding> blocked(String where, byte[] whole) {
    try (BodyScan scan =
        new BodyScan(this, Mode.outbound(OnMatch.BLOCK, false), where, whole.length)) {
      scan.feed(ByteBuffer.wrap(whole));
      scan.finish();
      return Optional.empty();
    } catch (BlockedException e) {
      return Optional.of(e.finding());
    }
  }

  private Optional<Finding> inBase64(String where, byte[] whole) {
    int start = 0;
    for (int i = 0; i <= whole.length; i++) {
      if (i < whole.length && Base64Reader.value(whole[i]) >= 0) {
        continue;
      }
      if (i - start >= SHORTEST_BASE64) {
        byte[] out = new byte[i - start];
        int n = new Base64Reader().read(whole, start, i, out);
        Optional<Finding> finding = blocked(where, Arrays.copyOf(out, n));
        if (finding.isPresent()) {
          return finding;
        }
      }
      start = i + 1;
    }
    return Optional.empty();
  }

  /**
   * The same length, with what was found overwritten by {@code *}; all of it, when it is in
   * something compressed. What {@link #check} finds in words in base64 is not overwritten.
   */
  public byte[] redact(byte[] whole) {
    byte[] result = new byte[whole.length];
    try (BodyScan scan =
        new BodyScan(this, Mode.outbound(OnMatch.REDACT, false), "", whole.length)) {
      ByteBuffer to = ByteBuffer.wrap(result);
      to.put(scan.feed(ByteBuffer.wrap(whole)));
      to.put(scan.finish());
    } catch (BlockedException e) {
      Arrays.fill(result, (byte) '*');
    }
    return result;
  }

  /** For one message that leaves, of no declared coding. */
  public BodyScan outbound(OnMatch onMatch) {
    return outbound(onMatch, "");
  }

  /**
   * For one message that leaves.
   *
   * @param coding the value of its Content-Encoding, or nothing. One that cannot be read here is
   *     refused with the first byte, unless nobody looks.
   */
  public BodyScan outbound(OnMatch onMatch, String coding) {
    BodyScan scan = new BodyScan(this, Mode.outbound(onMatch, rules.entropy()), "body", 1024);
    scan.declare(coding.strip().toLowerCase(Locale.ROOT));
    return scan;
  }

  /**
   * For one message that comes back. Known secrets and canaries are masked in any case; inside
   * something compressed they cannot be, and the message is blocked. {@code onMatch} is about
   * phrases that take over agents: block or mask them; OFF leaves it to the rules.
   */
  public BodyScan inbound(OnMatch onMatch) {
    Mode mode =
        switch (onMatch) {
          case BLOCK -> Mode.inbound(Mode.Act.BLOCK);
          case REDACT -> Mode.inbound(Mode.Act.MASK);
          case OFF ->
              Mode.inbound(
                  switch (rules.injection()) {
                    case OFF -> Mode.Act.IGNORE;
                    case WARN -> Mode.Act.NOTE;
                    case BLOCK -> Mode.Act.BLOCK;
                  });
        };
    return new BodyScan(this, mode, "response body", 1024);
  }

  Look look(Mode mode) {
    return mode.inward() ? inward : outward;
  }
}
