package dev.carafe.image;

import dev.carafe.image.layer.UnknownBelowException;
import dev.carafe.image.source.Content;
import dev.carafe.image.source.Intake;
import dev.carafe.image.source.Stacking;
import dev.carafe.image.store.Catalog;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.store.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Puts a layer on top of an image of the store, at a cost that follows the layer and not the image:
 * the new image shares all squashfs files of the one below and has one more, a delta.
 *
 * <p>Neither deltas nor layers become many. With one delta more than machines have disks, the upper
 * ones are merged, as many as keeps the work within a small multiple of what has changed: a large
 * delta at the bottom stays as it is under many small ones. With more layers than tools of others
 * take, those in deltas become one.
 *
 * <p>A layer that leans on what only the image below knows (a directory or a link's target that it
 * does not have itself) cannot be a delta. Then the image is made as a whole.
 */
final class LayerAddition {
  /** Docker takes 125 layers. */
  static final int MOST_LAYERS = 100;

  /** How much larger than all above it a delta may be and still be merged with them. */
  private static final int WORTH_MERGING = 2;

  private final Catalog catalog;
  private final ImageBuilder builder;
  private final Clock clock;
  private final Intake intake;

  LayerAddition(Catalog catalog, ImageBuilder builder, Clock clock, Intake intake) {
    this.catalog = catalog;
    this.builder = builder;
    this.clock = clock;
    this.intake = intake;
  }

  /**
   * Adds it.
   *
   * @param name the new image's, which another image may have had
   * @return the new image's digest
   */
  String add(String below, InputStream layerTar, String name, ImageConfig config, String createdBy)
      throws IOException {
    ImageRecord base = catalog.byDigest(below).filter(catalog::isWhole).orElseThrow(this::gone);
    List<Layer> layers = new ArrayList<>(Stacking.layers(intake.blobs(), base));
    long[] done = {0};
    layers.add(
        intake
            .blobs()
            .compress(
                intake.work(), layerTar, count -> intake.progress().bytes(done[0] += count, -1)));
    List<Part> parts = new ArrayList<>(base.parts());
    int kept = layers.size() - 1;
    if (layers.size() > MOST_LAYERS && parts.size() > 1) {
      kept = parts.getFirst().layers();
      intake.progress().step("Merging the upper layers");
      Layer merged =
          builder.mergeLayers(
              intake.work(), layers.subList(kept, layers.size()), intake.progress());
      layers = new ArrayList<>(layers.subList(0, kept));
      layers.add(merged);
      parts = List.of(parts.getFirst());
    }
    Content content =
        Stacking.onTop(intake, base, kept, layers, config, clock.instant(), createdBy);
    return build(content, parts, name);
  }

  private IOException gone() {
    return new IOException("the image that it is to stand on is not in the store any more");
  }

  private String build(Content content, List<Part> below, String name) throws IOException {
    List<Layer> layers = content.layers();
    List<Part> parts = new ArrayList<>(below);
    int from = layers.size() - 1;
    long size = layers.getLast().blob().size();
    if (parts.size() > Image.MOST_DELTAS) {
      do {
        Part merged = parts.removeLast();
        from -= merged.layers();
        size += merged.bytes();
      } while (parts.size() > 1 && parts.getLast().bytes() <= WORTH_MERGING * size);
    }
    intake.progress().step("Preparing the layer");
    Path file = intake.work().newFile();
    String digest = content.manifest().digest();
    try {
      List<Layer> upper = layers.subList(from, layers.size());
      Part delta = builder.buildDelta(intake.work(), file, upper, intake.progress());
      parts.add(delta);
      if (!catalog.add(builder.record(content, parts), Map.of(delta.key(), file), name)) {
        throw gone();
      }
    } catch (UnknownBelowException e) {
      do {
        builder.ensureBuilt(intake.work(), content, intake.progress());
      } while (!catalog.name(name, digest, ""));
    }
    return digest;
  }
}
