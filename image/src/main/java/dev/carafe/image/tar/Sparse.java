package dev.carafe.image.tar;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Where the data of a sparse file lies; all between is zeros. GNU tar has written the map in four
 * ways; all end here, and all are checked: in order, without overlap, inside the file.
 */
final class Sparse {
  private static final int MOST_PIECES = 1_000_000;

  /** Gives the following block of the archive. */
  interface Blocks {
    byte[] next() throws IOException;
  }

  private long[] offsets = new long[16];
  private long[] lengths = new long[16];
  private int pieces;
  private final long size;

  private Sparse(long size) throws BadArchiveException {
    if (size < 0) {
      throw bad();
    }
    this.size = size;
  }

  /** The size of the whole file. */
  long size() {
    return size;
  }

  static Sparse old(byte[] header, Blocks more) throws IOException {
    Sparse sparse = new Sparse(TarNumbers.parse(header, 483, 12));
    sparse.addBlock(header, 386, 4);
    boolean extended = header[482] != 0;
    while (extended) {
      byte[] block = more.next();
      sparse.addBlock(block, 0, 21);
      extended = block[504] != 0;
    }
    return sparse;
  }

  private void addBlock(byte[] block, int offset, int count) throws BadArchiveException {
    for (int i = 0; i < count; i++) {
      int at = offset + 24 * i;
      if (block[at] == 0) {
        return;
      }
      add(TarNumbers.parse(block, at, 12), TarNumbers.parse(block, at + 12, 12));
    }
  }

  static Sparse inHeader(String map, long size) throws BadArchiveException {
    Sparse sparse = new Sparse(size);
    String[] numbers = map.split(",", -1);
    if (numbers.length % 2 != 0) {
      throw bad();
    }
    for (int i = 0; i < numbers.length; i += 2) {
      sparse.add(PaxRecords.decimal(numbers[i]), PaxRecords.decimal(numbers[i + 1]));
    }
    return sparse;
  }

  /** The map stands before the data as decimal lines, filled up to a whole block. */
  static Sparse inContents(InputStream contents, long size) throws IOException {
    Sparse sparse = new Sparse(size);
    long[] read = {0};
    long count = line(contents, read);
    if (count > MOST_PIECES) {
      throw bad();
    }
    for (long i = 0; i < count; i++) {
      sparse.add(line(contents, read), line(contents, read));
    }
    contents.skipNBytes(-read[0] & (TarReader.BLOCK - 1));
    return sparse;
  }

  private static long line(InputStream contents, long[] read) throws IOException {
    long value = 0;
    for (int digits = 0; ; digits++) {
      int c = contents.read();
      read[0]++;
      if (c == '\n' && digits > 0) {
        return value;
      }
      if (c < '0' || c > '9' || digits == 18) {
        throw bad();
      }
      value = value * 10 + c - '0';
    }
  }

  private void add(long offset, long length) throws BadArchiveException {
    long end = pieces == 0 ? 0 : offsets[pieces - 1] + lengths[pieces - 1];
    if (offset < end || length < 0 || offset > size || length > size - offset) {
      throw bad();
    }
    if (pieces == MOST_PIECES) {
      throw new BadArchiveException("a sparse file has more than " + MOST_PIECES + " pieces");
    }
    if (pieces == offsets.length) {
      offsets = Arrays.copyOf(offsets, pieces * 2);
      lengths = Arrays.copyOf(lengths, pieces * 2);
    }
    offsets[pieces] = offset;
    lengths[pieces++] = length;
  }

  /** Refuses a map that wants other than {@code stored} bytes of data. */
  void check(long stored) throws BadArchiveException {
    long sum = 0;
    for (int i = 0; i < pieces; i++) {
      sum += lengths[i];
    }
    if (sum != stored) {
      throw bad();
    }
  }

  private static BadArchiveException bad() {
    return new BadArchiveException("a sparse file's map is damaged");
  }

  /** The whole file, zeros included, from its stored data. */
  InputStream expand(InputStream stored) {
    return new InputStream() {
      private long at;
      private int piece;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] to, int offset, int length) throws IOException {
        if (length == 0) {
          return 0;
        }
        if (at == size) {
          return -1;
        }
        while (piece < pieces && at == offsets[piece] + lengths[piece]) {
          piece++;
        }
        long until = piece == pieces ? size : offsets[piece];
        int count;
        if (at < until) {
          count = (int) Math.min(length, until - at);
          Arrays.fill(to, offset, offset + count, (byte) 0);
        } else {
          long rest = offsets[piece] + lengths[piece] - at;
          count = stored.read(to, offset, (int) Math.min(length, rest));
          if (count < 0) {
            throw bad();
          }
        }
        at += count;
        return count;
      }
    };
  }
}
