package dev.carafe.image;

import dev.carafe.image.layer.Decompression;
import dev.carafe.image.source.ArchiveIndex;
import dev.carafe.image.source.Assembly;
import dev.carafe.image.source.Stacking;
import dev.carafe.image.store.Blobs;
import dev.carafe.image.store.Descriptor;
import dev.carafe.image.store.Digests;
import dev.carafe.image.store.ImageRecord;
import dev.carafe.image.store.Layer;
import dev.carafe.image.store.WorkDirectory;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarWriter;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPOutputStream;

/**
 * Writes an image as an OCI archive: its own manifest, configuration and layers byte for byte, each
 * compared with its digest on the way. Beside the OCI layout's own index stands the {@code
 * manifest.json} by which Docker reads the same files.
 */
final class ImageExport {
  private static final String ZSTD = "+zstd";

  private final Blobs blobs;
  private final WorkDirectory work;
  private final Progress progress;
  private final Map<Descriptor, Path> made = new HashMap<>();
  private TarWriter tar;
  private long done;

  ImageExport(Blobs blobs, WorkDirectory work, Progress progress) {
    this.blobs = blobs;
    this.work = work;
    this.progress = progress;
  }

  /**
   * Writes it to {@code out}, which is flushed and not closed.
   *
   * @param name what whoever imports it may call it
   */
  void write(ImageRecord image, Optional<String> name, ArchiveForm form, OutputStream out)
      throws IOException {
    List<Layer> layers = Stacking.layers(blobs, image);
    Descriptor config = ArchiveIndex.config(blobs, image);
    Descriptor manifest = image.manifest();
    if (form == ArchiveForm.GZIP
        && layers.stream().anyMatch(layer -> layer.blob().mediaType().endsWith(ZSTD))) {
      progress.step("Compressing with gzip");
      layers = gzipped(layers);
      manifest = make(Assembly.MANIFEST, Assembly.manifest(config, layers));
    }
    Set<Descriptor> contents = new LinkedHashSet<>(List.of(manifest, config));
    layers.forEach(layer -> contents.add(layer.blob())); // some images have a layer twice
    long total = contents.stream().mapToLong(Descriptor::size).sum();
    done = 0;
    tar = new TarWriter(out);
    file("oci-layout", ArchiveIndex.LAYOUT);
    file("index.json", ArchiveIndex.oci(manifest, name));
    file("manifest.json", ArchiveIndex.docker(config, layers, name));
    // Without these skopeo makes them, and as an ordinary user cannot give them to root.
    tar.write(TarEntry.plainDirectory("blobs/"));
    tar.write(TarEntry.plainDirectory("blobs/sha256/"));
    for (Descriptor blob : contents) {
      blob(blob, total);
    }
    tar.end();
  }

  private Descriptor make(String mediaType, byte[] bytes) throws IOException {
    Descriptor blob = new Descriptor(mediaType, Digests.of(bytes), bytes.length);
    made.put(blob, Files.write(work.newFile(), bytes));
    return blob;
  }

  private List<Layer> gzipped(List<Layer> layers) throws IOException {
    List<Layer> all = new ArrayList<>();
    for (Layer layer : layers) {
      all.add(layer.blob().mediaType().endsWith(ZSTD) ? gzipped(layer) : layer);
    }
    return all;
  }

  private Layer gzipped(Layer layer) throws IOException {
    Path file = work.newFile();
    MessageDigest compressed = Digests.start();
    MessageDigest uncompressed = Digests.start();
    try (InputStream in =
            new DigestInputStream(
                Decompression.open(open(layer.blob()), Long.MAX_VALUE), uncompressed);
        OutputStream out =
            new GZIPOutputStream(
                new DigestOutputStream(
                    new BufferedOutputStream(Files.newOutputStream(file)), compressed))) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
        progress.bytes(done += n, -1);
      }
    }
    if (!Digests.finish(uncompressed).equals(layer.diffId())) {
      throw damaged(layer.blob());
    }
    String type = layer.blob().mediaType();
    Descriptor blob =
        new Descriptor(
            type.substring(0, type.length() - ZSTD.length()) + "+gzip",
            Digests.finish(compressed),
            Files.size(file));
    made.put(blob, file);
    return new Layer(blob, layer.diffId());
  }

  private InputStream open(Descriptor blob) throws IOException {
    Path file = made.get(blob);
    try {
      return file == null ? blobs.open(blob.digest()) : Files.newInputStream(file);
    } catch (NoSuchFileException e) {
      throw new BadArchiveException("the store has lost its " + blob.digest(), e);
    }
  }

  private static BadArchiveException damaged(Descriptor blob) {
    return new BadArchiveException("what the store has of " + blob.digest() + " is damaged");
  }

  private void file(String name, byte[] content) throws IOException {
    tar.write(entry(name, content.length), new ByteArrayInputStream(content));
  }

  private void blob(Descriptor blob, long total) throws IOException {
    MessageDigest digest = Digests.start();
    try (InputStream in = new Reported(open(blob), digest, total)) {
      tar.write(entry(ArchiveIndex.path(blob.digest()), blob.size()), in);
      if (in.read() >= 0 || !Digests.finish(digest).equals(blob.digest())) {
        throw damaged(blob);
      }
    }
  }

  private static TarEntry entry(String name, long size) {
    return new TarEntry(name, Type.FILE, "", 0644, 0, 0, 0, size, 0, 0, Map.of());
  }

  /** Says how far it has come. */
  private final class Reported extends DigestInputStream {
    private final long total;

    Reported(InputStream in, MessageDigest digest, long total) {
      super(in, digest);
      this.total = total;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int read = super.read(to, offset, length);
      done += Math.max(read, 0);
      progress.bytes(done, total);
      return read;
    }
  }
}
