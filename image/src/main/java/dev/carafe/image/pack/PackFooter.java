package dev.carafe.image.pack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The last 64 bytes of a pack: where its two parts are. A footer that exists fits the file it was
 * read from: the stub, the assets, the manifest and the footer follow one another without gap or
 * overlap.
 *
 * <p>The format is smolvm's: little-endian; magic {@code SMOLPACK}, u32 version, u64 stub size, u64
 * assets offset and size, u64 manifest offset and size, u32 CRC-32 over assets and manifest, 8
 * reserved bytes. smolvm's releases read and write 1 to 3, which differ only in what a pack holds.
 *
 * @param version 1 to 3
 * @param stub bytes of a program before the assets; 0 in a file of its own
 * @param assets bytes of the compressed assets, which start after the stub
 * @param manifest bytes of the manifest, which follows the assets
 */
record PackFooter(int version, long stub, long assets, int manifest, int crc) {
  static final int BYTES = 64;
  static final int MAX_MANIFEST = 16 << 20;

  private static final byte[] MAGIC = "SMOLPACK".getBytes(StandardCharsets.US_ASCII);

  /**
   * @param bytes the last 64 bytes of a file
   * @param fileSize the whole file's size
   */
  static PackFooter parse(byte[] bytes, long fileSize) throws PackException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    buffer.get(magic);
    if (!java.util.Arrays.equals(magic, MAGIC)) {
      throw new PackException("it is not a .smolmachine file, or its end is missing");
    }
    int version = buffer.getInt();
    if (version < 1 || version > 3) {
      throw new PackException(
          "it has format version "
              + Integer.toUnsignedString(version)
              + "; Carafe reads versions 1 to 3");
    }
    long stub = buffer.getLong();
    long assetsAt = buffer.getLong();
    long assets = buffer.getLong();
    long manifestAt = buffer.getLong();
    long manifest = buffer.getLong();
    int crc = buffer.getInt();
    // One comparison at a time, so that no sum of hostile numbers can overflow.
    long room = fileSize - BYTES;
    check(stub >= 0 && stub <= room, "its program is larger than the file");
    check(assetsAt == stub, "its assets do not start where its program ends");
    check(assets > 0 && assets <= room - stub, "its assets are larger than the file");
    check(manifestAt == stub + assets, "its manifest does not start where its assets end");
    check(
        manifest > 0 && manifest <= MAX_MANIFEST,
        "its manifest has " + Long.toUnsignedString(manifest) + " bytes; the limit is 16 MiB");
    check(manifest == room - stub - assets, "its manifest does not end where its footer starts");
    return new PackFooter(version, stub, assets, (int) manifest, crc);
  }

  byte[] bytes() {
    return ByteBuffer.allocate(BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .putInt(version)
        .putLong(stub)
        .putLong(stub)
        .putLong(assets)
        .putLong(stub + assets)
        .putLong(manifest)
        .putInt(crc)
        .array();
  }

  private static void check(boolean holds, String otherwise) throws PackException {
    if (!holds) {
      throw new PackException("its footer is wrong: " + otherwise);
    }
  }
}
