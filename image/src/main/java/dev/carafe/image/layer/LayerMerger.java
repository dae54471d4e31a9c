package dev.carafe.image.layer;

import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarReader;
import dev.carafe.image.tar.TarWriter;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Merges layers into one tar without ever holding a file. Two passes: the first reads all layers
 * and finds out which entry every name stands for in the end ({@link MergedTree}), the second reads
 * them again and lets only those entries through. Decompressing twice costs less than unpacking to
 * a disk once, and nothing of a hostile archive ever becomes a file of the host.
 *
 * <p>Order of what comes out: all directories, then each file once under one of its names, its
 * other names as hard links right behind it. No name comes twice.
 */
public final class LayerMerger {
  /** Opens a layer's uncompressed tar, from its beginning. Called once per pass. */
  public interface Layer {
    InputStream open() throws IOException;
  }

  private final Limits limits;
  private final MergedTree tree;
  private long rawBytes;

  /** Merges layers of which the first stands on nothing. */
  public LayerMerger(Limits limits) {
    this(limits, false);
  }

  private LayerMerger(Limits limits, boolean onTop) {
    this.limits = limits;
    tree = new MergedTree(limits, onTop);
  }

  /**
   * Merges layers that stand on an image which is not looked at: what they hide of it is written
   * too. {@link #index} throws {@link UnknownBelowException} for a layer that leans on it.
   */
  public static LayerMerger onTop(Limits limits) {
    return new LayerMerger(limits, true);
  }

  /**
   * Reads the next layer, lowest first, to its very end (what follows the archive included, so that
   * a digest of the stream is one of all of it). Does not close {@code layer}.
   */
  public void index(InputStream layer) throws IOException {
    CountingInputStream counted = new CountingInputStream(layer);
    TarReader reader = new TarReader(counted);
    tree.beginLayer();
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      tree.add(entry);
      checkRaw(counted.count());
    }
    byte[] waste = new byte[65_536];
    while (counted.read(waste) >= 0) {
      checkRaw(counted.count());
    }
    rawBytes += counted.count();
  }

  private void checkRaw(long read) throws BadArchiveException {
    if (rawBytes + read > limits.bytes()) {
      throw new BadArchiveException("it unpacks to more than " + limits.bytes() + " bytes");
    }
  }

  /** The root directory's own entry: a squashfs takes what it needs of it beside the tar. */
  public TarEntry rootAttributes() {
    return tree.rootAttributes();
  }

  /** Of all layers indexed, uncompressed. */
  public long rawBytes() {
    return rawBytes;
  }

  /**
   * Writes the merged tree for a squashfs: what it hides, if it stands on an image, in overlayfs's
   * own words. Call once, after all layers have been indexed.
   *
   * @param layers the same layers in the same order
   * @param progress gets the uncompressed bytes read so far
   */
  public void write(List<Layer> layers, TarWriter out, LongConsumer progress) throws IOException {
    write(layers, new Hiding.OfOverlay(), out, progress);
  }

  /** Like {@link #write}, but what comes out is a layer of an OCI image again. */
  public void writeLayer(List<Layer> layers, TarWriter out, LongConsumer progress)
      throws IOException {
    write(layers, new Hiding.OfLayer(), out, progress);
  }

  private void write(List<Layer> layers, Hiding hiding, TarWriter out, LongConsumer progress)
      throws IOException {
    for (TreeNode directory : tree.directories()) {
      TarEntry entry = kept(directory.attributes.named(directory.path()));
      if (directory.opaque && !directory.parent.isKnown()) {
        hiding.opaque(entry, out);
      } else {
        out.write(entry);
      }
    }
    for (TreeNode gone : tree.whiteouts()) {
      hiding.whiteout(gone.parent.path(), gone.name, out);
    }
    TreeNode[][] winners = tree.winners();
    long before = 0;
    for (int i = 0; i < layers.size(); i++) {
      try (CountingInputStream in = new CountingInputStream(layers.get(i).open())) {
        writeLayer(new TarReader(in), winners[i], out, in, before, progress);
        before += in.count();
      }
      winners[i] = null;
    }
    progress.accept(rawBytes);
  }

  private static void writeLayer(
      TarReader reader,
      TreeNode[] winners,
      TarWriter out,
      CountingInputStream in,
      long before,
      LongConsumer progress)
      throws IOException {
    for (TreeNode first : winners) {
      TarEntry entry = reader.next();
      if (entry == null) {
        throw new BadArchiveException("a layer has changed while it was read");
      }
      progress.accept(before + in.count());
      if (first == null) {
        continue;
      }
      String path = first.path();
      TarEntry clean = kept(entry);
      out.write(clean.named(path), reader.contents());
      for (TreeNode other = first.next; other != null; other = other.next) {
        // Only files are linked: sqfstar does not know other kinds as targets, and a second device
        // or symbolic link is the same to whoever uses it.
        out.write(
            entry.type() == Type.FILE
                ? clean.hardLink(other.path(), path)
                : clean.named(other.path()));
      }
    }
  }

  /**
   * Without the attributes that a squashfs cannot hold (all but three name spaces) and those by
   * which a layer could speak to the guest's overlay file system instead of to a program.
   */
  private static TarEntry kept(TarEntry entry) {
    if (entry.xattrs().isEmpty()) {
      return entry;
    }
    Map<String, String> xattrs = new HashMap<>(entry.xattrs());
    xattrs
        .keySet()
        .removeIf(
            name ->
                name.indexOf('\0') >= 0
                    || name.startsWith("trusted.overlay.")
                    || name.startsWith("user.overlay.")
                    || !(name.startsWith("user.")
                        || name.startsWith("trusted.")
                        || name.startsWith("security.")));
    return entry.withXattrs(xattrs);
  }
}
