package dev.carafe.image;

import dev.carafe.image.layer.Decompression;
import dev.carafe.image.layer.Limits;
import dev.carafe.image.layer.Squashfs;
import dev.carafe.image.registry.Credentials;
import dev.carafe.image.registry.RegistryClient;
import dev.carafe.image.registry.RegistryException;
import dev.carafe.image.registry.RegistryName;
import dev.carafe.image.source.Archive;
import dev.carafe.image.source.Assembly;
import dev.carafe.image.source.Content;
import dev.carafe.image.source.Intake;
import dev.carafe.image.source.LocalSources;
import dev.carafe.image.source.Platform;
import dev.carafe.image.source.Reference;
import dev.carafe.image.source.Transfer;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Catalog;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.store.Part;
import dev.carafe.image.store.StoreLayout;
import dev.carafe.image.store.WorkDirectory;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The user's images. Safe for use by several threads and processes at once: readers see an image
 * whole or not at all, and of two that want the same one, one makes it and both have it.
 *
 * <p>Every method that takes a reference understands all transports (docs/images.md) and throws
 * {@link ImageException} when something fails; then nothing half-written is left.
 */
public final class ImageStore {
  private final StoreLayout layout;
  private final Catalog catalog;
  private final Blobs blobs;
  private final Settings settings;

  /** What a test replaces. */
  record Settings(
      Limits limits,
      Platform platform,
      Credentials credentials,
      Map<String, String> environment,
      Supplier<InputStream> standardInput,
      Clock clock,
      String sqfstar) {
    static Settings ofEnvironment() {
      return new Settings(
          Limits.standard(),
          Platform.ofHost(),
          Credentials.ofEnvironment(System.getenv()),
          System.getenv(),
          () -> System.in,
          Clock.systemUTC(),
          "sqfstar");
    }
  }

  ImageStore(StoreLayout layout, Settings settings) {
    this.layout = layout;
    this.settings = settings;
    catalog = new Catalog(layout);
    blobs = new Blobs(layout, settings.limits());
  }

  /** Opens (and makes, when missing) the store of {@code home}. Cheap: reads nothing. */
  public static ImageStore open(Home home) {
    return open(home, Settings.ofEnvironment());
  }

  static ImageStore open(Home home, Settings settings) {
    StoreLayout layout = new StoreLayout(home.images());
    try {
      layout.prepare();
    } catch (IOException e) {
      throw failed("open the image store " + layout.root(), e);
    }
    return new ImageStore(layout, settings);
  }

  /**
   * The image that {@code reference} names in this store, without asking anyone else; empty when it
   * is not here. A digest, or the first 12 or more digits of one, names its image too. Fast: on the
   * path of every start.
   */
  public Optional<Image> find(String reference) {
    try {
      return record(reference).map(this::image);
    } catch (IOException e) {
      throw failed("look for the image " + reference, e);
    }
  }

  private Optional<ImageRecord> record(String reference) throws IOException {
    if (Digests.isDigest(reference)) {
      return present(catalog.byDigest(reference));
    }
    Reference parsed = parse(reference);
    Optional<ImageRecord> found = present(catalog.find(parsed.name()));
    if (found.isPresent() || !(parsed instanceof Reference.Registry)) {
      return found;
    }
    List<String> digests = catalog.byPrefix(reference);
    if (digests.size() == 1) {
      return present(catalog.byDigest(digests.getFirst()));
    }
    // The full spelling of a name that is stored in its short one. Last, because it is slow.
    Optional<String> canonical = canonical(parsed).filter(name -> !name.equals(parsed.name()));
    return canonical.isEmpty() ? Optional.empty() : present(catalog.find(canonical.get()));
  }

  private Optional<ImageRecord> present(Optional<ImageRecord> record) {
    return record.filter(catalog::isWhole);
  }

  private static Optional<String> canonical(Reference reference) {
    try {
      return Optional.of(RegistryName.parse(reference.name()).canonical());
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // a name that was given at import, perhaps
    }
  }

