package dev.carafe.machine.qemu;

import dev.carafe.image.Home;
import dev.carafe.image.disk.Lock;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Leftover;
import dev.carafe.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds what killed processes left. Something is a leftover only if nobody can be using it: its
 * lock is free, the process that owns it is dead, or no record names it.
 */
final class Leftovers {
  private final Home home;
  private final InstantSource clock;
  private final List<Leftover> found = new ArrayList<>();

  /** The machine ids that someone may be using. */
  private final Set<String> used = new HashSet<>();

  Leftovers(Home home, InstantSource clock) {
    this.home = home;
    this.clock = clock;
  }

  List<Leftover> find() {
    try {
      machines();
      templates();
      processes();
      sockets();
      return found;
    } catch (IOException e) {
      throw new MachineException(ErrorCode.STORAGE, "look for leftovers", Storage.explain(e), e);
    }
  }

  private interface Removal {
    void remove() throws IOException;
  }

  private void add(String what, Removal removal) {
    found.add(
        new Leftover(
            what,
            () -> {
              try {
                removal.remove();
              } catch (IOException e) {
                throw new MachineException(
                    ErrorCode.STORAGE, "remove " + what, Storage.explain(e), e);
              }
            }));
  }

  private void machines() throws IOException {
    for (Path place : Directories.children(home.machines())) {
      String name = place.getFileName().toString();
      var directory = new MachineDirectory(place);
      if (name.startsWith(".gone-")) {
        add("a machine whose removal was interrupted: " + place, () -> Storage.deleteTree(place));
        continue;
      }
      Optional<MachineRecord> record;
      try {
        record = RecordFile.read(directory.record());
      } catch (MachineException e) {
        continue; // damaged: its owner sees it in the list and decides
      }
      boolean dead =
          record.isEmpty() || record.get().owner().map(owner -> !owner.alive()).orElse(false);
      record.ifPresent(known -> used.add(known.id()));
      if (!dead || !lockIsFree(directory)) {
        continue;
      }
      if (name.startsWith(".new-")) {
        add("a machine whose creation was interrupted: " + place, () -> Storage.deleteTree(place));
      } else if (record.isPresent()) {
        add(
            "machine '"
                + name
                + "', whose owner, process "
                + record.get().owner().get().pid()
                + ", is gone",
            () -> QemuMachine.remove(directory, home));
      }
    }
  }

  private static boolean lockIsFree(MachineDirectory directory) throws IOException {
    if (!Files.exists(directory.lock())) {
      return true;
    }
    Optional<Lock> lock = Lock.tryTake(directory.lock());
    lock.ifPresent(Lock::close);
    return lock.isPresent();
  }

  private void templates() throws IOException {
    Path templates = home.cache().resolve("templates");
    var shelf = new Shelf(templates, clock);
    for (Path old : shelf.old()) {
      add("a template that was not used for a month: " + old, () -> shelf.remove(old));
    }
    List<Path> places = new ArrayList<>(List.of(templates));
    places.addAll(Directories.children(templates));
    for (Path place : places) {
      for (Path child : Directories.children(place)) {
        String name = child.getFileName().toString();
        if (name.endsWith(".gone")) {
          add(
              "a template whose removal was interrupted: " + child,
              () -> Storage.deleteTree(child));
        } else if (name.endsWith(".new")) {
          Path lock = child.resolveSibling(name.substring(0, name.length() - 4) + ".lock");
          Optional<Lock> taken = Lock.tryTake(lock);
          if (taken.isPresent()) {
            taken.get().close();
            add("a template that was not finished: " + child, () -> removeUnfinished(child, lock));
          } else if (Files.exists(child.resolve("id"))) {
            used.add(Files.readString(child.resolve("id")));
          }
        }
      }
    }
  }

  /** Only if nobody has begun to make it again meanwhile. */
  private static void removeUnfinished(Path template, Path lock) throws IOException {
    Optional<Lock> taken = Lock.tryTake(lock);
    if (taken.isPresent()) {
      try (Lock held = taken.get()) {
        Storage.deleteTree(template);
      }
    }
  }

  private void processes() throws IOException {
    Strays.find(home)
        .forEach(
            (pid, id) -> {
              if (!used.contains(id)) {
                add("a QEMU process that no machine knows: " + pid, () -> Strays.kill(pid));
              }
            });
  }

  private void sockets() throws IOException {
    for (Path place : Directories.children(home.runtime())) {
      if (place.getFileName().toString().matches("[0-9a-f]{16}")
          && !used.contains(place.getFileName().toString())) {
        add("sockets that no machine knows: " + place, () -> Storage.deleteTree(place));
      }
    }
  }
}
