package dev.carafe.image.store;

import dev.carafe.image.disk.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where things are in the store.
 *
 * @param root the store's directory
 */
public record StoreLayout(Path root) {
  public StoreLayout {
    root = root.toAbsolutePath().normalize();
  }

  Path blobs() {
    return root.resolve("blobs/sha256");
  }

  Path squashfs() {
    return root.resolve("squashfs");
  }

  Path records() {
    return root.resolve("records");
  }

  Path names() {
    return root.resolve("names");
  }

  Path locks() {
    return root.resolve("locks");
  }

  Path work() {
    return root.resolve("tmp");
  }

  Path index() {
    return root.resolve("index.json");
  }

  Path blob(String digest) {
    return blobs().resolve(Digests.hex(digest));
  }

  /** The root filesystem of the image with this digest. */
  public Path squashfs(String digest) {
    return squashfs().resolve(Digests.hex(digest) + ".squashfs");
  }

  Path record(String digest) {
    return records().resolve(Digests.hex(digest));
  }

  Path lock(String name) {
    return locks().resolve(name);
  }

  /** Makes what is missing; one look at the disk when nothing is. */
  public void prepare() throws IOException {
    Path marker = root.resolve("oci-layout");
    if (Files.exists(marker)) {
      return;
    }
    for (Path directory :
        new Path[] {root, blobs(), squashfs(), records(), names(), locks(), work()}) {
      Files.createDirectories(directory);
    }
    // The engine may run as another user, who has to reach the squashfs files and nothing else.
    for (Path readable : new Path[] {root, squashfs()}) {
      Files.setPosixFilePermissions(readable, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Durable.write(marker, "{\"imageLayoutVersion\":\"1.0.0\"}\n".getBytes(StandardCharsets.UTF_8));
  }
}
