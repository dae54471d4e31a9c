package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.image.ArchiveForm;
import dev.carafe.image.Image;
import dev.carafe.image.ImageConfig;
import dev.carafe.image.ImageException;
import dev.carafe.image.Progress;
import dev.carafe.image.pack.LoadedPack;
import dev.carafe.image.pack.PackDefaults;
import dev.carafe.image.pack.PackInfo;
import dev.carafe.image.pack.PackManifest;
import dev.carafe.machine.Machines;
import dev.carafe.machine.host.Finding;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** All rooms in memory. */
final class FakeRooms implements Rooms {
  final FakeMachines machines = new FakeMachines();
  final FakeImages images = new FakeImages();
  final List<String> calls = new ArrayList<>();
  List<Finding> findings = List.of();

  /** Where bottles and images are looked for: nowhere, unless a test says otherwise. */
  Map<String, String> env = Map.of("HOME", "/nonexistent");

  @Override
  public Machines machines(Progress progress) {
    return machines;
  }

  @Override
  public Machines lastingMachines(Progress progress) {
    return machines;
  }

  @Override
  public Images images() {
    return images;
  }

  @Override
  public Packs packs() {
    return new FakePacks();
  }

  @Override
  public Carafe carafe(Progress progress, Consumer<String> notes) {
    return Carafe.with(machines, env, progress, notes);
  }

  @Override
  public HostCheck host() {
    return new HostCheck() {
      @Override
      public List<Finding> doctor() {
        return findings;
      }

      @Override
      public void setup(Progress progress) {
        progress.step("Unpacking the kernel");
        calls.add("setup");
      }
    };
  }

  static Image image(String name, String digit, List<String> cmd) {
    return new Image(
        "sha256:" + digit.repeat(64),
        List.of(name),
        new ImageConfig(
            List.of("LANG=C.UTF-8"),
            Optional.of("/srv"),
            Optional.empty(),
            List.of(),
            cmd,
            "amd64",
            "linux"),
        Path.of("/data/images/rootfs/" + digit),
        12_345_678,
        List.of("sha256:" + "f".repeat(64)),
        Instant.parse("2026-11-22T12:00:00Z"));
  }

  static final class FakeImages implements Images {
    final Map<String, Image> stored = new LinkedHashMap<>();
    String imported;
    String added;

    @Override
    public Optional<Image> find(String reference) {
      return Optional.ofNullable(stored.get(reference));
    }

    @Override
    public Image ensure(String reference, Progress progress) {
      return find(reference).orElseGet(() -> pull(reference, progress));
    }

    @Override
    public Image pull(String reference, Progress progress) {
      progress.step("Pulling " + reference);
      if (reference.equals("missing")) {
        throw new ImageException("pull missing", "the registry does not know it");
      }
      stored.put(reference, image(reference, "a", List.of("echo", "from the image")));
      return stored.get(reference);
    }

    @Override
    public Image importArchive(InputStream archive, String name, Progress progress) {
      try {
        imported = new String(archive.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      stored.put(name, image(name, "b", List.of()));
      return stored.get(name);
    }

    @Override
    public Image addLayer(
        Image base, InputStream layerTar, String reference, String createdBy, Progress progress) {
      progress.step("Storing " + reference);
      try {
        added =
            createdBy
                + " on "
                + base.digest()
                + ": "
                + new String(layerTar.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new ImageException("store " + reference, e.getMessage(), e);
      }
      stored.put(reference, image(reference, "d", base.config().cmd()));
      return stored.get(reference);
    }

    @Override
    public void export(String reference, ArchiveForm form, OutputStream out, Progress progress) {
      progress.step("Exporting " + reference);
      if (find(reference).isEmpty()) {
        throw new ImageException("export the image " + reference, "there is none");
      }
      try {
        out.write(
            ("an archive of " + reference + (form == ArchiveForm.GZIP ? " in gzip" : ""))
                .getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void export(String reference, ArchiveForm form, Path file, Progress progress) {
      try (OutputStream out = Files.newOutputStream(file)) {
        export(reference, form, out, progress);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public List<Image> list() {
      return List.copyOf(stored.values());
    }

    @Override
    public void remove(String reference) {
      if (stored.remove(reference) == null) {
        throw new ImageException("remove image '" + reference + "'", "there is none");
      }
    }

    @Override
    public long prune() {
      return 3_000_000;
    }
  }

  private final class FakePacks implements Packs {
    @Override
    public Path create(Image image, PackDefaults defaults, Path output, Progress progress) {
      calls.add(
          "pack "
              + image.names()
              + " "
              + defaults.cpus()
              + " "
              + defaults.memoryMib()
              + " "
              + defaults.entrypoint().orElse(null));
      Path pack = Path.of(output + ".smolmachine");
      try {
        Files.writeString(output, "#!/bin/sh");
        Files.write(pack, new byte[2_000_000]);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return pack;
    }

    @Override
    public PackInfo inspect(Path pack) {
      return new PackInfo(manifest(), 1, 2_000_000, "sha256:f", List.of());
    }

    private PackManifest manifest() {
      return new PackManifest(
          PackManifest.Mode.CONTAINER,
          "debian:12",
          "sha256:c",
          "linux/amd64",
          List.of(),
          List.of("echo", "packed"),
          List.of("FROM_PACK=1"),
          Optional.of("/srv"),
          Optional.empty(),
          3,
          1024,
          5_000_000,
          false,
          false,
          "linux/amd64",
          "2026-11-22T12:00:00Z",
          "1.9.3",
          false,
          List.of(),
          new PackManifest.Asset("agent-rootfs.tar", 1024),
          List.of(new PackManifest.Layer("sha256:e", "layers/e.tar", 5_000_000)),
          Optional.empty(),
          Optional.empty());
    }

    @Override
    public LoadedPack load(Path pack, Progress progress) {
      calls.add("load " + pack);
      Image image = image("packed", "c", List.of("echo", "packed"));
      images.stored.put(image.digest(), image);
      return new LoadedPack(image, manifest());
    }
  }
}
