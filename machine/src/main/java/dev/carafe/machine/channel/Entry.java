package dev.carafe.machine.channel;

/**
 * One entry of a copy, checked in itself: lengths, reserved bytes, ranges, and names whose
 * components can be nothing but names.
 *
 * @param mode permission bits, 0 to 07777
 * @param seconds of the modification time, since 1970
 * @param nanos of the modification time, below a billion
 * @param path relative to the copied thing, which is itself the empty path
 * @param target a symbolic link's text or a hard link's path; otherwise empty
 */
record Entry(
    int kind,
    int mode,
    int uid,
    int gid,
    long seconds,
    int nanos,
    int major,
    int minor,
    byte[] path,
    byte[] target) {
  static final int END = 0;
  static final int FILE = 1;
  static final int DIRECTORY = 2;
  static final int SYMBOLIC_LINK = 3;
  static final int HARD_LINK = 4;
  static final int CHARACTER_DEVICE = 5;
  static final int BLOCK_DEVICE = 6;
  static final int FIFO = 7;

  /** Only in layers: what the image has and the machine has not. */
  static final int DELETED = 8;

  static final int HEADER_BYTES = 40;
  static final int CHUNK_BYTES = 12;

  /** The length of the chunk that ends a file which could not be read to its end. */
  static final int BROKEN = 0xffff_ffff;

  static final int MAX_MODE = 07777;
  static final int NANOS = 1_000_000_000;

  /** No file of a guest's may pretend to be longer. */
  static final long MAX_SIZE = 1L << 40;

  static Entry file(byte[] path, int mode, int uid, int gid, long seconds, int nanos) {
    return new Entry(FILE, mode, uid, gid, seconds, nanos, 0, 0, path, new byte[0]);
  }
}
