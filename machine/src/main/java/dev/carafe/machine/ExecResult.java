package dev.carafe.machine;

import java.nio.charset.StandardCharsets;

/**
 * What a captured command did.
 *
 * @param exitCode its own, 128 + signal, 124 for a time-out, 126 or 127 when it could not be
 *     started
 * @param stdout the exact bytes it wrote to standard output
 * @param stderr the exact bytes it wrote to standard error
 */
public record ExecResult(int exitCode, byte[] stdout, byte[] stderr) {
  /** Standard output as UTF-8, malformed bytes replaced. */
  public String out() {
    return new String(stdout, StandardCharsets.UTF_8);
  }

  /** Standard error as UTF-8, malformed bytes replaced. */
  public String err() {
    return new String(stderr, StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return "ExecResult[exitCode="
        + exitCode
        + ", stdout="
        + stdout.length
        + " bytes, stderr="
        + stderr.length
        + " bytes]";
  }
}