  /**
   * {@link #find}, else {@link #pull}. What names a file is imported again when the file has
   * changed since, and a directory always.
   */
  public Image ensure(String reference, Progress progress) {
    Optional<Image> found = findCurrent(reference);
    if (found.isPresent()) {
      return found.get();
    }
    if (!(parse(reference) instanceof Reference.Base)) {
      return pull(reference, progress);
    }
    Runnable waiting = () -> progress.step("Waiting for another process that makes it");
    try (Closeable _ = catalog.makingBase(waiting)) {
      return findCurrent(reference).orElseGet(() -> pull(reference, progress));
    } catch (IOException e) {
      throw failed("make the image " + reference, e);
    }
  }

  /** The image that {@link #ensure} would give without fetching anything; empty if it would. */
  public Optional<Image> findCurrent(String reference) {
    Reference parsed = parse(reference);
    try {
      Optional<Image> found = find(reference);
      return found.isPresent() && isCurrent(parsed) ? found : Optional.empty();
    } catch (IOException e) {
      throw failed("look for the image " + reference, e);
    }
  }

  private boolean isCurrent(Reference reference) throws IOException {
    // Not a switch over types: the first one makes a start generate a class, and this is on its
    // path.
    if (reference instanceof Reference.Registry || reference instanceof Reference.Base) {
      return true;
    }
    if (reference instanceof Reference.StandardInput) {
      return false;
    }
    Optional<String> now = LocalSources.stamp(reference);
    return now.isPresent() && now.equals(catalog.stamp(reference.name()));
  }

  /**
   * Fetches what {@code reference} (any transport) names now, stores it, and names it so. What
   * comes from standard input gets no name.
   */
  public Image pull(String reference, Progress progress) {
    Reference parsed = parse(reference);
    if (parsed instanceof Reference.Registry registry) {
      RegistryName name;
      try {
        name = RegistryName.parse(registry.name());
      } catch (IllegalArgumentException e) {
        throw new ImageException("pull an image", e.getMessage(), e);
      }
      progress.step("Pulling " + name.canonical());
      return bringIn(
          "pull " + name.canonical(),
          Optional.of(name.canonical()),
          "",
          progress,
          intake -> fromRegistry(intake, name));
    }
    progress.step(
        parsed instanceof Reference.Base
            ? "Making the base image (once)"
            : "Importing " + reference);
    String stamp;
    try {
      // Before reading: a change while we read must not go unnoticed.
      stamp = LocalSources.stamp(parsed).orElse("");
    } catch (IOException e) {
      throw failed("import " + reference, e);
    }
    return bringIn(
        (parsed instanceof Reference.Base ? "make the image " : "import ") + reference,
        parsed instanceof Reference.StandardInput ? Optional.empty() : Optional.of(parsed.name()),
        stamp,
        progress,
        intake -> LocalSources.take(intake, parsed, settings.standardInput().get()));
  }

  private Content fromRegistry(Intake intake, RegistryName name) throws IOException {
    try (RegistryClient client =
        new RegistryClient(name, settings.credentials(), settings.environment())) {
      Transfer.Chosen chosen = Transfer.choose(client, client.top(), intake.platform());
      String digest = chosen.manifest().digest();
      // Whoever comes second waits here and then finds all blobs in place.
      try (Closeable _ = catalog.making(digest)) {
        return Transfer.take(intake, client, chosen);
      }
    }
  }

  /**
   * Imports an archive from a stream ({@code docker save}, OCI archive, or a plain root filesystem
   * tar; compressed or not), which is read to its end and not closed.
   *
   * @param name to find it by; empty for none
   */
  public Image importArchive(InputStream archive, String name, Progress progress) {
    Optional<String> stored =
        name.isEmpty() || name.equals("-") ? Optional.empty() : Optional.of(storedName(name));
    progress.step("Importing " + stored.orElse("an archive"));
    InputStream kept =
        new FilterInputStream(archive) {
          @Override
          public void close() {
            // the caller's
          }
        };
    return bringIn(
        "import " + stored.orElse("the archive"),
        stored,
        "",
        progress,
        intake -> LocalSources.archive(intake, kept, Archive.Kind.ANY));
  }

  /**
   * Makes an image of layers that are uncompressed tars, lowest first.
   *
   * @param name to find it by
   */
  public Image importLayers(
      ImageConfig config, List<Path> layerTars, Optional<String> name, Progress progress) {
    Optional<String> stored = name.map(this::storedName);
    String what = "import " + stored.orElse("the layers");
    return bringIn(
        what,
        stored,
        "",
        progress,
        intake -> {
          List<Layer> layers = new ArrayList<>();
          long[] done = {0};
          for (Path tar : layerTars) {
            try (InputStream in = Files.newInputStream(tar)) {
              layers.add(
                  blobs.compress(intake.work(), in, count -> progress.bytes(done[0] += count, -1)));
            }
          }
          return Assembly.of(intake, config, layers);
        });
  }

