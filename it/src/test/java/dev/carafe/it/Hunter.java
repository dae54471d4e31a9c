package dev.carafe.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Looks for secrets, in all their {@link Forms}, in places of any size: once through each. */
final class Hunter {
  private static final int PIECE = 1 << 20;
  private static final int PAGE = 4096;

  private final List<Needle> needles = new ArrayList<>();
  private final int[] first = new int[1 << 16];
  private final Set<Finding> findings = new TreeSet<>();
  private final byte[] window = new byte[2 * PIECE];
  private int longest;

  /** Something to look for; {@code next} begins with the same two bytes, -1: none. */
  private record Needle(String secret, String form, byte[] bytes, int next) {}

  /** That a secret was found. */
  record Finding(String secret, String place, String form) implements Comparable<Finding> {
    @Override
    public int compareTo(Finding other) {
      return toString().compareTo(other.toString());
    }
  }

  /**
   * Looks for these.
   *
   * @param secrets by a name under which findings are told
   */
  Hunter(Map<String, String> secrets) {
    java.util.Arrays.fill(first, -1);
    secrets.forEach(
        (name, secret) ->
            Forms.of(secret).forEach((form, all) -> all.forEach(bytes -> add(name, form, bytes))));
  }

  private void add(String secret, String form, byte[] bytes) {
    int key = key(bytes, 0);
    needles.add(new Needle(secret, form, bytes, first[key]));
    first[key] = needles.size() - 1;
    longest = Math.max(longest, bytes.length);
  }

  private static int key(byte[] bytes, int at) {
    return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
  }

  Set<Finding> findings() {
    return findings;
  }

  void text(String place, byte[] text) {
    try (var stream = new java.io.ByteArrayInputStream(text)) {
      stream(place, stream);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  void stream(String place, InputStream in) throws IOException {
    int kept = 0;
    for (int n = in.read(window, 0, PIECE); n >= 0; n = in.read(window, kept, PIECE)) {
      kept = search(place, kept + n);
    }
  }

  /** All of a file's bytes but its holes. */
  void sparse(String place, Path file) throws IOException, InterruptedException {
    Process tar =
        new ProcessBuilder(
                "tar",
                "-cSf",
                "-",
                "-C",
                file.getParent().toString(),
                file.getFileName().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    stream(place, tar.getInputStream());
    if (tar.waitFor() != 0) {
      throw new IOException("cannot read " + file);
    }
  }

  /** All regular files below a directory, except those with that ending. */
  void tree(String place, Path directory, String except) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.toString().endsWith(except)) {
          try (InputStream in = Files.newInputStream(file)) {
            stream(place + " " + file.getFileName(), in);
          }
        }
      }
    }
  }

  /**
   * A process's memory, as far as it has touched it: the rest is as in the files that it maps.
   *
   * @param special ending of the name of a mapped file, whose memory is a place of its own
   */
  void memory(String place, long pid, String special, String specialPlace) throws IOException {
    Path process = Path.of("/proc", Long.toString(pid));
    try (var memory = new RandomAccessFile(process.resolve("mem").toFile(), "r");
        var pages = new RandomAccessFile(process.resolve("pagemap").toFile(), "r")) {
      for (String line : Files.readAllLines(process.resolve("maps"))) {
        String[] words = line.split(" +", 6);
        String name = words.length > 5 ? words[5] : "";
        if (words[1].startsWith("r") && !name.startsWith("[v")) {
          String[] range = words[0].split("-");
          long start = Long.parseUnsignedLong(range[0], 16);
          long end = Long.parseUnsignedLong(range[1], 16);
          region(name.endsWith(special) ? specialPlace : place, memory, pages, start, end);
        }
      }
    }
  }

  private void region(
      String place, RandomAccessFile memory, RandomAccessFile pages, long start, long end)
      throws IOException {
    int kept = 0;
    for (long at = start; at < end; ) {
      long run = at;
      long most = Math.min(end, at + PIECE);
      boolean[] present = present(pages, at, most);
      while (run < most && present[(int) ((run - at) / PAGE)]) {
        run += PAGE;
      }
      if (run == at) {
        kept = 0;
        at += PAGE;
        while (at < most && !present[(int) ((at - run) / PAGE)]) {
          at += PAGE;
        }
        continue;
      }
      memory.seek(at);
      int n = memory.read(window, kept, (int) (run - at));
      kept = n < 0 ? 0 : search(place, kept + n);
      at = run;
    }
  }

  private static boolean[] present(RandomAccessFile pages, long from, long to) throws IOException {
    boolean[] present = new boolean[(int) ((to - from) / PAGE)];
    byte[] entries = new byte[8 * present.length];
    pages.seek(from / PAGE * 8);
    pages.readFully(entries);
    ByteBuffer buffer = ByteBuffer.wrap(entries).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < present.length; i++) {
      // Bit 63: in memory; bit 62: swapped out.
      present[i] = buffer.getLong(8 * i) >>> 62 != 0;
    }
    return present;
  }

  /** Searches the window up to there; returns how many of its last bytes were kept in front. */
  private int search(String place, int length) {
    for (int at = 0; at + 1 < length; at++) {
      for (int i = first[key(window, at)]; i >= 0; i = needles.get(i).next()) {
        Needle needle = needles.get(i);
        byte[] bytes = needle.bytes();
        if (at + bytes.length <= length
            && java.util.Arrays.equals(window, at, at + bytes.length, bytes, 0, bytes.length)) {
          findings.add(new Finding(needle.secret(), place, needle.form()));
        }
      }
    }
    int kept = Math.min(length, longest - 1);
    System.arraycopy(window, length - kept, window, 0, kept);
    return kept;
  }
}
