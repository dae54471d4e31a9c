package dev.carafe.image.tar;

/** What one entry of an archive may use up at most, in bytes. */
public final class TarLimits {
  /** One component of a path, as Linux has it. */
  public static final int NAME_BYTES = 255;

  /** A whole path, and a link's target, as Linux has it. */
  public static final int PATH_BYTES = 4096;

  /** One extended header; far more than any real one has. */
  public static final int HEADER_BYTES = 1 << 20;

  /** One extended attribute's value, as Linux has it. */
  public static final int XATTR_BYTES = 65_536;

  /** How many extended headers may stand before one entry. */
  static final int HEADERS = 16;

  private TarLimits() {}
}
