package dev.carafe.bottle.provision;

import dev.carafe.bottle.BottleException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Shows what a guest has changed as a unified diff. This host's git makes it, of copies in a
 * private directory: it reads no configuration, and what the guest says in {@code .gitattributes}
 * counts for nothing, so that no change can be hidden by it and no program be run.
 */
public final class WorkspaceDiff {
  /** Larger files are only said to differ. */
  private static final String LARGE = "core.bigFileThreshold=16m";

  private static final long MOST_BYTES = 64L << 20;

  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final int MOST_WORDS = 300;
  private static final int MOST_LINE = 16 * 1024;
  private static final String RESET = "\u001b[m";

  private final GuestChanges changes;
  private final Path git;
  private final Path directory;

  private WorkspaceDiff(GuestChanges changes, Path git) {
    this.changes = changes;
    this.git = git;
    this.directory = changes.scratch().resolve("diff");
  }

  /**
   * Writes the diff. Blocks.
   *
   * @param terminal whether people look at it: then it has colours, and nothing in it steers the
   *     terminal; otherwise its bytes are those of the files
   * @param env this host's environment, for where git is
   * @return sentences on what is not shown as it was copied in
   * @throws BottleException when this host has no git, or it fails
   * @throws IOException when nobody takes what is written
   */
  public static List<String> write(
      GuestChanges changes, OutputStream to, boolean terminal, Map<String, String> env)
      throws IOException {
    Path git =
        HostGit.program(env)
            .orElseThrow(
                () ->
                    new BottleException(
                        "a diff is made by git, which is not on this host; install it, or look at"
                            + " the names only"));
    WorkspaceDiff diff = new WorkspaceDiff(changes, git);
    try {
      List<String> notes = diff.stage();
      if (!changes.found().isEmpty()) {
        diff.run(to, terminal);
      }
      return notes;
    } finally {
      Scratch.remove(diff.directory);
    }
  }

  /** Puts both sides beside each other, as {@code a} and {@code b}. */
  private List<String> stage() throws IOException {
    List<String> notes = new ArrayList<>();
    Path before = Files.createDirectories(directory.resolve("a"));
    Path after = Files.createDirectories(directory.resolve("b"));
    // A repository of nothing, whose own attributes come before all others.
    Path repository = directory.resolve("git");
    for (String name : List.of("objects", "refs", "info")) {
      Files.createDirectories(repository.resolve(name));
    }
    Files.writeString(repository.resolve("HEAD"), "ref: refs/heads/none\n");
    Files.writeString(
        repository.resolve("info").resolve("attributes"),
        "[attr]none !diff !text !eol !filter !ident !working-tree-encoding !merge !whitespace\n"
            + "* none\n");
    for (GuestChanges.Found each : changes.found()) {
      Path path = each.change().path();
      if (Math.max(each.here().size(), each.guest().size()) > MOST_BYTES) {
        notes.add("'" + each.change().name() + "' is too large to be shown");
        continue;
      }
      if (each.here().isThing()) {
        copy(changes.host().resolve(path), before.resolve(path), each.here());
      }
      if (each.guest().isThing()) {
        copy(changes.inCopy(path), after.resolve(path), each.guest());
      }
      if (each.change().changedHere() && each.here().kind() != '-') {
        notes.add(
            "'"
                + each.change().name()
                + "' has been changed here since it was copied in, and is shown against what is here"
                + " now");
      }
    }
    return notes;
  }

  private static void copy(Path from, Path to, FileState state) throws IOException {
    Files.createDirectories(to.getParent());
    if (state.kind() == 'l') {
      Files.createSymbolicLink(to, Files.readSymbolicLink(from));
    } else {
      Files.copy(from, to, java.nio.file.LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(to, "unix:mode", state.kind() == 'x' ? 0700 : 0600);
    }
  }

  private void run(OutputStream to, boolean terminal) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            git.toString(),
            "-c",
            LARGE,
            "diff",
            "--no-index",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-renames",
            "--no-prefix",
            "--",
            "a",
            "b");
    builder.directory(directory.toFile());
    Map<String, String> env = builder.environment();
    env.clear();
    env.put("PATH", "/usr/bin:/bin");
    env.put("LC_ALL", "C.UTF-8");
    env.put("HOME", directory.toString());
    env.put("GIT_CONFIG_NOSYSTEM", "1");
    env.put("GIT_CONFIG_GLOBAL", "/dev/null");
    env.put("GIT_ATTR_NOSYSTEM", "1");
    env.put("GIT_DIR", directory.resolve("git").toString());
    env.put("GIT_WORK_TREE", directory.toString());
    env.put("GIT_PAGER", "cat");
    Process process = builder.redirectErrorStream(false).start();
    process.getOutputStream().close();
    StringBuilder said = new StringBuilder();
    Thread errors = Thread.ofVirtual().start(() -> drain(process.getErrorStream(), said));
    Thread watch = Thread.ofVirtual().start(() -> endInTime(process));
    try {
      if (terminal) {
        show(process.getInputStream(), to);
      } else {
        process.getInputStream().transferTo(to);
      }
      to.flush();
      int exitCode = process.waitFor();
      errors.join();
      // 1: there are differences.
      if (exitCode > 1) {
        throw new BottleException(
            "git cannot make the diff: "
                + Shown.text(said.substring(0, Math.min(said.length(), MOST_WORDS)).strip()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BottleException("interrupted while git made the diff", e);
    } finally {
      process.destroyForcibly();
      watch.interrupt();
    }
  }

  private static void endInTime(Process process) {
    try {
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      // It has ended.
    }
  }

  private static void drain(InputStream from, StringBuilder to) {
    try (from) {
      to.append(new String(from.readNBytes(4096), StandardCharsets.UTF_8));
      from.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // What it said until then is all there is.
    }
  }

  private static void show(InputStream from, OutputStream to) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8));
    StringBuilder line = new StringBuilder();
    boolean head = true;
    for (int c = lines.read(); c >= 0; c = lines.read()) {
      if (c != '\n') {
        if (line.length() < MOST_LINE) {
          line.append((char) c);
        }
        continue;
      }
      head = line.indexOf("diff ") == 0 || head && line.indexOf("@@") != 0;
      to.write(coloured(line.toString(), head).getBytes(StandardCharsets.UTF_8));
      line.setLength(0);
    }
  }

  private static String coloured(String line, boolean head) {
    String shown = visible(line);
    String colour =
        head
            ? "\u001b[1m"
            : switch (line.isEmpty() ? ' ' : line.charAt(0)) {
              case '+' -> "\u001b[32m";
              case '-' -> "\u001b[31m";
              case '@' -> "\u001b[36m";
              default -> "";
            };
    return colour.isEmpty() ? shown + "\n" : colour + shown + RESET + "\n";
  }

  /** What would steer the terminal, or hide itself, is shown by its number. */
  private static String visible(String line) {
    StringBuilder text = new StringBuilder(line.length());
    line.codePoints()
        .forEach(
            c -> {
              if (c != '\t' && Shown.hidden(c)) {
                text.append('<').append(Integer.toHexString(c)).append('>');
              } else {
                text.appendCodePoint(c);
              }
            });
    return text.toString();
  }
}
