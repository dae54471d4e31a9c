package dev.carafe.image.source;

import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.Layer;
import dev.carafe.image.tar.BadArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Brings an image from a {@link ContentSource} into the store. */
public final class Transfer {
  /** Enough to use a line well; as many as Docker uses. */
  private static final int AT_ONCE = 3;

  /** Indexes inside indexes are legal, but nobody needs more than this. */
  private static final int MOST_NESTING = 4;

  private Transfer() {}

  /** An image's own manifest, once an index has been looked through for the right one. */
  public record Chosen(Descriptor manifest, byte[] bytes) {}

  /** Follows indexes from {@code top} to the manifest for the wanted platform. */
  public static Chosen choose(ContentSource source, byte[] top, Platform platform)
      throws IOException {
    byte[] bytes = top;
    for (int i = 0; i < MOST_NESTING; i++) {
      Manifest manifest = Manifest.parse(bytes);
      switch (manifest) {
        case Manifest.Single _ -> {
          return new Chosen(
              new Descriptor(Manifest.mediaType(bytes, manifest), Digests.of(bytes), bytes.length),
              bytes);
        }
        case Manifest.Index index -> {
          Descriptor chosen = Manifest.choose(index, platform);
          if (chosen.size() > Manifest.MOST_BYTES) {
            throw new BadArchiveException(
                "its manifest is larger than " + Manifest.MOST_BYTES + " bytes");
          }
          bytes = source.manifest(chosen);
        }
      }
    }
    throw new BadArchiveException("its indexes are nested too deeply");
  }

  /** Brings configuration and layers in; those that are here already are not fetched. */
  public static Content take(Intake intake, ContentSource source, Chosen chosen)
      throws IOException {
    if (!(Manifest.parse(chosen.bytes()) instanceof Manifest.Single manifest)) {
      throw new IllegalArgumentException("not an image's own manifest");
    }
    if (manifest.config().size() > ConfigFile.MOST_BYTES) {
      throw new BadArchiveException(
          "its configuration is larger than " + ConfigFile.MOST_BYTES + " bytes");
    }
    fetch(intake, source, List.of(manifest.config()), count -> {});
    ConfigFile config =
        ConfigFile.parse(intake.blobs().read(manifest.config(), ConfigFile.MOST_BYTES));
    config.check(intake.platform());
    if (config.diffIds().size() != manifest.layers().size()) {
      throw new BadArchiveException(
          "its configuration and its manifest do not have the same number of layers");
    }
    long total = totalSize(manifest.layers(), intake.limits().bytes());
    fetch(intake, source, manifest.layers(), done -> intake.progress().bytes(done, total));
    intake.blobs().put(intake.work(), chosen.manifest().mediaType(), chosen.bytes());
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < manifest.layers().size(); i++) {
      layers.add(new Layer(manifest.layers().get(i), config.diffIds().get(i)));
    }
    return new Content(chosen.manifest(), manifest.config(), config.config(), layers);
  }

  private static long totalSize(List<Descriptor> layers, long limit) throws BadArchiveException {
    long total = 0;
    for (Descriptor layer : layers) {
      if (layer.size() > limit - total) {
        throw new BadArchiveException("its layers are more than " + limit + " bytes");
      }
      total += layer.size();
    }
    return total;
  }

  private interface Done {
    void bytes(long count);
  }

  private static void fetch(
      Intake intake, ContentSource source, List<Descriptor> blobs, Done progress)
      throws IOException {
    AtomicLong done = new AtomicLong();
    Set<Descriptor> missing = new LinkedHashSet<>();
    for (Descriptor blob : blobs) {
      if (intake.blobs().has(blob)) {
        done.addAndGet(blob.size());
      } else {
        missing.add(blob);
      }
    }
    progress.bytes(done.get());
    List<Future<Void>> running = new ArrayList<>();
    try (ExecutorService pool =
        Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
      try {
        for (Descriptor blob : missing) {
          running.add(
              pool.submit(
                  () -> {
                    try (InputStream in = source.blob(blob)) {
                      intake
                          .blobs()
                          .put(
                              intake.work(),
                              blob,
                              in,
                              count -> progress.bytes(done.addAndGet(count)));
                    }
                    return null;
                  }));
        }
        for (Future<Void> each : running) {
          each.get();
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IOException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      } finally {
        running.forEach(each -> each.cancel(true));
        pool.shutdownNow();
      }
    }
  }
}
