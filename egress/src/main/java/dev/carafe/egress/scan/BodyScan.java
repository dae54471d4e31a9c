package dev.carafe.egress.scan;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One message's body as it passes. Keeps back at most what may be the beginning of a match. One
 * thread at a time.
 */
public final class BodyScan {
  private final Scanner scanner;
  private final OnMatch onMatch;
  private final String where;
  private final List<Finding> findings = new ArrayList<>();
  private byte[] held = new byte[0];

  BodyScan(Scanner scanner, OnMatch onMatch, String where) {
    this.scanner = scanner;
    this.onMatch = onMatch;
    this.where = where;
  }

  /** What may go on now; it may alias the chunk, and may be empty. */
  public ByteBuffer feed(ByteBuffer chunk) throws BlockedException {
    if (onMatch == OnMatch.OFF) {
      return chunk;
    }
    byte[] all = Arrays.copyOf(held, held.length + chunk.remaining());
    chunk.get(all, held.length, chunk.remaining());
    Optional<Finding> finding = scanner.check(where, all);
    if (finding.isPresent()) {
      findings.add(finding.get());
      if (onMatch == OnMatch.BLOCK) {
        throw new BlockedException(finding.get());
      }
      all = scanner.redact(all);
    }
    int keep = scanner.begun(all);
    held = Arrays.copyOfRange(all, all.length - keep, all.length);
    return ByteBuffer.wrap(all, 0, all.length - keep);
  }

  /** The rest, when the message has ended. */
  public ByteBuffer finish() throws BlockedException {
    return idle();
  }

  /** What may go on although nothing more has come. */
  public ByteBuffer idle() {
    ByteBuffer rest = ByteBuffer.wrap(held);
    held = new byte[0];
    return rest;
  }

  /** What was found so far. */
  public List<Finding> findings() {
    return List.copyOf(findings);
  }
}
