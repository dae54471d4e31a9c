package dev.carafe.image.pack;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.carafe.image.Progress;
import dev.carafe.image.pack.PackManifest.Asset;
import dev.carafe.image.pack.PackManifest.Layer;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarPath;
import dev.carafe.image.tar.TarReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * An open pack. Opening reads the whole file once and proves its footer, its checksum and its
 * manifest; {@link #check} then unpacks all of it into nothing and proves that the assets are what
 * the manifest says. Only {@link #extract} writes, and it compares again with what {@code check}
 * saw, so that a file that changes meanwhile is noticed.
 *
 * <p>What a pack can make the host spend is bounded before it is spent: the manifest's sizes are
 * limited, every member must have exactly the size the manifest gives it, and layers that claim to
 * be more than {@value #MAX_RATIO} times their compressed size are refused unread.
 *
 * <p>Failures are {@link IOException}s whose messages are clauses. Not safe for use by many
 * threads.
 */
final class PackFile implements AutoCloseable {
  /** Root file systems compress to a third; zeros alone reach tens of thousands. */
  static final long MAX_RATIO = 1000;

  private static final long RATIO_FREE = 64L << 20;

  /** tar ends with zeros up to a whole record; GNU's largest usual record is 10 KiB. */
  private static final long MAX_TAIL = 1 << 20;

  private final FileChannel channel;
  private final PackFooter footer;
  private final PackManifest manifest;
  private final String digest;
  private final long bytes;

  private PackFile(
      FileChannel channel, PackFooter footer, PackManifest manifest, String digest, long bytes) {
    this.channel = channel;
    this.footer = footer;
    this.manifest = manifest;
    this.digest = digest;
    this.bytes = bytes;
  }

  static PackFile open(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return read(channel);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static PackFile read(FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < PackFooter.BYTES) {
      throw new PackException("it is not a .smolmachine file: it has only " + size + " bytes");
    }
    byte[] tail = new byte[PackFooter.BYTES];
    readFully(channel, tail, size - tail.length);
    PackFooter footer = PackFooter.parse(tail, size);

    CRC32 crc = new CRC32();
    MessageDigest sha = Sha256.start();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 18);
    long at = footer.stub();
    long end = size - PackFooter.BYTES;
    while (at < end) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), end - at));
      int read = channel.read(buffer, at);
      if (read <= 0) {
        throw new PackException("it became shorter while it was read");
      }
      crc.update(buffer.array(), 0, read);
      sha.update(buffer.array(), 0, read);
      at += read;
    }
    if ((int) crc.getValue() != footer.crc()) {
      throw new PackException("its checksum is wrong: it is damaged or was changed");
    }
    byte[] json = new byte[footer.manifest()];
    readFully(channel, json, footer.stub() + footer.assets());
    PackManifest manifest = ManifestJson.parse(json);
    long layers = manifest.layers().stream().mapToLong(Layer::size).sum();
    if (layers > RATIO_FREE && layers / MAX_RATIO > footer.assets()) {
      throw new PackException(
          "it claims to hold layers of " + layers + " bytes in " + footer.assets());
    }
    return new PackFile(channel, footer, manifest, Sha256.finish(sha), size);
  }

  private static void readFully(FileChannel channel, byte[] into, long at) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(into);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) <= 0) {
        throw new PackException("it became shorter while it was read");
      }
    }
  }

  PackManifest manifest() {
    return manifest;
  }

  String digest() {
    return digest;
  }

  /** Reads all of the pack and compares it with the manifest; writes nothing. */
  PackInfo check(Progress progress) throws IOException {
    Map<String, String> digests = new HashMap<>();
    byte[] buffer = new byte[1 << 16];
    walk(
        progress,
        (path, content) -> {
          MessageDigest sha = Sha256.start();
          int read;
          while ((read = content.read(buffer)) >= 0) {
            sha.update(buffer, 0, read);
          }
          digests.put(path, Sha256.finish(sha));
        });
    List<PackLayer> layers = new ArrayList<>();
    for (Layer layer : manifest.layers()) {
      String actual = digests.get(layer.path());
      // What smolvm states is the digest of another form of the layer: there is nothing to compare.
      if (manifest.ofCarafe() && !actual.equals(layer.digest())) {
        throw new PackException(
            "its layer '" + layer.path() + "' is not what its digest says: it has " + actual);
      }
      layers.add(new PackLayer(layer.digest(), actual, layer.size()));
    }
    return new PackInfo(manifest, footer.version(), bytes, digest, layers);
  }

  /**
   * Writes the layers, which {@code checked} must describe, into an empty directory of the
   * caller's. If it fails, what it wrote is the caller's to remove.
   *
   * @return the uncompressed tars, lowest first
   */
  List<Path> extract(PackInfo checked, Path directory, Progress progress) throws IOException {
    Map<String, Integer> order = new HashMap<>();
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < manifest.layers().size(); i++) {
      int index = i;
      int first = order.computeIfAbsent(manifest.layers().get(i).path(), path -> index);
      // The names are ours: nothing from the pack becomes a path.
      files.add(directory.resolve("layer-" + first + ".tar"));
    }
    byte[] buffer = new byte[1 << 16];
    walk(
        progress,
        (path, content) -> {
          int index = order.get(path);
          MessageDigest sha = Sha256.start();
          try (OutputStream out =
              Files.newOutputStream(files.get(index), StandardOpenOption.CREATE_NEW)) {
            int read;
            while ((read = content.read(buffer)) >= 0) {
              sha.update(buffer, 0, read);
              out.write(buffer, 0, read);
            }
          }
          if (!Sha256.finish(sha).equals(checked.layers().get(index).digest())) {
            throw new PackException("it changed while it was read");
          }
        });
    return files;
  }

  @FunctionalInterface
  private interface LayerReader {
    void read(String path, InputStream content) throws IOException;
  }

  /** Goes through the assets, checks every member, and shows the layers to {@code reader}. */
  private void walk(Progress progress, LayerReader reader) throws IOException {
    Map<String, Long> expected = new HashMap<>();
    Set<String> layers = new HashSet<>();
    Set<String> optional = new HashSet<>();
    for (Asset library : manifest.libraries()) {
      // When a pack has its program in a second file, the libraries are there.
      expected.put(library.path(), library.size());
      optional.add(library.path());
    }
    List<Asset> others = new ArrayList<>(List.of(manifest.agentRootfs()));
    manifest.storageTemplate().ifPresent(others::add);
    manifest.overlayTemplate().ifPresent(others::add);
    others.forEach(asset -> expected.put(asset.path(), asset.size()));
    for (Layer layer : manifest.layers()) {
      expected.put(layer.path(), layer.size());
      layers.add(layer.path());
    }
    Set<String> missing = new HashSet<>(expected.keySet());
    missing.removeAll(optional);

    try (InputStream assets =
        new ZstdInputStreamNoFinalizer(
            new Section(channel, footer.stub(), footer.assets(), progress))) {
      TarReader tar = new TarReader(assets);
      Set<String> seen = new HashSet<>();
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        String path = String.join("/", TarPath.relative(entry.name()));
        String shown = TarPath.shown(path);
        if (!seen.add(path)) {
          throw new PackException("its assets hold " + shown + " twice");
        }
        if (entry.type() == Type.DIRECTORY) {
          if (expected.keySet().stream().noneMatch(member -> member.startsWith(path + "/"))) {
            throw new PackException("its assets hold " + shown + ", which its manifest does not");
          }
          continue;
        }
        Long size = expected.get(path);
        if (size == null) {
          throw new PackException("its assets hold " + shown + ", which its manifest does not");
        }
        if (entry.type() != Type.FILE) {
          throw new PackException("its assets hold " + shown + ", which is not a regular file");
        }
        if (entry.size() != size) {
          throw new PackException(
              "its file "
                  + shown
                  + " has "
                  + entry.size()
                  + " bytes, but its manifest says "
                  + size);
        }
        if (layers.contains(path)) {
          reader.read(path, tar.contents());
        }
        missing.remove(path);
      }
      if (!tar.sawEndMark()) {
        throw new BadArchiveException("the archive has no end");
      }
      checkTail(assets);
    } catch (BadArchiveException e) {
      throw new PackException("its assets are damaged: " + e.getMessage());
    } catch (com.github.luben.zstd.ZstdIOException e) {
      throw new PackException("its assets are damaged: they are not a whole zstd stream");
    }
    if (!missing.isEmpty()) {
      String first = missing.stream().sorted().findFirst().orElseThrow();
      throw new PackException("its assets do not hold " + TarPath.shown(first));
    }
  }

  private static void checkTail(InputStream assets) throws IOException {
    byte[] buffer = new byte[1 << 14];
    long tail = 0;
    int read;
    while ((read = assets.read(buffer)) >= 0) {
      tail += read;
      for (int i = 0; i < read; i++) {
        if (buffer[i] != 0 || tail > MAX_TAIL) {
          throw new PackException("its assets are damaged: something follows their end");
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** A part of a file as a stream. Leaves the file open, so that it can be read again. */
  private static final class Section extends InputStream {
    private final FileChannel channel;
    private final long start;
    private final long size;
    private final Progress progress;
    private long at;

    Section(FileChannel channel, long start, long size, Progress progress) {
      this.channel = channel;
      this.start = start;
      this.size = size;
      this.progress = progress;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (at == size) {
        return -1;
      }
      ByteBuffer buffer = ByteBuffer.wrap(into, offset, (int) Math.min(length, size - at));
      int read = channel.read(buffer, start + at);
      if (read <= 0) {
        throw new PackException("it became shorter while it was read");
      }
      at += read;
      progress.bytes(at, size);
      return read;
    }
  }
}
