package dev.carafe.image.store;

import com.github.luben.zstd.ZstdOutputStream;
import dev.carafe.image.disk.Durable;
import dev.carafe.image.layer.Limits;
import dev.carafe.image.tar.BadArchiveException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/**
 * The blobs of the store. A blob's name is its digest, and it gets that name only after all of it
 * has been written, compared and flushed. Safe for use by several threads and processes.
 */
public final class Blobs {
  /** The kind of a layer that this store has compressed itself. */
  public static final String ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd";

  /** Fast, and on binaries about as small as gzip. */
  private static final int ZSTD_LEVEL = 3;

  private final StoreLayout layout;
  private final Limits limits;

  public Blobs(StoreLayout layout, Limits limits) {
    this.layout = layout;
    this.limits = limits;
  }

  /** Whether the blob is here. */
  public boolean has(Descriptor blob) {
    return Files.exists(layout.blob(blob.digest()));
  }

  /** Opens a blob that is here, as it is kept. */
  public InputStream open(String digest) throws IOException {
    return Files.newInputStream(layout.blob(digest));
  }

  /** Reads a small blob. */
  public byte[] read(Descriptor blob, int limit) throws IOException {
    if (blob.size() > limit) {
      throw new BadArchiveException(
          "a " + blob.mediaType() + " of " + blob.size() + " bytes is larger than " + limit);
    }
    try (InputStream in = open(blob.digest())) {
      return in.readNBytes(limit);
    }
  }

  /** Keeps {@code bytes}. */
  public Descriptor put(WorkDirectory work, String mediaType, byte[] bytes) throws IOException {
    Descriptor blob = new Descriptor(mediaType, Digests.of(bytes), bytes.length);
    if (!has(blob)) {
      Path temporary = work.newFile();
      try (FileChannel channel = create(temporary)) {
        try (OutputStream out = Channels.newOutputStream(channel)) {
          out.write(bytes);
          channel.force(true);
        }
      }
      publish(temporary, blob);
    }
    return blob;
  }

  /**
   * Keeps what {@code in} gives, if that is {@code blob}: reads one byte more than its size at
   * most.
   *
   * @param progress gets the count of every piece
   */
  public void put(WorkDirectory work, Descriptor blob, InputStream in, LongConsumer progress)
      throws IOException {
    Path temporary = work.newFile();
    MessageDigest digest = Digests.start();
    try (FileChannel channel = create(temporary)) {
      try (OutputStream out = Channels.newOutputStream(channel)) {
        byte[] buffer = new byte[1 << 16];
        long count = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          count += read;
          if (count > blob.size()) {
            throw new BadArchiveException(
                "the blob " + blob.digest() + " is larger than its " + blob.size() + " bytes");
          }
          digest.update(buffer, 0, read);
          out.write(buffer, 0, read);
          progress.accept(read);
        }
        if (count < blob.size()) {
          throw new BadArchiveException(
              "the blob "
                  + blob.digest()
                  + " ends after "
                  + count
                  + " of "
                  + blob.size()
                  + " bytes");
        }
        channel.force(true);
      }
    }
    keepVerified(temporary, blob, Digests.finish(digest));
  }

  /** Gives a file that has been written and flushed elsewhere in the work directory its name. */
  public void keepVerified(Path temporary, Descriptor blob, String digest) throws IOException {
    if (!digest.equals(blob.digest())) {
      Files.deleteIfExists(temporary);
      throw new BadArchiveException(
          "the digest differs: expected " + blob.digest() + ", got " + digest);
    }
    publish(temporary, blob);
  }

  /** Compresses an uncompressed layer, read to its end, and keeps it. */
  public Layer compress(WorkDirectory work, InputStream tar, LongConsumer progress)
      throws IOException {
    Path temporary = work.newFile();
    MessageDigest uncompressed = Digests.start();
    MessageDigest compressed = Digests.start();
    try (FileChannel channel = create(temporary)) {
      try (OutputStream file =
              new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
          OutputStream out =
              new ZstdOutputStream(new DigestOutputStream(file, compressed), ZSTD_LEVEL)) {
        InputStream in = new DigestInputStream(tar, uncompressed);
        byte[] buffer = new byte[1 << 16];
        long count = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          count += read;
          if (count > limits.bytes()) {
            throw new BadArchiveException("it is more than " + limits.bytes() + " bytes");
          }
          out.write(buffer, 0, read);
          progress.accept(read);
        }
      }
    }
    flush(temporary);
    Descriptor blob = new Descriptor(ZSTD_LAYER, Digests.finish(compressed), Files.size(temporary));
    publish(temporary, blob);
    return new Layer(blob, Digests.finish(uncompressed));
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  private static void flush(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private void publish(Path temporary, Descriptor blob) throws IOException {
    Durable.moveFlushed(temporary, layout.blob(blob.digest()));
  }
}
