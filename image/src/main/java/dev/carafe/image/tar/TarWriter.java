package dev.carafe.image.tar;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes entries as a pax archive, byte for byte the same for the same entries. Closing writes the
 * end of the archive and closes the stream.
 */
public final class TarWriter implements Closeable {
  private final OutputStream out;
  private final byte[] buffer = new byte[65_536];

  public TarWriter(OutputStream out) {
    this.out = out;
  }

  /** Writes one entry; {@code contents} must give exactly {@link TarEntry#size} bytes. */
  public void write(TarEntry entry, InputStream contents) throws IOException {
    write(entry, entry.name(), entry.size(), new TreeMap<>());
    copy(contents, entry.size());
    pad(entry.size());
  }

  /**
   * Writes a file that has holes, of which only the data is stored: GNU's format 1.0 (the GNU tar
   * manual, "Storing Sparse Files"), where the map stands before the data.
   *
   * @param pieces where the data is: offset and length of each piece in turn; in order, without
   *     overlap, inside the file
   * @param data the pieces, one behind the other
   */
  public void writeSparse(TarEntry entry, long[] pieces, InputStream data) throws IOException {
    StringBuilder map = new StringBuilder().append(pieces.length / 2).append('\n');
    long stored = 0;
    for (int i = 0; i < pieces.length; i += 2) {
      map.append(pieces[i]).append('\n').append(pieces[i + 1]).append('\n');
      stored += pieces[i + 1];
    }
    byte[] lines = map.toString().getBytes(StandardCharsets.US_ASCII);
    long mapSize = lines.length + padding(lines.length);
    Map<String, String> pax = new TreeMap<>();
    pax.put("GNU.sparse.major", "1");
    pax.put("GNU.sparse.minor", "0");
    pax.put("GNU.sparse.name", entry.name());
    pax.put("GNU.sparse.realsize", Long.toString(entry.size()));
    write(entry, "GNUSparseFile.0", mapSize + stored, pax);
    out.write(lines);
    pad(lines.length);
    copy(data, stored);
    pad(stored);
  }

  private void write(TarEntry entry, String name, long size, Map<String, String> pax)
      throws IOException {
    byte[] header = new byte[TarReader.BLOCK];
    text(header, 0, 100, name, "path", pax);
    text(header, 157, 100, entry.link(), "linkpath", pax);
    TarNumbers.write(header, 100, 8, entry.mode());
    number(header, 108, 8, entry.uid(), "uid", pax);
    number(header, 116, 8, entry.gid(), "gid", pax);
    number(header, 124, 12, size, "size", pax);
    number(header, 136, 12, entry.mtime(), "mtime", pax);
    TarNumbers.write(header, 329, 8, entry.major());
    TarNumbers.write(header, 337, 8, entry.minor());
    entry.xattrs().forEach((key, value) -> pax.put("SCHILY.xattr." + key, value));
    if (!pax.isEmpty()) {
      writeExtended(pax);
    }
    header[156] =
        (byte)
            switch (entry.type()) {
              case FILE -> '0';
              case HARD_LINK -> '1';
              case SYMBOLIC_LINK -> '2';
              case CHARACTER_DEVICE -> '3';
              case BLOCK_DEVICE -> '4';
              case DIRECTORY -> '5';
              case FIFO -> '6';
            };
    finish(header);
  }

  /** Writes an entry that has no contents. */
  public void write(TarEntry entry) throws IOException {
    write(entry, InputStream.nullInputStream());
  }

  private void copy(InputStream contents, long size) throws IOException {
    long left = size;
    while (left > 0) {
      int read = contents.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new BadArchiveException("a file is shorter than its size");
      }
      out.write(buffer, 0, read);
      left -= read;
    }
  }

  private void pad(long size) throws IOException {
    out.write(new byte[padding(size)]);
  }

  private static int padding(long size) {
    return (int) (-size & (TarReader.BLOCK - 1));
  }

  private void writeExtended(Map<String, String> pax) throws IOException {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    for (Map.Entry<String, String> record : pax.entrySet()) {
      String rest = " " + record.getKey() + "=" + record.getValue() + "\n";
      // The length counts its own digits.
      int length = rest.length() + 1;
      while (Integer.toString(length).length() + rest.length() != length) {
        length = Integer.toString(length).length() + rest.length();
      }
      records.writeBytes((length + rest).getBytes(StandardCharsets.ISO_8859_1));
    }
    byte[] header = new byte[TarReader.BLOCK];
    text(header, 0, 100, "pax", "path", Map.of());
    TarNumbers.write(header, 100, 8, 0644);
    TarNumbers.write(header, 108, 8, 0);
    TarNumbers.write(header, 116, 8, 0);
    TarNumbers.write(header, 124, 12, records.size());
    TarNumbers.write(header, 136, 12, 0);
    header[156] = 'x';
    finish(header);
    records.writeTo(out);
    pad(records.size());
  }

  private void finish(byte[] header) throws IOException {
    System.arraycopy("ustar\00000".getBytes(StandardCharsets.ISO_8859_1), 0, header, 257, 8);
    int sum = 8 * ' ';
    for (byte b : header) {
      sum += b & 0xff;
    }
    TarNumbers.write(header, 148, 7, sum);
    header[155] = ' ';
    out.write(header);
  }

  private static void text(
      byte[] header, int offset, int length, String text, String key, Map<String, String> pax) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, header, offset, Math.min(bytes.length, length));
    if (bytes.length > length) {
      pax.put(key, text);
    }
  }

  private static void number(
      byte[] header, int offset, int length, long value, String key, Map<String, String> pax) {
    if (!TarNumbers.write(header, offset, length, value)) {
      TarNumbers.write(header, offset, length, 0);
      pax.put(key, Long.toString(value));
    }
  }

  /** Writes the end of the archive, and leaves the stream open. */
  public void end() throws IOException {
    out.write(new byte[2 * TarReader.BLOCK]);
    out.flush();
  }

  @Override
  public void close() throws IOException {
    try (out) {
      end();
    }
  }
}
