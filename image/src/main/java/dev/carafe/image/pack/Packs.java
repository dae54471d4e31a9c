package dev.carafe.image.pack;

import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import dev.carafe.image.ImageException;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.pack.PackManifest.Asset;
import dev.carafe.image.pack.PackManifest.Layer;
import dev.carafe.image.pack.PackManifest.Mode;
import dev.carafe.image.pack.PackWriter.Member;
import dev.carafe.image.tar.TarPath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * Makes packs of images, and images of packs. A pack is read to its end and proved before anything
 * of it is written anywhere; see {@link PackFile} for what is proved. All methods block, are safe
 * for use by many threads, and throw {@link ImageException}.
 *
 * <p><b>What Carafe writes</b> has all that the format asks for, so that any reader can go through
 * it: the image's layers, the manifest, and in place of smolvm's guest agent an empty archive. A
 * real smolvm can inspect such a pack but not run it: for that it would need, as {@code
 * agent-rootfs.tar}, the Alpine system with its agent that its releases come with, and its
 * libraries in the program beside the pack. Carafe brings its own kernel and agent and needs
 * neither.
 */
public final class Packs {
  private static final String EXTENSION = ".smolmachine";

  /** An archive without entries: two blocks of zeros. */
  private static final byte[] EMPTY_TAR = new byte[1024];

  private Packs() {}

  /** Stores layers as an image; {@link ImageStore#importLayers}. */
  @FunctionalInterface
  interface Importer {
    Image importLayers(
        ImageConfig config, List<Path> layers, Optional<String> name, Progress progress);
  }

  /**
   * Packs an image: writes {@code output.smolmachine}, and at {@code output} a shell script that
   * says how the pack is used. Existing files of those names are replaced, each at once and only
   * when both are complete.
   *
   * @param image from {@code store}
   * @param output must not end in {@code .smolmachine} itself
   * @return the pack, {@code output.smolmachine}
   */
  public static Path create(
      Image image, ImageStore store, PackDefaults defaults, Path output, Progress progress) {
    return create(image, store::openLayer, defaults, output, Instant.now(), progress);
  }

  static Path create(
      Image image,
      Function<String, InputStream> layers,
      PackDefaults defaults,
      Path output,
      Instant now,
      Progress progress) {
    String attempted = "pack the image to '" + output + "'";
    if (output.getFileName() == null || output.toString().endsWith(EXTENSION)) {
      throw new ImageException(
          attempted, "the name must not end in .smolmachine: that is added to it");
    }
    try {
      Path stub = output.toAbsolutePath();
      Path pack = stub.resolveSibling(stub.getFileName() + EXTENSION);
      return write(image, layers, defaults, stub, pack, now, progress);
    } catch (IOException e) {
      throw new ImageException(attempted, reason(e), e);
    }
  }

