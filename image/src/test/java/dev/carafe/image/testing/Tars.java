package dev.carafe.image.testing;

import dev.carafe.image.tar.TarEntry;
import dev.carafe.image.tar.TarEntry.Type;
import dev.carafe.image.tar.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Builds small archives, hostile ones included: nothing here is checked. */
public final class Tars {
  /** An entry with its contents. */
  public record Item(TarEntry entry, byte[] contents) {
    public Item mode(int mode) {
      return with(mode, entry.uid(), entry.gid(), entry.mtime(), entry.xattrs());
    }

    public Item owner(long uid, long gid) {
      return with(entry.mode(), uid, gid, entry.mtime(), entry.xattrs());
    }

    public Item mtime(long mtime) {
      return with(entry.mode(), entry.uid(), entry.gid(), mtime, entry.xattrs());
    }

    public Item xattrs(Map<String, String> xattrs) {
      return with(entry.mode(), entry.uid(), entry.gid(), entry.mtime(), xattrs);
    }

    private Item with(int mode, long uid, long gid, long mtime, Map<String, String> xattrs) {
      return new Item(
          new TarEntry(
              entry.name(),
              entry.type(),
              entry.link(),
              mode,
              uid,
              gid,
              mtime,
              entry.size(),
              entry.major(),
              entry.minor(),
              xattrs),
          contents);
    }
  }

  private Tars() {}

  public static Item file(String name, String contents) {
    byte[] bytes = contents.getBytes(StandardCharsets.UTF_8);
    return item(name, Type.FILE, "", 0644, bytes, 0, 0);
  }

  public static Item directory(String name) {
    return item(name, Type.DIRECTORY, "", 0755, new byte[0], 0, 0);
  }

  public static Item hardLink(String name, String target) {
    return item(name, Type.HARD_LINK, target, 0644, new byte[0], 0, 0);
  }

  public static Item link(String name, String target) {
    return item(name, Type.SYMBOLIC_LINK, target, 0777, new byte[0], 0, 0);
  }

  public static Item device(String name, int major, int minor) {
    return item(name, Type.CHARACTER_DEVICE, "", 0666, new byte[0], major, minor);
  }

  public static Item fifo(String name) {
    return item(name, Type.FIFO, "", 0600, new byte[0], 0, 0);
  }

  /** What hides {@code name} of lower layers. */
  public static Item whiteout(String name) {
    int slash = name.lastIndexOf('/') + 1;
    return file(name.substring(0, slash) + ".wh." + name.substring(slash), "");
  }

  /** What hides everything below {@code directory} of lower layers. */
  public static Item opaque(String directory) {
    return file(directory + "/.wh..wh..opq", "");
  }

  private static Item item(
      String name, Type type, String link, int mode, byte[] contents, int major, int minor) {
    return new Item(
        new TarEntry(
            name, type, link, mode, 0, 0, 1_000_000_000, contents.length, major, minor, Map.of()),
        contents);
  }

  /** The archive of {@code items}, in their order. */
  public static byte[] tar(Item... items) {
    return tar(List.of(items));
  }

  public static byte[] tar(List<Item> items) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarWriter writer = new TarWriter(bytes)) {
      for (Item item : items) {
        writer.write(item.entry(), new ByteArrayInputStream(item.contents()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** An archive of files by name. */
  public static byte[] tarOf(Map<String, byte[]> files) {
    List<Item> items = new ArrayList<>();
    files.forEach((name, contents) -> items.add(item(name, Type.FILE, "", 0644, contents, 0, 0)));
    return tar(items);
  }
}
