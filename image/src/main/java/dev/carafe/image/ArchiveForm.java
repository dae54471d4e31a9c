package dev.carafe.image;

/** How the layers of an image stand in an archive of it. */
public enum ArchiveForm {
  /** As the store keeps them: whoever imports the archive has an image of the same digest. */
  AS_KEPT,

  /**
   * Those that are zstd as gzip, for tools that do not know zstd. The image's own configuration
   * stays; its manifest, and so its digest, is another.
   */
  GZIP
}