  private static Path write(
      Image image,
      Function<String, InputStream> source,
      PackDefaults defaults,
      Path stub,
      Path pack,
      Instant now,
      Progress progress)
      throws IOException {
    progress.step("Reading " + image.layers().size() + " layers");
    List<Layer> layers = new ArrayList<>();
    Map<String, Member> members = new LinkedHashMap<>();
    String agent = "agent-rootfs.tar";
    members.put(
        agent, new Member(agent, EMPTY_TAR.length, () -> new ByteArrayInputStream(EMPTY_TAR)));
    for (String stored : image.layers()) {
      // A tar's header needs the size first; reading twice is cheaper than keeping a copy.
      Layer layer = measure(source.apply(stored));
      layers.add(layer);
      members.put(layer.path(), new Member(layer.path(), layer.size(), () -> source.apply(stored)));
    }
    byte[] manifest = ManifestJson.format(manifest(image, layers, defaults, now));

    progress.step("Writing " + pack);
    String prefix = "." + pack.getFileName() + ".";
    Path directory = pack.getParent();
    Leftovers.removeFiles(directory, escape(prefix) + "*.tmp");
    Path temporary = directory.resolve(prefix + UUID.randomUUID() + ".tmp");
    Path script = directory.resolve(prefix + UUID.randomUUID() + ".tmp");
    try (FileChannel packing = Leftovers.createLocked(temporary);
        FileChannel scripting = Leftovers.createLocked(script)) {
      PackWriter.write(packing, List.copyOf(members.values()), manifest);
      Channels.newOutputStream(scripting).write(stub().getBytes(StandardCharsets.UTF_8));
      scripting.force(true);
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.move(temporary, pack, StandardCopyOption.ATOMIC_MOVE);
      Files.move(script, stub, StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    } finally {
      Files.deleteIfExists(temporary);
      Files.deleteIfExists(script);
      Leftovers.release(temporary);
      Leftovers.release(script);
    }
    return pack;
  }

  private static Layer measure(InputStream layer) throws IOException {
    MessageDigest sha = Sha256.start();
    long size = 0;
    byte[] buffer = new byte[1 << 16];
    try (layer) {
      int read;
      while ((read = layer.read(buffer)) >= 0) {
        sha.update(buffer, 0, read);
        size += read;
      }
    }
    String digest = Sha256.finish(sha);
    String hex = digest.substring(Sha256.PREFIX.length());
    return new Layer(digest, "layers/" + hex + ".tar", size);
  }

  private static PackManifest manifest(
      Image image, List<Layer> layers, PackDefaults defaults, Instant now) {
    ImageConfig config = image.config();
    String platform = config.os() + "/" + config.architecture();
    return new PackManifest(
        Mode.CONTAINER,
        image.names().isEmpty() ? image.digest() : image.names().getFirst(),
        image.digest(),
        platform,
        defaults.entrypoint().orElse(config.entrypoint()),
        config.cmd(),
        config.env(),
        config.directory(),
        config.user(),
        defaults.cpus(),
        defaults.memoryMib(),
        layers.stream().mapToLong(Layer::size).sum(),
        false,
        false,
        platform,
        now.truncatedTo(ChronoUnit.SECONDS).toString(),
        PackManifest.CARAFE + "0.1.0",
        false,
        List.of(),
        new Asset("agent-rootfs.tar", EMPTY_TAR.length),
        layers,
        Optional.empty(),
        Optional.empty());
  }

  private static String stub() {
    return """
    #!/bin/sh
    # Made by Carafe. The pack is the file beside this one; this script only says how it is used.
    cat >&2 <<END
    $0.smolmachine is a pack made by Carafe. To start a machine of it:
      carafe machine create --from '$0.smolmachine' --name NAME
      carafe machine start --name NAME
    END
    exit 2
    """;
  }

  /** Reads and proves a whole pack, and says what is in it. Writes nothing. */
  public static PackInfo inspect(Path pack) {
    try (PackFile file = PackFile.open(pack)) {
      return file.check(Progress.silent());
    } catch (IOException e) {
      throw new ImageException("read the pack '" + pack + "'", reason(e), e);
    }
  }

  /**
   * Reads and proves a pack, and stores its image under the name {@code smolmachine:DIGEST}, where
   * the digest is that of the pack. If the store has that name already, nothing is unpacked again.
   */
  public static LoadedPack load(Path pack, ImageStore store, Progress progress) {
    // Layers are large, and /tmp is often memory.
    Path large = Path.of("/var/tmp");
    Path scratch = Files.isWritable(large) ? large : Path.of(System.getProperty("java.io.tmpdir"));
    return load(pack, store::find, store::importLayers, hostArchitecture(), scratch, progress);
  }

  static LoadedPack load(
      Path pack,
      Function<String, Optional<Image>> find,
      Importer importer,
      String architecture,
      Path scratch,
      Progress progress) {
    String attempted = "load the pack '" + pack + "'";
    try (PackFile file = PackFile.open(pack)) {
      PackManifest manifest = file.manifest();
      checkLoadable(attempted, manifest, architecture);
      String name = "smolmachine:" + file.digest().substring(Sha256.PREFIX.length());
      Optional<Image> known = find.apply(name);
      if (known.isPresent()) {
        return new LoadedPack(known.get(), manifest);
      }
      progress.step("Checking " + pack.getFileName());
      PackInfo checked = file.check(progress);
      progress.step("Unpacking " + pack.getFileName());
      try (Scratch work = Scratch.in(scratch)) {
        List<Path> layers = file.extract(checked, work.directory(), progress);
        Image image = importer.importLayers(config(manifest), layers, Optional.of(name), progress);
        return new LoadedPack(image, manifest);
      }
    } catch (IOException e) {
      throw new ImageException(attempted, reason(e), e);
    }
  }

  private static void checkLoadable(String attempted, PackManifest manifest, String architecture) {
    if (manifest.mode() == Mode.VM) {
      throw new ImageException(
          attempted,
          "it holds the disk of a whole machine, which needs smolvm; pack an image instead");
    }
    if (manifest.secrets()) {
      throw new ImageException(
          attempted, "it wants secrets from the host it runs on, which Carafe does not hand out");
    }
    if (!manifest.platform().equals("linux/" + architecture)) {
      throw new ImageException(
          attempted,
          "it is for "
              + TarPath.shown(manifest.platform())
              + " and this host runs linux/"
              + architecture);
    }
  }

  private static ImageConfig config(PackManifest manifest) {
    return new ImageConfig(
        manifest.env(),
        manifest.workdir(),
        manifest.user(),
        manifest.entrypoint(),
        manifest.cmd(),
        manifest.platform().substring("linux/".length()),
        "linux");
  }

  private static String hostArchitecture() {
    String name = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return switch (name) {
      case "x86_64", "amd64" -> "amd64";
      case "aarch64", "arm64" -> "arm64";
      default -> name;
    };
  }

  /** The text for a glob that means just itself. */
  private static String escape(String text) {
    return text.replaceAll("[\\\\*?\\[\\]{}]", "\\\\$0");
  }

  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException missing -> "there is no '" + missing.getFile() + "'";
      case FileSystemException file ->
          file.getReason() == null
              ? "access to '" + file.getFile() + "' was denied"
              : file.getReason() + " ('" + file.getFile() + "')";
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().strip();
    };
  }
}
