package dev.carafe.image;

import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** The user's images. STUB FOR THE SHAPE ONLY: replaced by the image room. */
public final class ImageStore {
  private ImageStore() {}

  /** Opens (and makes, when missing) the store of {@code home}. Cheap: reads nothing. */
  public static ImageStore open(Home home) {
    throw new IllegalStateException();
  }

  /**
   * The image that {@code reference} names in this store, without asking anyone else; empty when it
   * is not here. Fast: on the path of every start.
   */
  public Optional<Image> find(String reference) {
    throw new IllegalStateException();
  }

  /** {@link #find}, else {@link #pull}. */
  public Image ensure(String reference, Progress progress) {
    throw new IllegalStateException();
  }

  /** Fetches what {@code reference} (any transport) names now, stores it, and names it so. */
  public Image pull(String reference, Progress progress) {
    throw new IllegalStateException();
  }

  /**
   * Imports an archive from a stream ({@code docker save}, OCI archive, or a plain root filesystem
   * tar).
   */
  public Image importArchive(InputStream archive, String name, Progress progress) {
    throw new IllegalStateException();
  }

  /** All images, newest first. */
  public List<Image> list() {
    throw new IllegalStateException();
  }

  /**
   * Takes a name away, or with a digest (or unique prefix of 12 or more digits) the image and all
   * its names.
   */
  public void remove(String referenceOrDigest) {
    throw new IllegalStateException();
  }

  /** Removes images without a name and whatever interrupted work left; returns the bytes freed. */
  public long prune() {
    throw new IllegalStateException();
  }

  /** Stores an image made of layers given as uncompressed tars, lowest first, and names it so. */
  public Image importLayers(
      ImageConfig config,
      List<java.nio.file.Path> layers,
      Optional<String> name,
      Progress progress) {
    throw new IllegalStateException();
  }

  /** A layer's uncompressed tar. */
  public InputStream openLayer(String digest) {
    throw new IllegalStateException();
  }
}
