package dev.carafe.image.source;

import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Digests;
import dev.carafe.image.tar.BadArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** An OCI image layout: a directory, or the files of an archive of one. */
final class LayoutSource implements ContentSource {
  private static final String NAME = "org.opencontainers.image.ref.name";

  private final Function<String, Path> file;

  /**
   * @param file where the file with this relative name is, whether it exists or not
   */
  LayoutSource(Function<String, Path> file) {
    this.file = file;
  }

  /** The manifest or index that {@code tag}, or the layout as a whole, means. */
  byte[] top(Optional<String> tag) throws IOException {
    byte[] bytes = small(file.apply("index.json"), "index.json");
    if (!(Manifest.parse(bytes) instanceof Manifest.Index index)) {
      throw new BadArchiveException("its index.json lists no manifests");
    }
    if (tag.isEmpty()) {
      List<Manifest.Choice> images =
          index.choices().stream().filter(Manifest.Choice::isImage).toList();
      // Several for one platform each are a choice that the platform makes; other kinds are not.
      List<String> names = names(images);
      return names.size() > 1 ? tooMany(names) : bytes;
    }
    for (Manifest.Choice choice : index.choices()) {
      if (tag.get().equals(choice.annotations().get(NAME))) {
        return manifest(choice.manifest());
      }
    }
    throw new BadArchiveException(
        "it has no image with the tag " + tag.get() + "; there are: " + names(index.choices()));
  }

  /** Whether its index names one manifest and no more. */
  boolean isOfOne() throws IOException {
    byte[] bytes = small(file.apply("index.json"), "index.json");
    return Manifest.parse(bytes) instanceof Manifest.Index index && index.choices().size() == 1;
  }

  private static byte[] tooMany(List<String> names) throws BadArchiveException {
    throw new BadArchiveException(
        "it holds several images (" + String.join(", ", names) + "); add :TAG for one of them");
  }

  private static List<String> names(List<Manifest.Choice> choices) {
    List<String> names = new ArrayList<>();
    for (Manifest.Choice choice : choices) {
      String name = choice.annotations().get(NAME);
      if (name != null && !names.contains(name) && names.size() < 20) {
        names.add(name);
      }
    }
    return names;
  }

  @Override
  public byte[] manifest(Descriptor manifest) throws IOException {
    byte[] bytes = small(blobFile(manifest), "manifest");
    if (!Digests.of(bytes).equals(manifest.digest())) {
      throw new BadArchiveException("the digest of the manifest " + manifest.digest() + " differs");
    }
    return bytes;
  }

  @Override
  public InputStream blob(Descriptor blob) throws IOException {
    return Files.newInputStream(existing(blobFile(blob), "blob " + blob.digest()));
  }

  private Path blobFile(Descriptor blob) {
    return file.apply("blobs/" + blob.digest().replace(':', '/'));
  }

  private static byte[] small(Path path, String what) throws IOException {
    try (InputStream in = Files.newInputStream(existing(path, what))) {
      byte[] bytes = in.readNBytes(Manifest.MOST_BYTES + 1);
      if (bytes.length > Manifest.MOST_BYTES) {
        throw new BadArchiveException(
            "its " + what + " is larger than " + Manifest.MOST_BYTES + " bytes");
      }
      return bytes;
    }
  }

  private static Path existing(Path path, String what) throws BadArchiveException {
    if (!Files.isRegularFile(path)) {
      throw new BadArchiveException("it has no " + what);
    }
    return path;
  }
}
