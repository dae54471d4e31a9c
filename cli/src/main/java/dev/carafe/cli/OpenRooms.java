package dev.carafe.cli;

import dev.carafe.bottle.Carafe;
import dev.carafe.image.ArchiveForm;
import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.image.pack.LoadedPack;
import dev.carafe.image.pack.PackDefaults;
import dev.carafe.image.pack.PackInfo;
import dev.carafe.machine.Machines;
import dev.carafe.machine.host.Finding;
import dev.carafe.machine.host.Host;
import dev.carafe.machine.qemu.QemuMachines;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The rooms as they are: on this computer, for this user. */
final class OpenRooms implements Rooms {
  private final Map<String, String> env;
  private final Home home;

  OpenRooms(Map<String, String> env) {
    this.env = env;
    this.home = Home.ofEnvironment();
  }

  @Override
  public Machines machines(Progress progress) {
    return Machines.open(home, progress);
  }

  @Override
  public Machines lastingMachines(Progress progress) {
    return QemuMachines.open(home, progress, Optional.of(Self.serving("machine", RelayVerb.NAME)));
  }

  @Override
  public Images images() {
    return new Stored(home, ImageStore.open(home));
  }

  @Override
  public Packs packs() {
    return new Packed(ImageStore.open(home));
  }

  @Override
  public Carafe carafe(Progress progress, Consumer<String> notes) {
    return Carafe.open(env, progress, notes);
  }

  @Override
  public HostCheck host() {
    Host host = Host.of(home, env);
    return new HostCheck() {
      @Override
      public List<Finding> doctor() {
        return host.doctor();
      }

      @Override
      public void setup(Progress progress) {
        host.setup(progress);
      }
    };
  }

  /** The user's store. */
  private record Stored(Home home, ImageStore store) implements Images {
    @Override
    public Optional<Image> find(String reference) {
      return store.find(reference);
    }

    @Override
    public Image ensure(String reference, Progress progress) {
      return store.ensure(reference, progress);
    }

    @Override
    public Image pull(String reference, Progress progress) {
      return store.pull(reference, progress);
    }

    @Override
    public Image importArchive(InputStream archive, String name, Progress progress) {
      return store.importArchive(archive, name, progress);
    }

    @Override
    public Image addLayer(
        Image base, InputStream layerTar, String reference, String createdBy, Progress progress) {
      return store.addLayer(base, layerTar, reference, base.config(), createdBy, progress);
    }

    @Override
    public void export(String reference, ArchiveForm form, OutputStream out, Progress progress) {
      store.exportArchive(reference, form, out, progress);
    }

    @Override
    public void export(String reference, ArchiveForm form, Path file, Progress progress) {
      store.exportArchive(reference, form, file, progress);
    }

    @Override
    public List<Image> list() {
      return store.list();
    }

    @Override
    public void remove(String referenceOrDigest) {
      store.remove(referenceOrDigest, inUse());
    }

    @Override
    public long prune() {
      return store.prune(inUse());
    }

    /** The digests of the images that machines stand on. */
    private Set<String> inUse() {
      try (QemuMachines machines = QemuMachines.open(home, Progress.silent())) {
        return machines.imagesInUse();
      }
    }
  }

  /** Packs made of, and loaded into, the user's store. */
  private record Packed(ImageStore store) implements Packs {
    @Override
    public Path create(Image image, PackDefaults defaults, Path output, Progress progress) {
      return dev.carafe.image.pack.Packs.create(image, store, defaults, output, progress);
    }

    @Override
    public PackInfo inspect(Path pack) {
      return dev.carafe.image.pack.Packs.inspect(pack);
    }

    @Override
    public LoadedPack load(Path pack, Progress progress) {
      return dev.carafe.image.pack.Packs.load(pack, store, progress);
    }
  }
}
