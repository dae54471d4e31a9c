package dev.carafe.image.source;

import dev.carafe.image.ImageConfig;
import dev.carafe.image.layer.Decompression;
import dev.carafe.image.store.Layer;
import dev.carafe.image.tar.BadArchiveException;
import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarReader;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Images that come as one stream: what kind it is can be said, or is found out while it streams.
 */
public final class Archive {
  /** What a stream is taken for. */
  public enum Kind {
    /** Whatever its beginning says. */
    ANY,
    DOCKER,
    OCI,
    ROOT_FILESYSTEM
  }

  /** Enough for the headers of a first entry. */
  private static final int LOOK_AHEAD = 1 << 17;

  /**
   * What stands first in an image archive, whoever wrote it: Docker, Podman, skopeo, buildx, Jib,
   * ko, crane, Bazel. No root filesystem begins so.
   */
  private static final Pattern IMAGE_FILE =
      Pattern.compile(
          "blobs(/.*)?|oci-layout|repositories|[^/]+\\.json|(sha256:)?[0-9a-f]{64}(/.*)?"
              + "|[^/]+\\.tar(\\.gz)?");

  private Archive() {}

  /** Takes an image from {@code in}, which may be compressed. */
  public static Content take(Intake intake, InputStream in, Kind kind, ImageConfig bare)
      throws IOException {
    // The limit holds for what is in it as well: whatever is kept of the stream is no larger.
    BufferedInputStream plain =
        new BufferedInputStream(Decompression.open(in, intake.limits().bytes()), LOOK_AHEAD);
    if (isEmpty(plain)) {
      throw new BadArchiveException("it is empty");
    }
    Kind found = kind == Kind.ANY ? look(plain) : kind;
    if (found == Kind.ROOT_FILESYSTEM) {
      return rootFilesystem(intake, plain, bare);
    }
    Spool spool = Spool.read(intake, plain);
    LayoutSource source = new LayoutSource(spool::file);
    boolean docker = found != Kind.OCI && spool.has("manifest.json");
    boolean layout = found != Kind.DOCKER && spool.has("index.json");
    // An archive may be both. The layout keeps the image's digest, but may not say which is meant.
    if (docker && !(layout && source.isOfOne())) {
      return DockerArchive.take(intake, spool);
    }
    if (layout) {
      byte[] top = source.top(Optional.empty());
      return Transfer.take(intake, source, Transfer.choose(source, top, intake.platform()));
    }
    throw new BadArchiveException(
        "it has no "
            + (found == Kind.OCI ? "" : "manifest.json")
            + (found == Kind.ANY ? " and no " : "")
            + (found == Kind.DOCKER ? "" : "index.json")
            + ", so it is no image archive; it has "
            + spool.someNames());
  }

  private static Content rootFilesystem(Intake intake, InputStream tar, ImageConfig config)
      throws IOException {
    long[] done = {0};
    Layer layer =
        intake
            .blobs()
            .compress(intake.work(), tar, count -> intake.progress().bytes(done[0] += count, -1));
    return Assembly.of(intake, config, List.of(layer));
  }

  private static boolean isEmpty(BufferedInputStream in) throws IOException {
    in.mark(1);
    int first = in.read();
    in.reset();
    return first < 0;
  }

  /** Reads the first name and puts everything back. */
  private static Kind look(BufferedInputStream in) throws IOException {
    in.mark(LOOK_AHEAD);
    String first = firstName(in);
    in.reset();
    return IMAGE_FILE.matcher(first).matches() ? Kind.ANY : Kind.ROOT_FILESYSTEM;
  }

  private static String firstName(BufferedInputStream in) throws IOException {
    TarReader reader = new TarReader(new Bounded(in, LOOK_AHEAD));
    try {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        String name = entry.name().startsWith("./") ? entry.name().substring(2) : entry.name();
        if (!name.isEmpty() && !name.equals(".")) {
          return name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
        }
      }
    } catch (BadArchiveException e) {
      if (!e.getMessage().startsWith(Bounded.END)) {
        throw e;
      }
    }
    return "";
  }

  /** Ends where what can be put back ends. */
  private static final class Bounded extends FilterInputStream {
    static final String END = "the archive ends";
    private int left;

    Bounded(InputStream in, int left) {
      super(in);
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      return left-- > 0 ? in.read() : -1;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int read = left <= 0 ? -1 : in.read(to, offset, Math.min(left, length));
      left -= Math.max(read, 0);
      return read;
    }
  }
}
