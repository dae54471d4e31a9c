package dev.carafe.image;

import dev.carafe.image.layer.Decompression;
import dev.carafe.image.layer.LayerMerger;
import dev.carafe.image.layer.Limits;
import dev.carafe.image.layer.Squashfs;
import dev.carafe.image.source.Content;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Catalog;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.store.WorkDirectory;
import dev.carafe.image.tar.BadArchiveException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** Makes an image's squashfs of layers that are in the store, comparing every layer's digest. */
final class ImageBuilder {
  private final Catalog catalog;
  private final Blobs blobs;
  private final Limits limits;
  private final Clock clock;
  private final Squashfs squashfs;

  ImageBuilder(Catalog catalog, Blobs blobs, Limits limits, Clock clock, Squashfs squashfs) {
    this.catalog = catalog;
    this.blobs = blobs;
    this.limits = limits;
    this.clock = clock;
    this.squashfs = squashfs;
  }

  /** Makes it, unless it is there. */
  void ensureBuilt(WorkDirectory work, Content content, Progress progress) throws IOException {
    String digest = content.manifest().digest();
    try (Closeable _ = catalog.making(digest)) {
      if (!catalog.has(digest)) {
        build(work, content, progress);
      }
    }
  }

  private void build(WorkDirectory work, Content content, Progress progress) throws IOException {
    progress.step("Unpacking");
    LayerMerger merger = new LayerMerger(limits);
    for (int i = 0; i < content.layers().size(); i++) {
      index(merger, content.layers().get(i), i, content.layers().size());
    }
    List<LayerMerger.Layer> again = new ArrayList<>();
    for (Layer layer : content.layers()) {
      again.add(() -> open(layer));
    }
    Path file = work.newFile();
    long bytes =
        squashfs.write(
            file,
            merger.rootAttributes(),
            out -> merger.write(again, out, done -> progress.bytes(done, merger.rawBytes())));
    catalog.add(
        new ImageRecord(
            content.manifest(),
            content.config().digest(),
            bytes,
            clock.instant(),
            content.imageConfig(),
            content.layers().stream().map(layer -> layer.blob().digest()).toList(),
            List.of()),
        file);
  }

  private void index(LayerMerger merger, Layer layer, int number, int count) throws IOException {
    MessageDigest digest = Digests.start();
    try (InputStream in = new DigestInputStream(open(layer), digest)) {
      merger.index(in);
    } catch (BadArchiveException e) {
      throw new BadArchiveException(
          "layer " + (number + 1) + " of " + count + ": " + e.getMessage(), e);
    }
    String found = Digests.finish(digest);
    if (!found.equals(layer.diffId())) {
      throw new BadArchiveException(
          "the digest of layer "
              + (number + 1)
              + " of "
              + count
              + " differs: expected "
              + layer.diffId()
              + ", got "
              + found);
    }
  }

  private InputStream open(Layer layer) throws IOException {
    InputStream blob = blobs.open(layer.blob().digest());
    try {
      return Decompression.open(blob, limits.bytes());
    } catch (IOException e) {
      blob.close();
      throw e;
    }
  }
}
