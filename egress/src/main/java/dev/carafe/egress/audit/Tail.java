package dev.carafe.egress.audit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Optional;

/** Looks at the end of an audit file. */
final class Tail {
  private static final int BLOCK = AuditLine.MOST_BYTES + 1;

  private Tail() {}

  /** Cuts off what follows the last line feed; returns how many bytes that were. */
  static long cutHalfLine(RandomAccessFile file) throws IOException {
    long length = file.length();
    long end = length;
    while (end > 0) {
      long from = Math.max(0, end - BLOCK);
      byte[] block = read(file, from, (int) (end - from));
      int feed = lastFeed(block, block.length);
      if (feed >= 0) {
        end = from + feed + 1;
        break;
      }
      end = from;
    }
    if (end < length) {
      file.setLength(end);
    }
    return length - end;
  }

  /** The link of the last line; empty when there is no line. The file ends with a line feed. */
  static Optional<Chain> last(RandomAccessFile file, Path path) throws IOException, AuditException {
    long length = file.length();
    if (length == 0) {
      return Optional.empty();
    }
    long from = Math.max(0, length - BLOCK - 1);
    byte[] block = read(file, from, (int) (length - from));
    int end = block.length - 1;
    int start = lastFeed(block, end) + 1;
    byte[] line = java.util.Arrays.copyOfRange(block, start, end);
    return Optional.of(
        AuditFiles.fields(line, line.length)
            .map(fields -> new Chain(fields.sequence(), Chain.hash(line, line.length)))
            .orElseThrow(
                () ->
                    new AuditException(
                        "the audit cannot be continued, since "
                            + path
                            + " does not end with a line of an audit; move it away, and what belongs"
                            + " to it")));
  }

  private static int lastFeed(byte[] block, int before) {
    for (int i = before - 1; i >= 0; i--) {
      if (block[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static byte[] read(RandomAccessFile file, long from, int length) throws IOException {
    byte[] block = new byte[length];
    file.seek(from);
    file.readFully(block);
    return block;
  }
}
