package dev.carafe.egress.scan;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Says of what may be zlib data in base64 whether its first bytes are: the two bytes of the head
 * are not rare in base64, and most of what follows them by chance is refused at once. One thread at
 * a time.
 */
final class ZlibProbe implements AutoCloseable {
  private static final int LOOKED_AT = 256;

  private final byte[] in = new byte[LOOKED_AT];
  private final byte[] out = new byte[4 * LOOKED_AT];
  private @Nullable Inflater inflater;

  /** Whether nothing up to {@code end} speaks against it. */
  boolean mayBegin(byte[] bytes, int at, int end) {
    int n = new Base64Reader().read(bytes, at, Math.min(end, at + LOOKED_AT), in);
    if (inflater == null) {
      inflater = new Inflater(false);
    }
    inflater.reset();
    inflater.setInput(in, 0, n);
    try {
      inflater.inflate(out);
      return true;
    } catch (DataFormatException e) {
      return false;
    }
  }

  @Override
  public void close() {
    if (inflater != null) {
      inflater.end();
      inflater = null;
    }
  }
}
