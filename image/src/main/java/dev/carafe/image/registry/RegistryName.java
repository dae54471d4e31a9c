package dev.carafe.image.registry;

import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import dev.carafe.image.store.Digests;

/**
 * A registry reference taken apart as Docker does. Jib's parser does the work, because it also
 * knows which registry a name without one means.
 *
 * @param host with its port, if one is named
 * @param qualifier a tag, or a digest
 */
public record RegistryName(String host, String repository, String qualifier, String canonical) {

  /**
   * @throws IllegalArgumentException with a sentence
   */
  public static RegistryName parse(String text) {
    try {
      ImageReference reference = ImageReference.parse(text);
      String qualifier = reference.getDigest().orElseGet(reference::getQualifier);
      if (qualifier.contains(":") && !Digests.isDigest(qualifier)) {
        throw new IllegalArgumentException("only SHA-256 digests are supported: " + text);
      }
      return new RegistryName(
          reference.getRegistry(),
          reference.getRepository(),
          qualifier,
          reference.toStringWithQualifier());
    } catch (InvalidImageReferenceException e) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is not an image reference; examples: debian:12, localhost:5000/name:tag,"
              + " docker-archive:FILE, oci:DIRECTORY, ./rootfs.tar",
          e);
    }
  }

  /** Whether the registry is on this host: only there plain HTTP is allowed. */
  boolean isLoopback() {
    String name = host.replaceFirst(":[0-9]+$", "");
    return name.equals("localhost")
        || name.equals("[::1]")
        || name.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
  }
}
