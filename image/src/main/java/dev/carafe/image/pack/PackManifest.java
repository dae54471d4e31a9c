package dev.carafe.image.pack;

import java.util.List;
import java.util.Optional;

/**
 * What a pack says about itself, in the words of its {@code manifest.json}. Immutable and checked:
 * names, sizes and counts are within their limits; whether the assets agree is {@link PackFile}'s
 * affair.
 *
 * @param image the reference it was made from
 * @param digest of that image
 * @param platform of the image, {@code linux/amd64}
 * @param env {@code NAME=value}
 * @param workdir the default working directory, absolute
 * @param user the default user; only packs that Carafe wrote say it
 * @param cpus the default number of processors, 1 to 255
 * @param mem the default memory in MiB, at least 1
 * @param imageSize bytes of the image, unpacked
 * @param hostPlatform the kind of host it was made on
 * @param created when it was made, RFC 3339
 * @param smolvmVersion the program that wrote it; {@code carafe …} for Carafe
 * @param secrets whether it wants secrets from the host it runs on
 * @param layers lowest first
 */
public record PackManifest(
    Mode mode,
    String image,
    String digest,
    String platform,
    List<String> entrypoint,
    List<String> cmd,
    List<String> env,
    Optional<String> workdir,
    Optional<String> user,
    int cpus,
    long mem,
    long imageSize,
    boolean network,
    boolean gpu,
    String hostPlatform,
    String created,
    String smolvmVersion,
    boolean secrets,
    List<Asset> libraries,
    Asset agentRootfs,
    List<Layer> layers,
    Optional<Asset> storageTemplate,
    Optional<Asset> overlayTemplate) {

  /** What a pack holds. */
  public enum Mode {
    /** The layers of an image. */
    CONTAINER,
    /** The disk of a whole machine. */
    VM,
  }

  /**
   * A file among the assets.
   *
   * @param path its name there: relative, without {@code ..}
   * @param size its bytes
   */
  public record Asset(String path, long size) {}

  /**
   * A layer: an uncompressed tar among the assets.
   *
   * @param digest {@code sha256:…}. In packs that Carafe wrote, of the tar; smolvm puts the digest
   *     that the layer had, compressed, in its registry, which says nothing about these bytes
   */
  public record Layer(String digest, String path, long size) {}

  /** The mark of a manifest whose layer digests are those of the tars. */
  static final String CARAFE = "carafe ";

  public PackManifest {
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
    env = List.copyOf(env);
    libraries = List.copyOf(libraries);
    layers = List.copyOf(layers);
  }

  /** Whether Carafe wrote this pack. */
  public boolean ofCarafe() {
    return smolvmVersion.startsWith(CARAFE);
  }
}
