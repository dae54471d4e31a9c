package dev.carafe.cli;

import dev.carafe.image.ArchiveForm;
import dev.carafe.image.Image;
import dev.carafe.image.Progress;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What the command line needs of an image store; see {@code dev.carafe.image.ImageStore}. */
interface Images {
  Optional<Image> find(String reference);

  Image ensure(String reference, Progress progress);

  Image pull(String reference, Progress progress);

  Image importArchive(InputStream archive, String name, Progress progress);

  /** An image of {@code base} with a layer on top, and otherwise like it. */
  Image addLayer(
      Image base, InputStream layerTar, String reference, String createdBy, Progress progress);

  void export(String reference, ArchiveForm form, OutputStream out, Progress progress);

  void export(String reference, ArchiveForm form, Path file, Progress progress);

  List<Image> list();

  void remove(String referenceOrDigest);

  /** Returns the bytes freed. */
  long prune();
}
