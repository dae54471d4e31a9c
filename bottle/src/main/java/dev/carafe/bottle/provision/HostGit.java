package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What this host's git knows of a directory of the user's. It reads the user's own configuration,
 * as it would in a terminal; nothing of a guest's is ever shown to it here.
 */
final class HostGit {
  private static final char[] HEX = "0123456789ABCDEF".toCharArray();
  private static final int MOST_WORDS = 300;

  private final Path program;
  private final Path directory;
  private final Map<String, String> env;

  private HostGit(Path program, Path directory, Map<String, String> env) {
    this.program = program;
    this.directory = directory;
    this.env = env;
  }

  /** The program git, if this host has it. */
  static Optional<Path> program(Map<String, String> env) {
    for (String each : env.getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
      Path file = Path.of(each.isEmpty() ? "/usr/bin" : each).resolve("git");
      if (file.isAbsolute() && Files.isRegularFile(file) && Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** Whether a directory is in a repository, or is one. */
  static boolean isRepository(Path directory) {
    for (Path each = directory; each != null; each = each.getParent()) {
      Path git = each.resolve(".git");
      if (Files.isRegularFile(git) || Files.exists(git.resolve("HEAD"))) {
        return true;
      }
    }
    return false;
  }

  static HostGit in(Path directory, Path program, Map<String, String> env) {
    return new HostGit(program, directory, env);
  }

  /** The files that git tracks or would track, and repositories within; relative. */
  Set<Path> files() {
    return new HashSet<>(
        ask(
            "find out what git ignores in",
            List.of("ls-files", "-z", "--cached", "--others", "--exclude-standard"),
            List.of()));
  }

  /** Which of these, relative, git ignores and does not track. */
  Set<Path> ignored(Collection<Path> files) {
    if (files.isEmpty()) {
      return Set.of();
    }
    return new HashSet<>(
        ask("find out what git ignores in", List.of("check-ignore", "-z", "--stdin"), files));
  }

  private List<Path> ask(String attempted, List<String> arguments, Collection<Path> input) {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    // It would start a process that stays.
    command.addAll(List.of("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit"));
    command.addAll(List.of("-C", directory.toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(env);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().keySet().removeIf(HostGit::leadsElsewhere);
    // A repository may say that objects which it lacks are fetched, and by which program.
    builder.environment().put("GIT_NO_LAZY_FETCH", "1"); // known to git 2.45, and some before it
    builder.environment().put("GIT_ALLOW_PROTOCOL", "none"); // known to all
    String problem = "cannot " + attempted + " '" + directory + "': ";
    try {
      Process process = builder.start();
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      Thread errors = Thread.ofVirtual().start(() -> drain(process.getErrorStream(), said));
      Thread feeder = Thread.ofVirtual().start(() -> feed(process, input));
      List<Path> files = paths(process.getInputStream());
      int exitCode = process.waitFor();
      feeder.join();
      errors.join();
      // 1 is git's word for: none of them is ignored.
      if (exitCode != 0 && !(exitCode == 1 && !input.isEmpty())) {
        String words = Shown.text(said.toString(StandardCharsets.UTF_8).strip());
        throw new BottleException(
            problem + "git says: " + words.substring(0, Math.min(words.length(), MOST_WORDS)));
      }
      return files;
    } catch (IOException e) {
      throw new BottleException(problem + "git cannot be run (" + e.getMessage() + ")", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BottleException(problem + "interrupted", e);
    }
  }

  /** Variables with which git would look at another repository than the one in the directory. */
  private static boolean leadsElsewhere(String name) {
    return name.startsWith("GIT_") && !name.startsWith("GIT_CONFIG");
  }

  private static void feed(Process process, Collection<Path> input) {
    try (var out = new java.io.BufferedOutputStream(process.getOutputStream())) {
      for (Path each : input) {
        out.write(bytes(each));
        out.write(0);
      }
    } catch (IOException e) {
      // It has ended, and its exit code says why.
    }
  }

  private static void drain(InputStream from, ByteArrayOutputStream to) {
    byte[] buffer = new byte[1024];
    try {
      for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
        to.write(buffer, 0, Math.min(read, Math.max(0, 4096 - to.size())));
      }
    } catch (IOException e) {
      // What it said until then is all there is.
    }
  }

  /** Paths that each end with NUL. */
  private static List<Path> paths(InputStream from) throws IOException {
    List<Path> paths = new ArrayList<>();
    byte[] all = from.readAllBytes();
    int start = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == 0) {
        paths.add(path(all, start, i));
        start = i + 1;
      }
    }
    return paths;
  }

  /** A relative path whose bytes these are, whatever the JVM's character set can say of them. */
  static Path path(byte[] bytes, int from, int to) {
    boolean plain = true;
    for (int i = from; plain && i < to; i++) {
      plain = bytes[i] > 0;
    }
    if (plain) {
      return Path.of(new String(bytes, from, to - from, StandardCharsets.US_ASCII));
    }
    StringBuilder uri = new StringBuilder("file:///");
    for (int i = from; i < to; i++) {
      uri.append('%').append(HEX[bytes[i] >> 4 & 15]).append(HEX[bytes[i] & 15]);
    }
    Path path = Path.of(URI.create(uri.toString()));
    return path.subpath(0, path.getNameCount());
  }

  /** The bytes of a relative path. */
  static byte[] bytes(Path path) {
    String text = path.toString();
    if (text.chars().allMatch(c -> c < 0x80)) {
      return text.getBytes(StandardCharsets.US_ASCII);
    }
    return unescaped(escaped(path));
  }

  /** A relative path as text in which nothing is lost: percent and two digits for odd bytes. */
  static String escaped(Path path) {
    String uri = Path.of("/").resolve(path).toUri().getRawPath();
    String text = uri.substring(1);
    // Something may be a directory at the root of this host, by accident.
    return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
  }

  /** The path that {@link #escaped} has written. */
  static Path unescapedPath(String text) {
    byte[] bytes = unescaped(text);
    return path(bytes, 0, bytes.length);
  }

  private static byte[] unescaped(String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        out.write(Integer.parseInt(text.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        out.write(c);
      }
    }
    return out.toByteArray();
  }
}
