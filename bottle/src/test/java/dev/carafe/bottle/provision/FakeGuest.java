package dev.carafe.bottle.provision;

import dev.carafe.bottle.Ended;
import dev.carafe.machine.CopyOptions;
import dev.carafe.machine.ErrorCode;
import dev.carafe.machine.ExecResult;
import dev.carafe.machine.ExecSpec;
import dev.carafe.machine.Execution;
import dev.carafe.machine.Machine;
import dev.carafe.machine.MachineException;
import dev.carafe.machine.MachineSpec;
import dev.carafe.machine.MachineStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * A guest that is a directory of this host: copies go in and out of it, and commands are answered
 * by the test.
 */
final class FakeGuest implements Machine {
  static final GuestUser NODE = new GuestUser("node", 1000, 1001, "/home/node");

  /** The guest's {@code /}. */
  final Path root;

  /** What was run. */
  final List<ExecSpec> commands = new ArrayList<>();

  /** How it was copied in. */
  final List<CopyOptions> copies = new ArrayList<>();

  /** What commands do. */
  Function<ExecSpec, ExecResult> shell = spec -> result(0, "", "");

  FakeGuest(Path root) {
    this.root = root;
  }

  static ExecResult result(int exitCode, String out, String err) {
    return new ExecResult(
        exitCode, out.getBytes(StandardCharsets.UTF_8), err.getBytes(StandardCharsets.UTF_8));
  }

  /** Answers what asks whether something is there, as a shell would. */
  void answerAboutFiles() {
    shell =
        spec -> {
          Path path = at(spec.argv().getLast());
          boolean there = Files.exists(path, LinkOption.NOFOLLOW_LINKS);
          return result(Files.isSymbolicLink(path) ? 10 : there ? 11 : 12, "", "");
        };
  }

  Path at(String guest) {
    return root.resolve(guest.substring(1));
  }

  Path workspace() {
    return at(NODE.workspace());
  }

  @Override
  public String name() {
    return "work";
  }

  @Override
  public void copyIn(Path host, String guest, CopyOptions options) {
    copies.add(options);
    copy(host, at(guest), options);
  }

  @Override
  public void copyOut(String guest, Path host, CopyOptions options) {
    if (!Files.exists(at(guest))) {
      throw new MachineException(ErrorCode.COPY, "copy '" + guest + "'", "no such file");
    }
    copy(at(guest), host, options);
  }

  private static void copy(Path from, Path to, CopyOptions options) {
    try {
      Path top = from.toRealPath();
      Files.createDirectories(to.getParent());
      try (var paths = Files.walk(top)) {
        List<Path> left = new ArrayList<>();
        for (Path path : (Iterable<Path>) paths::iterator) {
          Path relative = top.relativize(path);
          boolean isTop = path.equals(top);
          if (!isTop
              && (left.stream().anyMatch(path::startsWith) || !options.takes().test(relative))) {
            left.add(path);
            continue;
          }
          Path target = isTop ? to : to.resolve(relative);
          if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) || !Files.isDirectory(target)) {
            copyAsRoot(path, target);
          }
          if (options.mode().isPresent()
              && Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
            Files.setAttribute(target, "unix:mode", options.mode().getAsInt());
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A guest's agent reads everything; who runs this test may not. */
  private static void copyAsRoot(Path path, Path target) throws IOException {
    boolean file = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
    Set<PosixFilePermission> permissions = file ? Files.getPosixFilePermissions(path) : Set.of();
    if (file) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }
    Files.copy(
        path,
        target,
        LinkOption.NOFOLLOW_LINKS,
        StandardCopyOption.COPY_ATTRIBUTES,
        StandardCopyOption.REPLACE_EXISTING);
    if (file) {
      Files.setPosixFilePermissions(path, permissions);
      Files.setPosixFilePermissions(target, permissions);
    }
  }

  @Override
  public Path sockets() {
    return root;
  }

  @Override
  public Execution exec(ExecSpec spec) {
    commands.add(spec);
    return new Ended(shell.apply(spec));
  }

  @Override
  public MachineSpec spec() {
    return MachineSpec.builder(name()).build();
  }

  @Override
  public MachineStatus status() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean start() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean stop(Duration grace) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void delete() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void update(MachineSpec spec) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Path directory() {
    return root;
  }
}
