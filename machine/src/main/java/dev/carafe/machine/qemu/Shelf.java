package dev.carafe.machine.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which templates are kept. A host's templates are bounded in number, those used last staying; a
 * new kernel, agent or QEMU makes new shapes, and the old ones go in their turn. What was used a
 * moment ago is never removed, because a machine may be starting from it. When a template was used
 * last is its directory's time.
 */
final class Shelf {
  /** Templates of images, in all shapes; each takes some 150 MB. */
  static final int IMAGES = 12;

  /** Shapes; each takes some 100 MB beside its images. */
  static final int SHAPES = 6;

  /** What was used less long ago may be in use. */
  private static final Duration RECENT = Duration.ofHours(1);

  /** What was not used for so long is only in the way. */
  private static final Duration OLD = Duration.ofDays(30);

  private final Path root;
  private final InstantSource clock;

  /**
   * @param root where templates are: {@code SHAPE/booted}, {@code SHAPE/image-…}
   */
  Shelf(Path root, InstantSource clock) {
    this.root = root;
    this.clock = clock;
  }

  /** Remembers that the template is used now. */
  void use(Path template) {
    try {
      Files.setLastModifiedTime(template, FileTime.from(clock.instant()));
    } catch (IOException e) {
      // It is only for knowing which to remove first.
    }
  }

  /** Removes what is beyond the bounds. Fails silently: a large cache stops no machine. */
  void trim() {
    try {
      for (Path shape : beyond(shapes(), SHAPES)) {
        remove(shape);
      }
      for (Path image : beyond(images(), IMAGES)) {
        remove(image);
      }
    } catch (IOException e) {
      // The next one will try again; what was half removed is a leftover.
    }
  }

  /** Shapes and templates of images that were not used for a long time, each once. */
  List<Path> old() throws IOException {
    Instant then = clock.instant().minus(OLD);
    List<Path> old = new ArrayList<>();
    for (Path shape : shapes()) {
      if (lastUsed(shape).isBefore(then)) {
        old.add(shape);
      }
    }
    for (Path image : images()) {
      if (lastUsed(image).isBefore(then) && !old.contains(image.getParent())) {
        old.add(image);
      }
    }
    return old;
  }

  /** Removes a template or shape; it is gone for everyone at once. */
  void remove(Path path) throws IOException {
    Path gone = path.resolveSibling(path.getFileName() + ".gone");
    Storage.deleteTree(gone);
    Files.move(path, gone, StandardCopyOption.ATOMIC_MOVE);
    Storage.deleteTree(gone);
  }

  private List<Path> beyond(List<Path> all, int kept) {
    Instant recent = clock.instant().minus(RECENT);
    List<Path> sorted = new ArrayList<>(all);
    sorted.sort(Comparator.comparing(this::lastUsed).reversed());
    return sorted.stream().skip(kept).filter(path -> lastUsed(path).isBefore(recent)).toList();
  }

  private List<Path> shapes() throws IOException {
    List<Path> shapes = new ArrayList<>();
    for (Path child : Directories.children(root)) {
      String name = child.getFileName().toString();
      if (!name.startsWith("blank-") && !name.endsWith(".gone") && Files.isDirectory(child)) {
        shapes.add(child);
      }
    }
    return shapes;
  }

  private List<Path> images() throws IOException {
    List<Path> images = new ArrayList<>();
    for (Path shape : shapes()) {
      for (Path child : Directories.children(shape)) {
        if (child.getFileName().toString().matches("image-[0-9a-f]+-[0-9]+")) {
          images.add(child);
        }
      }
    }
    return images;
  }

  /** Of a shape: of whatever is in it, also what is being made. */
  private Instant lastUsed(Path path) {
    try {
      Instant last = Files.getLastModifiedTime(path).toInstant();
      if (path.getParent().equals(root)) {
        for (Path child : Directories.children(path)) {
          Instant used = Files.getLastModifiedTime(child).toInstant();
          last = used.isAfter(last) ? used : last;
        }
      }
      return last;
    } catch (IOException e) {
      return clock.instant(); // it changes under our eyes: somebody uses it
    }
  }
}
