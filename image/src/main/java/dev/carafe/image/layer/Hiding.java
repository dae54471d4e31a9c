package dev.carafe.image.layer;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarWriter;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** How it is written that something of the image below is hidden. */
sealed interface Hiding {
  /** Writes a directory through which nothing shows. */
  void opaque(TarEntry directory, TarWriter out) throws IOException;

  /** Writes that {@code name} is not in {@code directory}, which is empty for the root. */
  void whiteout(String directory, String name, TarWriter out) throws IOException;

  private static String in(String directory, String name) {
    return directory.isEmpty() ? name : directory + "/" + name;
  }

  private static TarEntry bare(String name, Type type) {
    return new TarEntry(name, type, "", 0, 0, 0, 0, 0, 0, 0, Map.of());
  }

  /**
   * As the overlay file system has it: an attribute of the directory, and a character device 0/0
   * (Linux, Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
   */
  record OfOverlay() implements Hiding {
    @Override
    public void opaque(TarEntry directory, TarWriter out) throws IOException {
      Map<String, String> xattrs = new HashMap<>(directory.xattrs());
      xattrs.put("trusted.overlay.opaque", "y");
      out.write(directory.withXattrs(xattrs));
    }

    @Override
    public void whiteout(String directory, String name, TarWriter out) throws IOException {
      out.write(bare(in(directory, name), Type.CHARACTER_DEVICE));
    }
  }

  /** As a layer of an image has it (OCI image specification, "Representing Changes"). */
  record OfLayer() implements Hiding {
    @Override
    public void opaque(TarEntry directory, TarWriter out) throws IOException {
      out.write(directory);
      out.write(bare(in(directory.name(), ".wh..wh..opq"), Type.FILE));
    }

    @Override
    public void whiteout(String directory, String name, TarWriter out) throws IOException {
      out.write(bare(in(directory, ".wh." + name), Type.FILE));
    }
  }
}
