package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.tar.BadArchiveException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/** Everything that is not a registry. */
public final class LocalSources {
  private LocalSources() {}

  /** Brings in what {@code reference} names. */
  public static Content take(Intake intake, Reference reference, InputStream standardInput)
      throws IOException {
    return switch (reference) {
      case Reference.Registry _ -> throw new IllegalArgumentException("not local");
      case Reference.Base _ -> {
        try (InputStream tar = BaseImage.open(Path.of("/"), intake.progress())) {
          yield Archive.take(
              intake, tar, Archive.Kind.ROOT_FILESYSTEM, BaseImage.config(intake.platform()));
        }
      }
      case Reference.StandardInput _ -> archive(intake, standardInput, Archive.Kind.ANY);
      case Reference.DockerArchive archive -> file(intake, archive.file(), Archive.Kind.DOCKER);
      case Reference.OciArchive archive -> file(intake, archive.file(), Archive.Kind.OCI);
      case Reference.Tar tar -> file(intake, tar.file(), Archive.Kind.ROOT_FILESYSTEM);
      case Reference.OciLayout layout -> layout(intake, layout.directory(), layout.tag());
      case Reference.Directory directory -> directory(intake, directory.directory());
      case Reference.Local local -> {
        Path path = local.path();
        if (!Files.isDirectory(path)) {
          yield file(intake, path, Archive.Kind.ANY);
        }
        yield Files.exists(path.resolve("oci-layout"))
            ? layout(intake, path, Optional.empty())
            : directory(intake, path);
      }
    };
  }

  /** Brings in an archive of any kind from a stream. */
  public static Content archive(Intake intake, InputStream in, Archive.Kind kind)
      throws IOException {
    return Archive.take(intake, in, kind, bare(intake.platform()));
  }

  private static Content file(Intake intake, Path file, Archive.Kind kind) throws IOException {
    if (Files.isDirectory(file)) {
      throw new BadArchiveException(file + " is a directory, not an archive");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return archive(intake, in, kind);
    }
  }

  private static Content layout(Intake intake, Path directory, Optional<String> tag)
      throws IOException {
    needDirectory(directory);
    LayoutSource source = new LayoutSource(directory::resolve);
    return Transfer.take(
        intake, source, Transfer.choose(source, source.top(tag), intake.platform()));
  }

  private static Content directory(Intake intake, Path directory) throws IOException {
    needDirectory(directory);
    try (InputStream tar = DirectoryTree.open(directory, intake.work().newFile())) {
      return archive(intake, tar, Archive.Kind.ROOT_FILESYSTEM);
    }
  }

  private static void needDirectory(Path directory) throws BadArchiveException {
    if (!Files.isDirectory(directory)) {
      throw new BadArchiveException("there is no directory " + directory);
    }
  }

  /** How a root filesystem is run that came without a word about it. */
  private static ImageConfig bare(Platform platform) {
    return new ImageConfig(
        List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of("/bin/sh"),
        platform.architecture(),
        platform.os());
  }

  /**
   * How the file behind {@code reference} looks now, to notice that it has changed since it was
   * imported: empty for what is not a file.
   */
  public static Optional<String> stamp(Reference reference) throws IOException {
    Optional<Path> file =
        switch (reference) {
          case Reference.DockerArchive archive -> Optional.of(archive.file());
          case Reference.OciArchive archive -> Optional.of(archive.file());
          case Reference.Tar tar -> Optional.of(tar.file());
          case Reference.OciLayout layout -> Optional.of(layout.directory().resolve("index.json"));
          case Reference.Local local ->
              Files.isDirectory(local.path()) ? Optional.empty() : Optional.of(local.path());
          case Reference.Registry _,
              Reference.Base _,
              Reference.StandardInput _,
              Reference.Directory _ ->
              Optional.empty();
        };
    if (file.isEmpty() || !Files.isRegularFile(file.get())) {
      return Optional.empty();
    }
    BasicFileAttributes attributes = Files.readAttributes(file.get(), BasicFileAttributes.class);
    return Optional.of(
        String.join(
            " ",
            List.of(
                Long.toString(attributes.size()),
                attributes.lastModifiedTime().toString(),
                String.valueOf(attributes.fileKey()))));
  }
}
