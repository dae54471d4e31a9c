package dev.carafe.cli;

import dev.carafe.image.Home;
import dev.carafe.image.Image;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.Machines;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** The rooms as they are: on this computer, for this user. */
final class OpenRooms implements Rooms {
  private final Home home;

  OpenRooms(Home home) {
    this.home = home;
  }

  @Override
  public Machines machines(Progress progress) {
    return Machines.open(home, progress);
  }

  @Override
  public Images images() {
    return new Stored(ImageStore.open(home));
  }

  @Override
  public Packs packs() {
    throw missing("read and write .smolmachine files");
  }

  @Override
  public HostCheck host() {
    throw missing("check this computer");
  }

  private static MachineException missing(String what) {
    return new MachineException(ErrorCode.UNSUPPORTED, what, "this is not built yet");
  }

  /** The user's store. */
  private record Stored(ImageStore store) implements Images {
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
    public List<Image> list() {
      return store.list();
    }

    @Override
    public void remove(String referenceOrDigest) {
      store.remove(referenceOrDigest);
    }

    @Override
    public long prune() {
      return store.prune();
    }
  }
}
