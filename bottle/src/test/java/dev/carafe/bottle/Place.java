package dev.carafe.bottle;

import dev.carafe.bottle.state.BottleRecord;
import dev.carafe.bottle.state.BottleRecord.Phase;
import dev.carafe.bottle.state.BottleStates;
import dev.carafe.bottle.state.HeldBottle;
import dev.carafe.image.Home;
import dev.carafe.image.ImageStore;
import dev.carafe.image.Progress;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.MachineSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A user's home in a temporary directory, with manifests, a store, and machines by hand. */
final class Place {
  static final String SLUG = "work-0a1b2";

  final Path root;
  final Path project;
  final Map<String, String> env = new HashMap<>();
  final FakeMachines machines;

  Place(Path directory) throws IOException {
    root = directory.toRealPath();
    project = Files.createDirectories(root.resolve("project"));
    env.put("HOME", Files.createDirectories(root.resolve("home")).toString());
    machines = new FakeMachines(root);
    // A guest in which everything goes well.
    machines.made =
        machine ->
            machine.shell =
                command ->
                    new ExecResult(
                        0,
                        "user:1000:1000:/home/node\n".getBytes(StandardCharsets.UTF_8),
                        new byte[0]);
  }

  Home home() {
    return Home.of(env);
  }

  BottleStates states() {
    return BottleStates.of(home());
  }

  ImageStore images() {
    return ImageStore.open(home());
  }

  Carafe carafe() {
    return Carafe.with(machines, env, Progress.silent(), note -> {});
  }

  BottleSpec spec(String agent) {
    return BottleSpec.of(agent).withDirectory(project);
  }

  void bottle(String name, String keys) throws IOException {
    write("bottles/" + name + ".md", keys);
  }

  void agent(String name, String keys) throws IOException {
    write("agents/" + name + ".md", keys);
  }

  private void write(String name, String keys) throws IOException {
    Path file = home().config().resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "---\n" + keys + "\n---\n");
  }

  /** An image in the store with a user and a shell, under a name. */
  String image(String passwd) throws IOException {
    Path rootFilesystem = Files.createDirectories(root.resolve("rootfs"));
    Files.createDirectories(rootFilesystem.resolve("bin"));
    Files.createDirectories(rootFilesystem.resolve("etc"));
    Files.writeString(rootFilesystem.resolve("bin/sh"), "");
    Files.writeString(rootFilesystem.resolve("etc/passwd"), passwd);
    return images().pull("dir:" + rootFilesystem, Progress.silent()).digest();
  }

  BottleRecord record(Phase phase) {
    return record(phase, Optional.empty());
  }

  BottleRecord recordWithWorkspace(Phase phase) {
    return record(phase, Optional.of(project));
  }

  private BottleRecord record(Phase phase, Optional<Path> workspace) {
    return new BottleRecord(
        SLUG,
        "plain",
        List.of(),
        project,
        workspace,
        false,
        "work",
        "",
        "qemu",
        "shell",
        "base",
        Optional.empty(),
        2,
        2048,
        Instant.parse("2026-11-27T12:00:00Z"),
        phase,
        List.of("/etc/carafe"));
  }

  /** A bottle that nobody runs. */
  void left(Phase phase) throws IOException {
    try (HeldBottle held = states().create(record(phase))) {
      held.update(record(phase));
    }
  }

  FakeMachine machine(String name) {
    return (FakeMachine)
        machines.create(MachineSpec.builder(name).labels(Map.of(Launch.LABEL, name)).build());
  }

  Phase phase() throws IOException {
    return states().find(SLUG).orElseThrow().record().phase();
  }

  /** All files and directories of the home. */
  List<String> files() throws IOException {
    List<String> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(Path.of(env.get("HOME")))) {
      all.sorted().forEach(file -> files.add(file.toString()));
    }
    return files;
  }
}