  private String storedName(String name) {
    Reference parsed = parse(name);
    return parsed instanceof Reference.Registry
        ? canonical(parsed).orElse(parsed.name())
        : parsed.name();
  }

  private interface Source {
    Content take(Intake intake) throws IOException;
  }

  private Image bringIn(
      String what, Optional<String> name, String stamp, Progress progress, Source source) {
    try (Closeable _ = catalog.intake();
        WorkDirectory work = WorkDirectory.create(layout)) {
      Content content = source.take(intake(work, progress));
      ImageBuilder builder = builder();
      String digest = content.manifest().digest();
      do {
        builder.ensureBuilt(work, content, progress);
        // Someone may have removed it in between; its blobs are still ours, so it is made again.
      } while (name.isPresent() && !catalog.name(name.get(), digest, stamp));
      return image(
          catalog
              .byDigest(digest)
              .orElseThrow(() -> new IOException("it was removed by another process")));
    } catch (IOException e) {
      // Whole layers that came over a network are worth keeping for the next try; prune takes them.
      if (!(e instanceof RegistryException)) {
        forgetOrphans(e);
      }
      throw failed(what, e);
    }
  }

  private Intake intake(WorkDirectory work, Progress progress) {
    return new Intake(work, blobs, settings.limits(), settings.platform(), progress);
  }

  private ImageBuilder builder() {
    return new ImageBuilder(
        catalog, blobs, settings.limits(), settings.clock(), new Squashfs(settings.sqfstar()));
  }

  /**
   * Makes an image of one here and a layer on top of it. What that costs follows the layer, not the
   * image below, however many generations deep; the new image stays when the one below is removed.
   *
   * @param base an image of this store
   * @param layerTar an uncompressed layer (OCI image specification, "Image Layer Filesystem
   *     Changeset"), read to its end and not closed; hostile like any other
   * @param reference the new image's name, which another image may have had
   * @param config of the new image; {@code base}'s, when nothing is to change. What this does not
   *     say (labels and so on) stays as the image below has it
   * @param createdBy what made the layer, for the image's history
   */
  public Image addLayer(
      Image base,
      InputStream layerTar,
      String reference,
      ImageConfig config,
      String createdBy,
      Progress progress) {
    String name = storedName(reference);
    String what = "store " + name;
    progress.step("Storing " + name);
    try (Closeable _ = catalog.intake();
        WorkDirectory work = WorkDirectory.create(layout)) {
      LayerAddition addition =
          new LayerAddition(catalog, builder(), settings.clock(), intake(work, progress));
      String digest = addition.add(base.digest(), layerTar, name, config, createdBy);
      return catalog
          .byDigest(digest)
          .map(this::image)
          .orElseThrow(() -> new IOException("it was removed by another process"));
    } catch (IOException e) {
      forgetOrphans(e);
      throw failed(what, e);
    }
  }

  /**
   * Writes an image that is here as an OCI archive, which Docker reads too.
   *
   * @param out is flushed and not closed; after a failure, what it got is no whole archive
   */
  public void exportArchive(
      String reference, ArchiveForm form, OutputStream out, Progress progress) {
    String what = "export the image " + reference;
    // While it is held, no blob is removed.
    try (Closeable _ = catalog.intake();
        WorkDirectory work = WorkDirectory.create(layout)) {
      ImageRecord record =
          record(reference)
              .orElseThrow(
                  () -> new ImageException(what, "there is none; `carafe image ls` shows them"));
      String asked = storedName(reference);
      Optional<String> name =
          record.names().stream().min(Comparator.comparing(each -> !each.equals(asked)));
      progress.step("Exporting " + reference);
      new ImageExport(blobs, work, progress)
          .write(record, name, form, new BufferedOutputStream(out, 1 << 16));
    } catch (IOException e) {
      throw failed(what, e);
    }
  }

