package dev.carafe.image;

import dev.carafe.image.layer.Decompression;
import dev.carafe.image.layer.LayerMerger;
import dev.carafe.image.layer.Limits;
import dev.carafe.image.layer.Squashfs;
import dev.carafe.image.layer.UnknownBelowException;
import dev.carafe.image.source.Content;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Catalog;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.store.Part;
import dev.carafe.image.store.WorkDirectory;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    // Another image may stand on the squashfs that this one had before it was removed.
    Optional<Part> kept = catalog.part(content.manifest().digest());
    if (kept.isPresent() && catalog.add(record(content, List.of(kept.get())), Map.of())) {
      return;
    }
    progress.step("Unpacking");
    LayerMerger merger = new LayerMerger(limits);
    List<LayerMerger.Layer> again = index(merger, content.layers());
    Path file = work.newFile();
    long bytes =
        squashfs.write(
            file,
            merger.rootAttributes(),
            out -> merger.write(again, out, done -> progress.bytes(done, merger.rawBytes())));
    Part whole = new Part(content.manifest().digest(), bytes, content.layers().size());
    catalog.add(record(content, List.of(whole)), Map.of(whole.key(), file));
  }

  /** A record of {@code content}, made now, without a name. */
  ImageRecord record(Content content, List<Part> parts) {
    return new ImageRecord(
        content.manifest(),
        content.config().digest(),
        parts,
        clock.instant(),
        content.imageConfig(),
        content.layers().stream().map(layer -> layer.blob().digest()).toList(),
        List.of());
  }

  /**
   * Makes a squashfs of layers that stand on others, which are not looked at.
   *
   * @throws UnknownBelowException when that cannot be, because a layer leans on what is below
   */
  Part buildDelta(WorkDirectory work, Path file, List<Layer> layers, Progress progress)
      throws IOException {
    LayerMerger merger = LayerMerger.onTop(limits);
    List<LayerMerger.Layer> again = index(merger, layers);
    long bytes =
        squashfs.write(
            file,
            merger.rootAttributes(),
            out -> merger.write(again, out, done -> progress.bytes(done, merger.rawBytes())));
    return new Part(deltaKey(layers), bytes, layers.size());
  }

  /** What is in a delta depends on its layers, and on nothing else. */
  private static String deltaKey(List<Layer> layers) {
    StringBuilder text = new StringBuilder("carafe-delta 1\n");
    layers.forEach(layer -> text.append(layer.diffId()).append('\n'));
    return Digests.of(text.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** Makes one layer of layers that stand on others, and keeps it. */
  Layer mergeLayers(WorkDirectory work, List<Layer> layers, Progress progress) throws IOException {
    LayerMerger merger = LayerMerger.onTop(limits);
    List<LayerMerger.Layer> again = index(merger, layers);
    Path tar = work.newFile();
    try (TarWriter out = new TarWriter(Files.newOutputStream(tar))) {
      merger.writeLayer(again, out, done -> progress.bytes(done, merger.rawBytes()));
    }
    try (InputStream in = Files.newInputStream(tar)) {
      return blobs.compress(work, in, count -> {});
    } finally {
      Files.deleteIfExists(tar);
    }
  }

  private List<LayerMerger.Layer> index(LayerMerger merger, List<Layer> layers) throws IOException {
    List<LayerMerger.Layer> again = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Layer layer = layers.get(i);
      index(merger, layer, i, layers.size());
      again.add(() -> open(layer));
    }
    return again;
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
