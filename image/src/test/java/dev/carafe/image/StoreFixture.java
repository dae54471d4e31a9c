package dev.carafe.image;

import dev.carafe.image.layer.Limits;
import dev.carafe.image.registry.Credentials;
import dev.carafe.image.source.Platform;
import dev.carafe.image.store.StoreLayout;
import dev.carafe.image.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** A store in a temporary directory, and what real tools see in it. */
final class StoreFixture {
  static final Platform AMD64 = new Platform("linux", "amd64");
  static final Limits LIMITS = new Limits(64 << 20, 100_000, 64 << 20);

  final Path root;
  final ImageStore store;

  StoreFixture(Path root) {
    this(root, Map.of(), LIMITS);
  }

  StoreFixture(Path root, Map<String, String> environment, Limits limits) {
    this(root, environment, limits, "sqfstar");
  }

  StoreFixture(Path root, Map<String, String> environment, Limits limits, String sqfstar) {
    this.root = root;
    StoreLayout layout = new StoreLayout(root);
    try {
      layout.prepare();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    store =
        new ImageStore(
            layout,
            new ImageStore.Settings(
                limits,
                AMD64,
                Credentials.ofEnvironment(environment),
                environment,
                InputStream::nullInputStream,
                ticking(),
                sqfstar));
  }

  /** Each look a second later, so that the order of things is sure. */
  private static Clock ticking() {
    AtomicLong seconds = new AtomicLong();
    InstantSource source = () -> Instant.EPOCH.plus(Duration.ofSeconds(seconds.incrementAndGet()));
    return source.withZone(ZoneOffset.UTC);
  }

  /** What a stranger sees in the image: a line per name, sorted, without times. */
  static List<String> listing(Image image) throws IOException, InterruptedException {
    return listing(image.rootfs());
  }

  /** What a stranger sees in one of an image's files. */
  static List<String> listing(Path squashfs) throws IOException, InterruptedException {
    List<String> lines = new ArrayList<>();
    Tool.run("unsquashfs", "-lln", "-d", "", squashfs.toString())
        .lines()
        .filter(line -> line.length() > 10 && "-dlcbp".indexOf(line.charAt(0)) >= 0)
        .map(line -> line.replaceAll("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} ", ""))
        .map(line -> line.replaceAll("^(d\\S+ +\\S+) +[0-9]+ ", "$1 "))
        .map(line -> line.replaceAll(" +", " "))
        .sorted()
        .forEach(lines::add);
    return lines;
  }

  static String contents(Image image, String file) throws IOException, InterruptedException {
    return Tool.run("unsquashfs", "-cat", image.rootfs().toString(), file);
  }

  /** All files of the store but its locks, by relative name. */
  List<String> files() throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .filter(name -> !name.startsWith("locks/"))
          .sorted()
          .toList();
    }
  }
}
