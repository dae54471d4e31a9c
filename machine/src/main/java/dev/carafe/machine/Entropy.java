package dev.carafe.machine;

import java.io.FileInputStream;
import java.io.IOException;
import java.util.HexFormat;

/**
 * Random bytes from the host's kernel, read directly: a {@code SecureRandom} costs a command that
 * was just started tens of milliseconds for the same bytes.
 */
public final class Entropy {
  private Entropy() {}

  public static byte[] bytes(int count) {
    try (FileInputStream random = new FileInputStream("/dev/urandom")) {
      byte[] bytes = random.readNBytes(count);
      if (bytes.length == count) {
        return bytes;
      }
    } catch (IOException e) {
      throw new MachineException(ErrorCode.HOST, "read random bytes", e.getMessage(), e);
    }
    throw new MachineException(ErrorCode.HOST, "read random bytes", "/dev/urandom ended");
  }

  /** {@code count} random bytes as lower-case hexadecimal digits. */
  public static String hex(int count) {
    return HexFormat.of().formatHex(bytes(count));
  }
}
