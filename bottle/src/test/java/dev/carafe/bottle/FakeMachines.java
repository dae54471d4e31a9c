package dev.carafe.bottle;

import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.Machines;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Machines that are played by hand; their directories are in a temporary one. */
final class FakeMachines implements Machines {
  final TreeMap<String, FakeMachine> all = new TreeMap<>();

  /** What is done to each that is made. */
  Consumer<FakeMachine> made = machine -> {};

  private final Path directory;
  private int count;

  FakeMachines(Path directory) {
    this.directory = directory;
  }

  @Override
  public Machine create(MachineSpec spec) {
    if (all.containsKey(spec.name())) {
      throw new MachineException(ErrorCode.ALREADY_EXISTS, "create '" + spec.name() + "'", "it is");
    }
    try {
      // A short name: sockets are made in it.
      FakeMachine machine =
          new FakeMachine(spec, Files.createDirectories(directory.resolve("m" + count++)));
      machine.onDelete = () -> all.remove(spec.name());
      all.put(spec.name(), machine);
      made.accept(machine);
      return machine;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Optional<Machine> find(String name) {
    return Optional.ofNullable(all.get(name));
  }

  @Override
  public List<Machine> list() {
    return List.copyOf(all.values());
  }

  @Override
  public void close() {}
}