  /** Like the other, into a file that is there whole or not at all, in the place of any before. */
  public void exportArchive(String reference, ArchiveForm form, Path file, Progress progress) {
    try {
      WholeFile.write(file, out -> exportArchive(reference, form, out, progress));
    } catch (IOException e) {
      throw failed("export the image " + reference, e);
    }
  }

  /**
   * Gives an image that is here one more name. Another image that has the name stays, without it.
   *
   * @throws ImageException when there is no such image
   */
  public void name(String digest, String name) {
    String what = "name the image " + digest;
    try {
      if (!catalog.name(storedName(name), digest, "")) {
        throw new ImageException(what, "there is none");
      }
    } catch (IOException e) {
      throw failed(what, e);
    }
  }

  private void forgetOrphans(IOException reason) {
    try {
      catalog.collect();
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  private Image image(ImageRecord record) {
    String digest = record.manifest().digest();
    List<Path> files = new ArrayList<>();
    for (Part part : record.parts()) { // on the way of every start: no stream
      files.add(layout.squashfs(part.key()));
    }
    return new Image(
        digest,
        record.names(),
        record.config(),
        files.getFirst(),
        files.subList(1, files.size()),
        record.bytes(),
        record.layers(),
        record.created());
  }

  /** All images, newest first. */
  public List<Image> list() {
    try {
      return catalog.all().stream().map(this::image).toList();
    } catch (IOException e) {
      throw failed("list the images", e);
    }
  }

  /** All that is known of an image that is here. */
  public Optional<ImageDetails> inspect(String reference) {
    try {
      Optional<ImageRecord> record = record(reference);
      return record.isEmpty()
          ? Optional.empty()
          : Optional.of(Inspection.of(blobs, record.get(), image(record.get())));
    } catch (IOException e) {
      throw failed("inspect the image " + reference, e);
    }
  }

  /**
   * Opens a layer of an image here as an uncompressed tar.
   *
   * @param digest one of {@link Image#layers}
   */
  public InputStream openLayer(String digest) {
    String what = "open the layer " + digest;
    if (!Digests.isDigest(digest)) {
      throw new ImageException(what, "that is not a digest");
    }
    try {
      InputStream blob = blobs.open(digest);
      try {
        return Decompression.open(blob, settings.limits().bytes());
      } catch (IOException e) {
        blob.close();
        throw e;
      }
    } catch (IOException e) {
      throw failed(what, e);
    }
  }

  /**
   * Takes a name away, and the image with its last name; or with a digest (or unique prefix of 12
   * or more digits) the image and all its names.
   *
   * @param inUse digests of images that machines use: one of these is not removed, but refused
   */
  public void remove(String referenceOrDigest, Set<String> inUse) {
    String what = "remove the image " + referenceOrDigest;
    try {
      if (Digests.isDigest(referenceOrDigest)) {
        if (!catalog.has(referenceOrDigest) && catalog.byDigest(referenceOrDigest).isEmpty()) {
          throw new ImageException(what, "there is none");
        }
        catalog.removeImage(referenceOrDigest, inUse);
        return;
      }
      Reference parsed = parse(referenceOrDigest);
      if (catalog.removeName(parsed.name(), inUse)) {
        return;
      }
      List<String> digests = catalog.byPrefix(referenceOrDigest);
      if (digests.size() > 1) {
        throw new ImageException(what, "several images begin so: " + String.join(", ", digests));
      }
      if (digests.size() == 1) {
        catalog.removeImage(digests.getFirst(), inUse);
        return;
      }
      Optional<String> canonical = canonical(parsed);
      if (canonical.isEmpty() || !catalog.removeName(canonical.get(), inUse)) {
        throw new ImageException(what, "there is none; `carafe image ls` shows what is here");
      }
    } catch (IOException e) {
      throw failed(what, e);
    }
  }

  /**
   * Removes images without a name and whatever interrupted work left; returns the bytes freed.
   *
   * @param inUse digests of images that machines use, which stay
   */
  public long prune(Set<String> inUse) {
    try {
      return catalog.prune(inUse);
    } catch (IOException e) {
      throw failed("prune the images", e);
    }
  }

  private static Reference parse(String reference) {
    try {
      return Reference.parse(reference);
    } catch (IllegalArgumentException e) {
      throw new ImageException("use an image", e.getMessage(), e);
    }
  }

  private static ImageException failed(String what, IOException e) {
    return new ImageException(what, Reasons.of(e), e);
  }
}
